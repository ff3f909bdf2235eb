//! The `_meta` of a message as a carrier.

use opentelemetry::propagation::{Extractor, Injector};
use serde_json::{Map, Value};

/// Reads trace keys from the `_meta` object of an MCP message, for a program that handles messages
/// itself ([SEP-414](https://modelcontextprotocol.io/specification/2026-07-28/basic#general-fields):
/// `traceparent`, `tracestate` and `baggage`, unprefixed). What is not a string is not there.
///
/// ```
/// use mcp_trace_opentelemetry::{MetaExtractor, MetaInjector, W3cPropagator};
/// use opentelemetry::propagation::TextMapPropagator;
/// use opentelemetry::trace::TraceContextExt;
/// use serde_json::json;
///
/// let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";
/// let received = json!({"traceparent": traceparent, "progressToken": 7});
/// let meta = received.as_object().unwrap();
/// let context = W3cPropagator::new().extract(&MetaExtractor(meta));
/// assert!(context.span().span_context().is_sampled());
///
/// let mut sent = serde_json::Map::new();
/// W3cPropagator::new().inject_context(&context, &mut MetaInjector(&mut sent));
/// assert_eq!(sent["traceparent"], traceparent);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MetaExtractor<'a>(pub &'a Map<String, Value>);

impl Extractor for MetaExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

/// Writes trace keys into the `_meta` object of an MCP message; see [`MetaExtractor`].
#[derive(Debug)]
pub struct MetaInjector<'a>(pub &'a mut Map<String, Value>);

impl Injector for MetaInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), Value::String(value));
    }
}
