//! A trace as people read it.

use std::collections::HashMap;
use std::fmt::Write;

use mcp_trace_viewer::{Kind, Span, Status};

use crate::client::Trace;
use crate::paint::{Paint, clean};

/// Deeper spans stand no further to the right.
const DEPTH: usize = 32;
/// Wider trees push the columns to the right.
const WIDTH: usize = 72;

/// The trace as text. Spans may lie: ids occur twice, parents are missing or go in circles. Each
/// span has one row all the same.
pub(crate) fn render(trace: &Trace, paint: Paint) -> String {
    let spans = &trace.spans;
    let rows = rows(spans);
    let width = rows.iter().map(Row::width).max().unwrap_or_default();
    let width = width.min(WIDTH);
    let mut text = heading(trace, paint);
    for row in &rows {
        row.write(&mut text, width, paint);
    }
    if trace.truncated > 0 {
        let _ = writeln!(
            text,
            "and {} spans more, which were too many",
            trace.truncated
        );
    }
    text
}

fn heading(trace: &Trace, paint: Paint) -> String {
    let spans = &trace.spans;
    let start = spans.iter().map(|span| span.start_ns).min();
    let end = spans
        .iter()
        .map(|span| span.start_ns.saturating_add(span.duration_ns));
    let took = end.max().unwrap_or_default() - start.unwrap_or_default();
    let errors = spans.iter().filter(|span| span.is_error()).count();
    let mut heading = format!(
        "trace {}  {}  {} spans",
        clean(&trace.trace_id),
        duration(took).trim_start(),
        spans.len()
    );
    if errors > 0 {
        let _ = write!(heading, "  {errors} failed");
    }
    paint.dim(&heading) + "\n"
}

struct Row<'a> {
    branches: String,
    span: &'a Span,
    /// Why it stands where it stands, if that is odd.
    remark: Option<String>,
}

/// Every span once, each below its parent.
fn rows(spans: &[Span]) -> Vec<Row<'_>> {
    let mut first = HashMap::new();
    for (at, span) in spans.iter().enumerate() {
        first.entry(span.span_id).or_insert(at);
    }
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let (mut roots, mut orphans) = (Vec::new(), Vec::new());
    for (at, span) in spans.iter().enumerate() {
        match span.parent_id.map(|id| first.get(&id)) {
            None => roots.push(at),
            Some(None) => orphans.push(at),
            Some(Some(parent)) => children.entry(*parent).or_default().push(at),
        }
    }
    let mut forest = Forest {
        spans,
        children,
        seen: vec![false; spans.len()],
        rows: Vec::with_capacity(spans.len()),
    };
    for root in roots {
        forest.plant(root, None);
    }
    for orphan in orphans {
        let parent = spans.get(orphan).and_then(|span| span.parent_id);
        let remark = parent.map(|id| format!("its parent {id} is missing"));
        forest.plant(orphan, remark);
    }
    // What is left is below itself.
    for at in 0..spans.len() {
        forest.plant(at, Some("its parents go in a circle".to_owned()));
    }
    forest.rows
}

struct Forest<'a> {
    spans: &'a [Span],
    children: HashMap<usize, Vec<usize>>,
    seen: Vec<bool>,
    rows: Vec<Row<'a>>,
}

impl Forest<'_> {
    /// Adds a span and what is below it, where that is not there yet. Traces may be as deep as
    /// they are long, so this does not recurse.
    fn plant(&mut self, root: usize, remark: Option<String>) {
        let mut remark = remark;
        let mut todo = vec![(root, String::new(), String::new())];
        while let Some((at, branches, indent)) = todo.pop() {
            let (Some(span), Some(seen)) = (self.spans.get(at), self.seen.get_mut(at)) else {
                continue;
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            self.rows.push(Row {
                branches,
                span,
                remark: remark.take(),
            });
            let children = self.children.get(&at).map_or(&[][..], Vec::as_slice);
            let deep = indent.chars().count() >= DEPTH * 4;
            // The last to be pushed is the first to be drawn.
            for (nth, child) in children.iter().rev().enumerate() {
                let (branch, line) = match nth {
                    _ if deep => ("", ""),
                    0 => ("└── ", "    "),
                    _ => ("├── ", "│   "),
                };
                todo.push((
                    *child,
                    format!("{indent}{branch}"),
                    format!("{indent}{line}"),
                ));
            }
        }
    }
}

