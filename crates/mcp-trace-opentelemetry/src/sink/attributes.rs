//! Attributes in OpenTelemetry's types.

use mcp_trace::{Attribute, AttributeVisitor, SpanRecord};
use opentelemetry::{Key, KeyValue, Value};

/// All attributes of a span.
pub(super) fn of_span(span: &SpanRecord) -> Vec<KeyValue> {
    // The conventions alone have about ten.
    let mut attributes = Attributes(Vec::with_capacity(16));
    span.visit_attributes(&mut attributes);
    attributes.0
}

/// The attributes of an event.
pub(super) fn of_event(event: &mcp_trace::Event) -> Vec<KeyValue> {
    let mut attributes = Attributes(Vec::with_capacity(event.attributes.len()));
    for Attribute { key, value, .. } in &event.attributes {
        attributes.value(key, value);
    }
    attributes.0
}

/// Collects what it is shown.
#[derive(Debug, Default)]
pub(crate) struct Attributes(pub(crate) Vec<KeyValue>);

impl Attributes {
    fn push(&mut self, key: &str, value: impl Into<Value>) {
        self.0.push(KeyValue::new(self::key(key), value));
    }
}

impl AttributeVisitor for Attributes {
    fn text(&mut self, key: &str, value: &str) {
        self.push(key, value.to_owned());
    }

    fn int(&mut self, key: &str, value: i64) {
        self.push(key, value);
    }

    fn float(&mut self, key: &str, value: f64) {
        self.push(key, value);
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.push(key, value);
    }
}

macro_rules! keys {
    ($($key:literal)+) => {
        /// Those of the conventions cost no allocation.
        fn key(key: &str) -> Key {
            match key {
                $($key => Key::from_static_str($key),)+
                other => Key::from(other.to_owned()),
            }
        }
    };
}

keys! {
    "agent"
    "client.address"
    "client.port"
    "error.type"
    "gen_ai.agent.name"
    "gen_ai.operation.name"
    "gen_ai.prompt.name"
    "gen_ai.provider.name"
    "gen_ai.request.model"
    "gen_ai.tool.name"
    "http.request.method"
    "http.response.status_code"
    "jsonrpc.request.id"
    "mcp.method.name"
    "mcp.protocol.version"
    "mcp.resource.uri"
    "mcp.session.id"
    "mcp_trace.end"
    "model"
    "network.protocol.name"
    "network.protocol.version"
    "network.transport"
    "provider"
    "remote"
    "rpc.response.status_code"
    "server.address"
    "server.port"
}
