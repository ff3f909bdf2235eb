//! A trace as people read it.

use std::fmt::Write;

use mcp_trace_examples::{Span, Status};

/// What the columns are, right of the tree.
const HEADINGS: [&str; 5] = ["kind", "service", "time", "span id", "status"];

/// The traces that these spans make, as text. A span whose parent has not arrived stands at
/// the left like a root.
pub(crate) fn render(spans: &[Span], colour: bool) -> String {
    let paint = Paint(colour);
    let rows = rows(spans);
    let width = rows.iter().map(Row::width).max().unwrap_or_default();
    let [kind, service, time, id, status] = HEADINGS;
    let mut text = paint.dim(&format!(
        "{:width$}  {kind:<8}  {service:<11}  {time:>8}  {id:<16}  {status}\n",
        ""
    ));
    let mut trace = "";
    for row in rows {
        if row.span.trace_id != trace {
            trace = &row.span.trace_id;
            let _ = writeln!(text, "{}", paint.dim(&format!("trace {trace}")));
        }
        row.write(&mut text, width, paint);
    }
    text
}

struct Row<'a> {
    branches: String,
    span: &'a Span,
}

/// Every trace from its roots down.
fn rows(spans: &[Span]) -> Vec<Row<'_>> {
    let has_parent = |span: &&Span| spans.iter().any(|parent| span.is_child_of(parent));
    let (_, mut roots): (Vec<_>, Vec<_>) = spans.iter().partition(has_parent);
    // Roots of one trace stand together; the first trace to begin is the first.
    let begin = |trace: &str| spans.iter().position(|span| span.trace_id == trace);
    roots.sort_by_key(|root| begin(&root.trace_id));
    let mut rows = Vec::new();
    for span in roots {
        rows.push(Row {
            branches: String::new(),
            span,
        });
        below(span, "", spans, &mut rows);
    }
    rows
}

fn below<'a>(parent: &Span, indent: &str, spans: &'a [Span], rows: &mut Vec<Row<'a>>) {
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
        // rmcp counts its requests; an id that is a name says more.
        let request = span
            .attribute("jsonrpc.request.id")
            .filter(|id| id.parse::<u64>().is_err())
            .map(|id| format!("  #{id}"));
        let links: String = span
            .links
            .iter()
            .map(|(_, span_id)| format!("  linked to {span_id}"))
            .collect();
        let _ = writeln!(
            text,
            "{}{}{:gap$}  {:<8}  {:<11}  {milliseconds:>5.1} ms  {}  {status}{}",
            paint.dim(&self.branches),
            paint.bold(&span.name),
            "",
            span.kind,
            span.service,
            paint.dim(&span.span_id),
            paint.dim(&(model.unwrap_or_default() + &request.unwrap_or_default() + &links)),
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

#[cfg(test)]
mod tests {
    use mcp_trace_examples::Kind;

    use super::*;

    #[test]
    fn traces_stand_one_below_the_other() {
        let spans = [
            span("a", "1", None, "root"),
            span("a", "2", Some("1"), "first"),
            span("b", "3", None, "another"),
            span("a", "4", Some("2"), "below"),
            span("a", "5", Some("1"), "second"),
            span("a", "6", Some("9"), "orphan"),
        ];
        let text = render(&spans, false);
        let name = |line: &str| {
            line.split(" SERVER")
                .next()
                .map(|name| name.trim_end().to_owned())
        };
        let names: Vec<String> = text.lines().skip(1).filter_map(name).collect();
        let expected = [
            "trace a",
            "root",
            "├── first",
            "│   └── below",
            "└── second",
            "orphan",
            "trace b",
            "another",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_row_says_how_it_went() {
        let mut call = span("a", "1", None, "tools/call get_weather");
        for (key, value) in [
            ("error.type", "tool_error"),
            ("model", "gpt-4o"),
            ("jsonrpc.request.id", "by-hand"),
        ] {
            call.attributes.insert(key.to_owned(), value.to_owned());
        }
        call.status = Status::Error(String::new());
        call.links.push(("b".to_owned(), "2".to_owned()));
        let text = render(&[call.clone()], false);
        let row = "tools/call get_weather  SERVER    tool-server    1.5 ms  1  error: tool_error  \
                   gpt-4o  #by-hand  linked to 2";
        assert_eq!(text.lines().last(), Some(row));
        assert!(render(&[call], true).contains("\u{1b}[31merror: tool_error\u{1b}[0m"));
    }

    fn span(trace: &str, id: &str, parent: Option<&str>, name: &str) -> Span {
        Span {
            trace_id: trace.to_owned(),
            span_id: id.to_owned(),
            parent_id: parent.map(str::to_owned),
            service: "tool-server".to_owned(),
            name: name.to_owned(),
            kind: Kind::Server,
            start: 0,
            end: 1_500_000,
            status: Status::Unset,
            attributes: Default::default(),
            links: Vec::new(),
        }
    }
}
