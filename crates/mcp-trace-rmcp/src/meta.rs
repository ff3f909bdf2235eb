//! The `_meta` carrier as rmcp holds it.

use http::HeaderMap;
use mcp_trace::TraceContext;
use mcp_trace::carrier::{BaggageFilter, Extracted, extract_values, inject_headers};
use rmcp::model::MetaObject;

pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const TRACESTATE: &str = "tracestate";
#[cfg(any(feature = "client", feature = "server"))]
pub(crate) const TRACE_KEYS: [&str; 3] = [TRACEPARENT, TRACESTATE, "baggage"];

/// Reads the trace context of a message from its `_meta`
/// ([SEP-414](https://modelcontextprotocol.io/specification/2026-07-28/basic#general-fields):
/// the unprefixed keys `traceparent`, `tracestate` and `baggage`).
///
/// Strict: a value that is not a string, or that breaks the W3C format, is
/// [`Extracted::Invalid`], which counts as absent.
#[must_use]
pub fn extract_from(meta: &MetaObject, baggage: &BaggageFilter) -> Extracted {
    let Some(parent) = meta.get(TRACEPARENT) else {
        return Extracted::Absent;
    };
    let Some(parent) = parent.as_str() else {
        return Extracted::Invalid;
    };
    extract_values(
        parent.as_bytes(),
        meta.get_tracestate().map(str::as_bytes),
        meta.get_baggage().map(str::as_bytes),
        baggage,
    )
}

/// Writes the context that is [current](mcp_trace::current) into `_meta`, so that the message's
/// receiver becomes its child. Outside of any trace `meta` stays as it is.
///
/// For frameworks that hand out only the `_meta` of a call. It makes no span: where the
/// program holds the peer, [`wrap_mcp`](crate::wrap_mcp) does that as well.
///
/// ```
/// use mcp_trace::{InTraceExt, TraceContext};
/// use rmcp::model::RequestMetaObject;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let context = TraceContext::new_root();
/// let mut meta = RequestMetaObject::new();
/// async { mcp_trace_rmcp::inject_into(&mut meta) }.in_trace(context.clone()).await;
/// assert_eq!(meta.get_traceparent(), Some(context.traceparent().to_string().as_str()));
/// # });
/// ```
pub fn inject_into(meta: &mut MetaObject) {
    if let Some(context) = mcp_trace::current() {
        inject(&context, &BaggageFilter::none(), meta);
    }
}

/// Writes `context` into `_meta`, replacing an older one.
pub(crate) fn inject(context: &TraceContext, baggage: &BaggageFilter, meta: &mut MetaObject) {
    // One set of rules for both carriers: what goes into headers goes into `_meta`.
    let mut headers = HeaderMap::with_capacity(3);
    inject_headers(context, baggage, &mut headers);
    // Another trace's list must not stay behind.
    meta.remove(TRACESTATE);
    for (name, value) in &headers {
        if let Ok(value) = value.to_str() {
            meta.insert(name.as_str().to_owned(), value.into());
        }
    }
}
