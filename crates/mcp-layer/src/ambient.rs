//! A request that another tracing library has made a span of further out.

use mcp_trace::{TraceContext, Trust};

/// What an incoming span begins with: what is above it unless the message says better, and
/// what is linked in any case.
///
/// By the [OpenTelemetry MCP
/// conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md)
/// the ambient context, such as that of an HTTP server span, is linked beside the context of the
/// message. Where the message has none, the ambient span is the parent: it stands between the
/// caller and us, unless the header names another trace.
pub(crate) fn place(
    header: Option<TraceContext>,
    trust: Trust,
) -> (Option<TraceContext>, Option<TraceContext>) {
    let Some(ambient) = mcp_trace::ambient() else {
        return (header, None);
    };
    if trust != Trust::Continue {
        // Perhaps the stranger's trace: a span of ours in it is no parent either.
        return (header, Some(ambient).filter(|ambient| !ambient.is_remote()));
    }
    match header {
        Some(header) if header.trace_id() == ambient.trace_id() => {
            let list = header.baggage().unwrap_or_default();
            (Some(ambient.with_baggage(list)), None)
        }
        Some(header) => (Some(header), Some(ambient)),
        None => (Some(ambient), None),
    }
}

/// Whether another library has made the header's context, or a span below it, current already.
pub(crate) fn continues(header: &TraceContext) -> bool {
    mcp_trace::ambient().is_some_and(|ambient| ambient.trace_id() == header.trace_id())
}
