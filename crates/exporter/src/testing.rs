//! Spans for unit tests.

use std::sync::Arc;

use mcp_trace::{ActiveSpan, McpCall, MemorySink, Method, SpanKind, SpanRecord};

/// A finished CLIENT span of a call of `tool`.
pub(crate) fn span(tool: &str) -> SpanRecord {
    let sink = Arc::new(MemorySink::default());
    let mut call = McpCall::new(Method::ToolsCall);
    call.set_target(Some(tool), None);
    ActiveSpan::builder(SpanKind::Client)
        .under(None)
        .sink(sink.clone())
        .start(call)
        .end();
    sink.take().remove(0)
}
