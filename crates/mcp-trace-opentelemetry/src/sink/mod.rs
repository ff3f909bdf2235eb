//! Spans out through OpenTelemetry.

pub(crate) mod attributes;
mod processor;
mod tracer;

pub use processor::ProcessorSink;
pub use tracer::TracerSink;

use mcp_trace::{Outcome, SpanKind, SpanRecord};
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::Status;

/// What the spans are made by, and the conventions they follow.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("mcp-trace")
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}

fn kind(kind: SpanKind) -> opentelemetry::trace::SpanKind {
    match kind {
        SpanKind::Server => opentelemetry::trace::SpanKind::Server,
        SpanKind::Client => opentelemetry::trace::SpanKind::Client,
        _ => opentelemetry::trace::SpanKind::Internal,
    }
}

fn status(outcome: &Outcome) -> Status {
    if outcome.is_error() {
        let message = outcome
            .message
            .as_ref()
            .map_or("", |message| message.as_str());
        Status::error(message.to_owned())
    } else {
        Status::Unset
    }
}

/// When an event of the span happened.
fn event_time(span: &SpanRecord, event: &mcp_trace::Event) -> std::time::SystemTime {
    span.start.checked_add(event.at).unwrap_or(span.start)
}
