//! A trace as people read it.

use std::fmt::Write;

use mcp_trace_examples::{Span, Status};

/// What the columns are, right of the tree.
const HEADINGS: [&str; 5] = ["kind", "service", "time", "span id", "status"];

/// The traces that these spans make, as text. A span whose parent has not arrived stands at
/// the left like a root.
pub(crate) fn render(spans: &[Span], colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    let mut traces: Vec<&str> = Vec::new();
    for span in spans {
        if !traces.contains(&span.trace_id.as_str()) {
            traces.push(&span.trace_id);
        }
    }
    for trace in traces {
        let spans: Vec<&Span> = spans.iter().filter(|span| span.trace_id == trace).collect();
        let rows = rows(&spans);
        let width = rows.iter().map(Row::width).max().unwrap_or_default();
        let head = format!("trace {trace}");
        let [kind, service, time, id, status] = HEADINGS;
        let headings = format!("{kind:<9} {service:<12} {time:>8}   {id:<16}  {status}");
        let _ = writeln!(
            text,
            "{}{:gap$}  {}",
            paint.bold(&head),
            "",
            paint.dim(&headings),
            gap = width.saturating_sub(head.len()),
        );
        for row in rows {
            row.write(&mut text, width, paint);
        }
        text.push('\n');
    }
    text
}

struct Row<'a> {
    branches: String,
    span: &'a Span,
}

fn rows<'a>(spans: &[&'a Span]) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for span in spans {
        if !spans.iter().any(|parent| span.is_child_of(parent)) {
            rows.push(Row {
                branches: String::new(),
                span,
            });
            below(span, "", spans, &mut rows);
        }
    }
    rows
}

fn below<'a>(parent: &Span, indent: &str, spans: &[&'a Span], rows: &mut Vec<Row<'a>>) {
    let children = spans.iter().filter(|span| span.is_child_of(parent));
    let mut children = children.peekable();
    while let Some(span) = children.next() {
        let (branch, line) = match children.peek() {
            Some(_) => ("├── ", "│   "),
            None => ("└── ", "    "),
        };
        rows.push(Row {
            branches: format!("{indent}{branch}"),
            span,
        });
        below(span, &format!("{indent}{line}"), spans, rows);
    }
}

impl Row<'_> {
    fn width(&self) -> usize {
        self.branches.chars().count() + self.span.name.chars().count()
    }

    fn write(&self, text: &mut String, width: usize, paint: Paint) {
        let span = self.span;
        let milliseconds = span.duration().as_secs_f64() * 1000.0;
        let status = match &span.status {
            Status::Unset => "ok".to_owned(),
            Status::Ok => "OK".to_owned(),
            Status::Error(_) => {
                let kind = span.attribute("error.type").unwrap_or("unknown");
                paint.red(&format!("error: {kind}"))
            }
        };
        let model = span.attribute("model").map(|model| format!("  {model}"));
        let links: String = span
            .links
            .iter()
            .map(|(_, span_id)| format!("  linked to {span_id}"))
            .collect();
        let _ = writeln!(
            text,
            "{}{}{:gap$}  {:<9} {:<12} {milliseconds:>5.1} ms   {}  {status}{}",
            paint.dim(&self.branches),
            paint.bold(&span.name),
            "",
            span.kind,
            span.service,
            paint.dim(&span.span_id),
            paint.dim(&(model.unwrap_or_default() + &links)),
            gap = width - self.width(),
        );
    }
}

/// Colours for terminals, nothing for files.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
