//! A span in the words of the OpenTelemetry conventions.
//!
//! Names and conditions follow the [MCP conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md).

use crate::method::TargetKind;
use crate::{End, McpCall, Network, Operation, SpanKind, SpanRecord, Value};

/// The code of a JSON-RPC error response, as a string. Core conventions after 1.44 call it
/// `rpc.status_code`; the MCP conventions still have this name.
const RPC_STATUS_CODE: &str = "rpc.response.status_code";

/// Receives the attributes of a span one by one.
pub trait AttributeVisitor {
    /// A string.
    fn text(&mut self, key: &str, value: &str);
    /// A signed integer.
    fn int(&mut self, key: &str, value: i64);
    /// A double.
    fn float(&mut self, key: &str, value: f64);
    /// A truth value.
    fn bool(&mut self, key: &str, value: bool);

    /// Any value.
    fn value(&mut self, key: &str, value: &Value) {
        match value {
            Value::Text(text) => self.text(key, text.as_str()),
            Value::Int(int) => self.int(key, *int),
            Value::Float(float) => self.float(key, *float),
            Value::Bool(bool) => self.bool(key, *bool),
        }
    }
}

impl SpanRecord {
    /// Visits every attribute of the span: those of the OpenTelemetry conventions, then
    /// `remote`, `agent`, `provider` and `model`, then what the program added.
    pub fn visit_attributes(&self, visitor: &mut dyn AttributeVisitor) {
        match &self.operation {
            Operation::Mcp(call) => self.visit_mcp(call, visitor),
            Operation::Agent { name } => {
                visitor.text("gen_ai.operation.name", "invoke_agent");
                visitor.text("gen_ai.agent.name", name.as_str());
            }
            Operation::Http(call) => {
                visitor.text("http.request.method", call.method.as_str());
                if let Some(code) = call.status_code {
                    visitor.int("http.response.status_code", code.into());
                }
                self.visit_network(&call.network, visitor);
            }
            Operation::Internal { .. } => {}
        }
        if let Some(error_type) = &self.outcome.error_type {
            visitor.text("error.type", error_type.as_str());
        }
        if self.end != End::Complete {
            visitor.text("mcp_trace.end", self.end.as_str());
        }
        self.visit_agent(visitor);
        for attribute in self.attributes() {
            visitor.value(&attribute.key, &attribute.value);
        }
    }

    fn visit_mcp(&self, call: &McpCall, visitor: &mut dyn AttributeVisitor) {
        visitor.text("mcp.method.name", call.method.as_str());
        let kind = call.method.target_kind();
        if kind == TargetKind::Tool {
            visitor.text("gen_ai.operation.name", "execute_tool");
        }
        if let Some(target) = &call.target {
            let key = match kind {
                TargetKind::Tool => "gen_ai.tool.name",
                TargetKind::Prompt => "gen_ai.prompt.name",
                TargetKind::Resource | TargetKind::None => "mcp.resource.uri",
            };
            visitor.text(key, target.as_str());
        }
        if let Some(id) = &call.request_id {
            visitor.text("jsonrpc.request.id", id.as_str());
        }
        if let Some(id) = &call.session_id {
            visitor.text("mcp.session.id", id.as_str());
        }
        if let Some(version) = call.protocol_version {
            visitor.text("mcp.protocol.version", &version.to_string());
        }
        if let Some(code) = self.outcome.rpc_code {
            visitor.text(RPC_STATUS_CODE, &code.to_string());
        }
        self.visit_network(&call.network, visitor);
        match self.kind {
            SpanKind::Client => visitor.text("remote", "true"),
            SpanKind::Server => visitor.text("remote", "false"),
            SpanKind::Internal => {}
        }
    }

    fn visit_network(&self, network: &Network, visitor: &mut dyn AttributeVisitor) {
        if let Some(transport) = network.transport {
            visitor.text("network.transport", transport.as_str());
        }
        if let Some(version) = network.http_version {
            visitor.text("network.protocol.name", "http");
            visitor.text("network.protocol.version", http_version(version));
        }
        if let Some(peer) = &network.peer {
            let (address, port) = match self.kind {
                SpanKind::Server => ("client.address", "client.port"),
                _ => ("server.address", "server.port"),
            };
            visitor.text(address, peer.address.as_str());
            if let Some(number) = peer.port {
                visitor.int(port, number.into());
            }
        }
    }

    fn visit_agent(&self, visitor: &mut dyn AttributeVisitor) {
        let Some(agent) = &self.agent else { return };
        visitor.text("agent", agent.name());
        let own_span = matches!(self.operation, Operation::Agent { .. });
        if let Some(provider) = agent.provider() {
            visitor.text("provider", provider);
            if own_span {
                visitor.text("gen_ai.provider.name", provider);
            }
        }
        if let Some(model) = agent.model() {
            visitor.text("model", model);
            if own_span {
                visitor.text("gen_ai.request.model", model);
            }
        }
    }
}

/// `network.protocol.version`.
fn http_version(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_09 => "0.9",
        http::Version::HTTP_10 => "1.0",
        http::Version::HTTP_2 => "2",
        http::Version::HTTP_3 => "3",
        _ => "1.1",
    }
}