impl Row<'_> {
    fn width(&self) -> usize {
        let name = clean(&self.span.name);
        self.branches.chars().count() + name.as_str().chars().count()
    }

    fn write(&self, text: &mut String, width: usize, paint: Paint) {
        let span = self.span;
        let _ = write!(
            text,
            "{}{}{:gap$}  {:<8}  {:<14}  {}",
            paint.dim(&self.branches),
            paint.bold(clean(&span.name).as_str()),
            "",
            kind(span.kind),
            clean(&span.service).as_str(),
            duration(span.duration_ns),
            gap = width.saturating_sub(self.width()),
        );
        if span.status == Status::Error {
            let kind = clean(span.error_type().unwrap_or("failed"));
            text.push_str(&paint.red(&format!("  error: {}", kind.as_str())));
            if !span.message.is_empty() {
                let message = clean(&span.message);
                text.push_str(&paint.dim(&format!("  {}", message.as_str())));
            }
        }
        if let Some(remark) = &self.remark {
            text.push_str(&paint.yellow(&format!("  ({remark})")));
        }
        text.push('\n');
    }
}

fn kind(kind: Kind) -> String {
    kind.as_str().to_uppercase()
}

/// Nine characters, unless it took weeks.
fn duration(ns: u64) -> String {
    match ns as f64 {
        ns if ns < 1e6 => format!("{:>6.0} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:>6.1} ms", ns / 1e6),
        ns => format!("{:>6.2} s ", ns / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn render(spans: &[Value], colour: bool) -> String {
        let trace = json!({"trace_id": "ab", "spans": spans, "truncated": 0});
        super::render(&serde_json::from_value(trace).unwrap(), Paint(colour))
    }

    fn span(id: u8, parent: Option<u8>, name: &str) -> Value {
        json!({
            "span_id": format!("{id:016}"), "parent_id": parent.map(|id| format!("{id:016}")),
            "name": name, "kind": "client", "service": "a", "start_ns": id.to_string(),
            "duration_ns": 1_500_000, "status": "unset", "message": "", "attributes": {},
            "events": [], "links": [], "flags": 1, "trace_state": "", "source": "otlp",
            "cut": false, "resource": {},
        })
    }

    #[test]
    fn children_stand_below_their_parents() {
        let spans = [
            span(1, None, "root"),
            span(2, Some(1), "first"),
            span(3, Some(2), "below"),
            span(4, Some(1), "second"),
        ];
        let expected = "trace ab  1.5 ms  4 spans\n\
            root           CLIENT    a                  1.5 ms\n\
            ├── first      CLIENT    a                  1.5 ms\n\
            │   └── below  CLIENT    a                  1.5 ms\n\
            └── second     CLIENT    a                  1.5 ms\n";
        assert_eq!(render(&spans, false), expected);
    }

    #[test]
    fn errors_stand_out() {
        let mut failed = span(1, None, "call");
        failed["status"] = json!("error");
        failed["message"] = json!("no such city");
        failed["attributes"] = json!({"error.type": "tool_error"});
        let text = render(&[failed.clone()], false);
        assert!(
            text.ends_with("  error: tool_error  no such city\n"),
            "{text}"
        );
        let text = render(&[failed], true);
        assert!(
            text.contains("\u{1b}[31m  error: tool_error\u{1b}[0m"),
            "{text}"
        );
    }

    #[test]
    fn durations_have_fitting_units() {
        let given = [999, 1_500, 999_999, 1_500_000, 61_000_000_000].map(duration);
        let trimmed: Vec<&str> = given.iter().map(|text| text.trim()).collect();
        assert_eq!(trimmed, ["1 µs", "2 µs", "1000 µs", "1.5 ms", "61.00 s"]);
    }
}
