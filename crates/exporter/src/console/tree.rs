//! Drawing a trace.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use mcp_trace::{End, SpanId, SpanKind, SpanRecord, TraceId};

/// Nobody reads a tree that is deeper, and the stack must not be at its mercy.
const MAX_DEPTH: usize = 64;

/// The spans as a tree, children in the order of their start. Spans whose parent is not
/// among them stand at the left.
pub(super) fn draw(trace: TraceId, spans: &[SpanRecord]) -> String {
    let ids: HashSet<SpanId> = spans.iter().map(SpanRecord::span_id).collect();
    let mut below: HashMap<Option<SpanId>, Vec<&SpanRecord>> = HashMap::new();
    for span in spans {
        below
            .entry(span.parent_id().filter(|parent| ids.contains(parent)))
            .or_default()
            .push(span);
    }
    for siblings in below.values_mut() {
        siblings.sort_by_key(|span| span.start);
    }
    let plural = if spans.len() == 1 { "" } else { "s" };
    let mut out = format!("trace {trace}: {} span{plural}\n", spans.len());
    branch(&mut out, &below, None, &mut String::new(), 0);
    out
}

fn branch(
    out: &mut String,
    below: &HashMap<Option<SpanId>, Vec<&SpanRecord>>,
    parent: Option<SpanId>,
    indent: &mut String,
    depth: usize,
) {
    let siblings = below.get(&parent).map_or(&[][..], Vec::as_slice);
    for (n, span) in siblings.iter().enumerate() {
        let is_last = n + 1 == siblings.len();
        out.push_str(indent);
        out.push_str(if is_last { "└─ " } else { "├─ " });
        line(out, span, parent.is_none());
        if depth < MAX_DEPTH {
            let len = indent.len();
            indent.push_str(if is_last { "   " } else { "│  " });
            branch(out, below, Some(span.span_id()), indent, depth + 1);
            indent.truncate(len);
        }
    }
}

fn line(out: &mut String, span: &SpanRecord, is_top: bool) {
    let kind = match span.kind {
        SpanKind::Client => " CLIENT",
        SpanKind::Server => " SERVER",
        _ => "",
    };
    let millis = span.duration.as_secs_f64() * 1000.0;
    // Writing into a string does not fail.
    let _ = write!(out, "{}{kind}  {millis:.1} ms", span.name());
    if let Some(parent) = span.parent.filter(|parent| parent.remote || is_top) {
        let place = if parent.remote { "elsewhere" } else { "above" };
        let _ = write!(out, "  (under {} {place})", parent.span_id);
    }
    if let Some(error) = &span.outcome.error_type {
        let _ = write!(out, "  ERROR {error}");
        if let Some(message) = &span.outcome.message {
            let _ = write!(out, ": {message}");
        }
    } else if span.end != End::Complete {
        let _ = write!(out, "  {}", span.end.as_str());
    }
    out.push('\n');
}
