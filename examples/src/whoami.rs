//! What a tool handler sees of the trace it runs in.

use http::request::Parts;
use mcp_trace::TraceContext;
use mcp_trace::carrier::{BaggageFilter, extract_headers};
use mcp_trace_rmcp::extract_from;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use serde_json::{Value, json};

/// Where a tool runs, as JSON: the trace id and span id that are current in its handler, and
/// as parent id the span that the caller sent; `null` each where there is none.
#[must_use]
pub fn whoami(request: &RequestContext<RoleServer>) -> Value {
    let here = mcp_trace::current();
    json!({
        "trace_id": here.as_ref().map(|context| context.trace_id().to_string()),
        "span_id": here.as_ref().map(|context| context.span_id().to_string()),
        "parent_id": sent(request).map(|context| context.span_id().to_string()),
    })
}

/// The context in the message: `_meta`, else the header.
fn sent(request: &RequestContext<RoleServer>) -> Option<TraceContext> {
    let none = BaggageFilter::none();
    let in_header = || {
        let parts = request.extensions.get::<Parts>()?;
        extract_headers(&parts.headers, &none).into_context()
    };
    extract_from(&request.meta, &none)
        .into_context()
        .or_else(in_header)
}
