//! A span in Rastir's words, whichever way it came.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};
use traceparent::TraceId;

use crate::ingest::SPAN_TYPE;
use crate::span::{Event, Kind, Source, Span, Status, Value};

/// Its types; Rastir counts every other as `system`.
const TYPES: [&str; 7] = [
    "agent",
    "evaluation",
    "infra",
    "llm",
    "retrieval",
    "system",
    "tool",
];

/// What it is called: Rastir names the two spans of a tool call after the tool.
pub(crate) fn name(span: &Span) -> Cow<'_, str> {
    match span.tool() {
        Some(tool) if span.source == Source::Otlp => match span.kind {
            Kind::Server => Cow::Owned(format!("mcpserver:{tool}")),
            _ => Cow::Borrowed(tool),
        },
        _ => Cow::Borrowed(&span.name),
    }
}

/// One of Rastir's types.
pub(crate) fn span_type(span: &Span) -> &str {
    let given = span.text(SPAN_TYPE).filter(|given| TYPES.contains(given));
    given.unwrap_or_else(|| match span.text("gen_ai.operation.name") {
        _ if span.tool().is_some() => "tool",
        Some("invoke_agent" | "create_agent") => "agent",
        Some("chat" | "generate_content" | "text_completion") => "llm",
        _ => "system",
    })
}

/// `OK` or `ERROR`; there is no third.
pub(crate) fn status(span: &Span) -> &'static str {
    match span.status {
        Status::Error => "ERROR",
        Status::Unset | Status::Ok => "OK",
    }
}

/// The kinds of errors that Rastir tells apart.
pub(crate) fn error_type(span: &Span) -> &'static str {
    let given = span.error_type().unwrap_or_default();
    let lower = given.to_ascii_lowercase();
    if lower.contains("timeout") {
        "timeout"
    } else if lower.contains("ratelimit") || lower.contains("rate_limit") {
        "rate_limit"
    } else if lower.contains("validation") || matches!(given, "ValueError" | "TypeError") {
        "validation_error"
    } else if matches!(given, "RuntimeError" | "Exception") {
        "internal_error"
    } else {
        "unknown"
    }
}

/// The span as Rastir's collector would give it back.
pub(crate) fn span(trace_id: TraceId, span: &Span) -> Json {
    json!({
        "type": "span",
        "service": span.service,
        "trace_id": trace_id.to_string(),
        "span_id": span.span_id.to_string(),
        "parent_span_id": span.parent_id.map(|id| id.to_string()),
        "span_type": span_type(span),
        "name": name(span),
        "start_time": seconds(span.start_ns),
        "end_time": seconds(span.start_ns.saturating_add(span.duration_ns)),
        "duration_ms": span.duration_ns as f64 / 1e6,
        "status": status(span),
        "attributes": attributes(span),
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn attributes(span: &Span) -> Map<String, Json> {
    let own = span.attributes.iter().filter(|(key, _)| key != SPAN_TYPE);
    if span.source == Source::Rastir {
        return own
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
    }
    // Its values are text.
    let mut attributes: Map<_, _> = own
        .map(|(key, value)| (key.clone(), value.to_string().into()))
        .collect();
    let remote = match span.kind {
        Kind::Client => Some("true"),
        Kind::Server => Some("false"),
        _ => None,
    };
    for (key, value) in [("tool_name", span.tool()), ("remote", remote)] {
        if let Some(value) = value {
            attributes.insert(key.to_owned(), value.into());
        }
    }
    attributes
}

fn event(event: &Event) -> Json {
    let attributes = event.attributes.iter();
    let attributes: Map<_, _> = attributes
        .map(|(key, value): &(String, Value)| (key.clone(), json!(value)))
        .collect();
    json!({"name": event.name, "attributes": attributes, "timestamp": seconds(event.time_ns)})
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
