//! One context, in both libraries' types.

use std::str::FromStr;

use mcp_trace::TraceContext;
use opentelemetry::trace::{SpanContext, TraceState};
use traceparent::{SpanId, TraceFlags, TraceId};

/// Ours in the types of OpenTelemetry. Its `TraceState` knows only the keys of Trace Context
/// Level 1: a list with others is left out.
pub(crate) fn span_context(context: &TraceContext) -> SpanContext {
    let state = context
        .tracestate()
        .and_then(|list| TraceState::from_str(list).ok())
        .unwrap_or_default();
    SpanContext::new(
        opentelemetry::TraceId::from_bytes(context.trace_id().to_bytes()),
        opentelemetry::SpanId::from_bytes(context.span_id().to_bytes()),
        opentelemetry::TraceFlags::new(context.flags().to_u8()),
        context.is_remote(),
        state,
    )
}

/// OpenTelemetry's in our types; `None` if it is invalid.
pub(crate) fn trace_context(span: &SpanContext) -> Option<TraceContext> {
    let trace_id = TraceId::from_bytes(span.trace_id().to_bytes())?;
    let span_id = SpanId::from_bytes(span.span_id().to_bytes())?;
    let flags = TraceFlags::from_u8(span.trace_flags().to_u8());
    let context = if span.is_remote() {
        TraceContext::from_remote(mcp_trace::TraceParent::new(trace_id, span_id, flags))
    } else {
        TraceContext::new(trace_id, span_id, flags)
    };
    let state = span.trace_state();
    Some(if *state == TraceState::NONE {
        context
    } else {
        context.with_tracestate(&state.header())
    })
}
