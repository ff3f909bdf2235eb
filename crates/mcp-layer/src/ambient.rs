//! A request that another tracing library has made a span of further out.

use mcp_trace::{TraceContext, Trust};

/// What an incoming span begins with: makes of the context in the `header` what is above it unless
/// the message says better, and returns what is linked in any case.
///
/// By the [OpenTelemetry MCP
/// conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md)
/// the ambient context, such as that of an HTTP server span, is linked beside the context of the
/// message. Where the message has none, the ambient span is the parent: it stands between the
/// caller and us, unless the header names another trace.
#[inline]
pub(crate) fn place(header: &mut Option<TraceContext>, trust: Trust) -> Option<TraceContext> {
    // Most programs have no other library. What is above is lent to nobody, so that it need not be
    // in memory.
    let ambient = mcp_trace::ambient()?;
    let (above, beside) = place_beside(ambient, header.take(), trust);
    *header = above;
    beside
}

/// Returns what is above, and what is beside it.
fn place_beside(
    ambient: TraceContext,
    header: Option<TraceContext>,
    trust: Trust,
) -> (Option<TraceContext>, Option<TraceContext>) {
    if trust != Trust::Continue {
        // Perhaps the stranger's trace: a span of ours in it is no parent either.
        let beside = Some(ambient).filter(|ambient| !ambient.is_remote());
        return (header, beside);
    }
    let above = match header {
        Some(header) if header.trace_id() != ambient.trace_id() => {
            return (Some(header), Some(ambient));
        }
        Some(header) => ambient.with_baggage(header.baggage().unwrap_or_default()),
        None => ambient,
    };
    (Some(above), None)
}

/// Whether another library has made the header's context, or a span below it, current already.
pub(crate) fn continues(header: &TraceContext) -> bool {
    mcp_trace::ambient().is_some_and(|ambient| ambient.trace_id() == header.trace_id())
}
