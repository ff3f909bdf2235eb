//! One context, in both libraries' types.

use std::str::FromStr;

use mcp_trace::{SpanId, TraceContext, TraceFlags, TraceId, TraceParent};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};

/// What a context says that the types and the SDK of OpenTelemetry lose: the SDK clears the random
/// flag of what it does not sample, and its `TraceState` has only the keys of Trace Context Level 1.
#[derive(Debug)]
struct Kept {
    trace_id: opentelemetry::TraceId,
    random: bool,
    /// The tracestate, if it could not be said otherwise.
    list: Option<Box<str>>,
}

/// The span that a context names.
pub(crate) fn span_context(context: &TraceContext) -> SpanContext {
    let state = context.tracestate().map(TraceState::from_str);
    SpanContext::new(
        opentelemetry::TraceId::from_bytes(context.trace_id().to_bytes()),
        opentelemetry::SpanId::from_bytes(context.span_id().to_bytes()),
        opentelemetry::TraceFlags::new(context.flags().to_u8()),
        context.is_remote(),
        state.and_then(Result::ok).unwrap_or_default(),
    )
}

/// Makes our context the span of `base`, without loss.
pub(crate) fn to_otel(base: &Context, context: &TraceContext) -> Context {
    let span = span_context(context);
    let list = context
        .tracestate()
        .filter(|_| *span.trace_state() == TraceState::NONE);
    // A span of ours that is sampled stays so below.
    let random = context.flags().is_random() && (context.is_remote() || !context.is_sampled());
    if list.is_none() && !random {
        return base.with_remote_span_context(span);
    }
    base.with_value(Kept {
        trace_id: span.trace_id(),
        random,
        list: list.map(Into::into),
    })
    .with_remote_span_context(span)
}

/// The span of an OpenTelemetry context, without what was lost; `None` if it has no valid one.
pub(crate) fn from_otel(context: &Context) -> Option<TraceContext> {
    let span = context.span();
    let span = span.span_context();
    let kept = context
        .get::<Kept>()
        .filter(|kept| kept.trace_id == span.trace_id());
    let trace_id = TraceId::from_bytes(span.trace_id().to_bytes())?;
    let span_id = SpanId::from_bytes(span.span_id().to_bytes())?;
    let mut flags = TraceFlags::from_u8(span.trace_flags().to_u8());
    if kept.is_some_and(|kept| kept.random) {
        flags = flags.with_random(true);
    }
    let ours = if span.is_remote() {
        TraceContext::from_remote(TraceParent::new(trace_id, span_id, flags))
    } else {
        TraceContext::new(trace_id, span_id, flags)
    };
    let list = kept.and_then(|kept| kept.list.as_deref());
    Some(match (span.trace_state(), list) {
        (state, None) if *state == TraceState::NONE => ours,
        (state, None) => ours.with_tracestate(&state.header()),
        (state, Some(list)) if *state == TraceState::NONE => ours.with_tracestate(list),
        // What was added since comes first.
        (state, Some(list)) => ours.with_tracestate(&format!("{},{list}", state.header())),
    })
}
