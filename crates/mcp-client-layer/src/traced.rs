use mcp_trace::{SpanId, TraceContext, TraceId};

/// Says, in the extensions of an HTTP request, that this process has made a CLIENT span for
/// its message already and written the span's context into `_meta`.
///
/// The layer then copies the context to the headers and makes no second span. It is for
/// adapters that trace above HTTP, where the task that sends the request is not the one that
/// made the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlreadyTraced {
    trace_id: TraceId,
    span_id: SpanId,
}

impl AlreadyTraced {
    /// By the span of `context`.
    #[must_use]
    pub fn by(context: &TraceContext) -> Self {
        Self {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
        }
    }
}
