//! A span in the words of the OpenTelemetry conventions.
//!
//! Names and conditions follow the [MCP conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md).

use crate::method::TargetKind;
use crate::{
    End, EndedOperation, EndedSession, McpCall, Network, Operation, ProtocolVersion, SpanKind,
    SpanRecord, Text, Value,
};

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

/// How the names of attributes begin that are not the program's.
const OWN: [&str; 13] = [
    "agent", "client.", "error.", "gen_ai.", "http.", "jsonrpc.", "mcp", "model", "network.",
    "provider", "remote", "rpc.", "server.",
];

/// Looks for a name.
struct Find<'k> {
    key: &'k str,
    found: bool,
}

impl AttributeVisitor for Find<'_> {
    fn text(&mut self, key: &str, _value: &str) {
        self.found |= key == self.key;
    }

    fn int(&mut self, key: &str, _value: i64) {
        self.found |= key == self.key;
    }

    fn float(&mut self, key: &str, _value: f64) {
        self.found |= key == self.key;
    }

    fn bool(&mut self, key: &str, _value: bool) {
        self.found |= key == self.key;
    }
}

impl SpanRecord {
    /// Visits every attribute of the span: those of the OpenTelemetry conventions, then
    /// `remote`, `agent`, `provider` and `model`, then what the program added under other names.
    pub fn visit_attributes(&self, visitor: &mut (impl AttributeVisitor + ?Sized)) {
        self.visit_own(visitor);
        for attribute in self.attributes() {
            if !self.has_own(&attribute.key) {
                visitor.value(&attribute.key, &attribute.value);
            }
        }
    }

    /// Whether there is an attribute of this name without the program's doing.
    fn has_own(&self, key: &str) -> bool {
        let may_be = OWN.iter().any(|family| key.starts_with(family));
        may_be && {
            let mut find = Find { key, found: false };
            self.visit_own(&mut find);
            find.found
        }
    }

    fn visit_own(&self, visitor: &mut (impl AttributeVisitor + ?Sized)) {
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
    }

    fn visit_mcp(&self, call: &McpCall, visitor: &mut (impl AttributeVisitor + ?Sized)) {
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
            visitor.text("mcp.protocol.version", version.text().as_str());
        }
        if let Some(code) = self.outcome.rpc_code {
            visitor.text(RPC_STATUS_CODE, Text::from(code).as_str());
        }
        self.visit_network(&call.network, visitor);
        match self.kind {
            SpanKind::Client => visitor.text("remote", "true"),
            SpanKind::Server => visitor.text("remote", "false"),
            SpanKind::Internal => {}
        }
    }

    fn visit_network(&self, network: &Network, visitor: &mut (impl AttributeVisitor + ?Sized)) {
        visit_transport(network, visitor);
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

    fn visit_agent(&self, visitor: &mut (impl AttributeVisitor + ?Sized)) {
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

impl EndedOperation<'_> {
    /// The metric that counts it, such as `mcp.server.operation.duration`: a histogram of
    /// [seconds](Self::duration) with the boundaries [`BUCKETS`](Self::BUCKETS). `None` for what is
    /// not an MCP operation.
    #[must_use]
    pub fn metric(&self) -> Option<&'static str> {
        self.operation.as_mcp()?;
        match self.kind {
            SpanKind::Client => Some("mcp.client.operation.duration"),
            SpanKind::Server => Some("mcp.server.operation.duration"),
            SpanKind::Internal => None,
        }
    }

    /// The boundaries of the histogram, in seconds.
    pub const BUCKETS: [f64; 14] = [
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
    ];

    /// Visits the attributes of the metric, which are those of few values: no ids, no URIs, no
    /// address of a caller. Names that a caller made up still come as they are: tools and prompts
    /// that do not exist are left out only where the answer says so.
    pub fn visit_metric_attributes(&self, visitor: &mut (impl AttributeVisitor + ?Sized)) {
        let Operation::Mcp(call) = self.operation else {
            return;
        };
        visitor.text("mcp.method.name", call.method.span_name());
        let kind = call.method.target_kind();
        if kind == TargetKind::Tool {
            visitor.text("gen_ai.operation.name", "execute_tool");
        }
        // -32602 is also what is said to the name of a tool that there is not.
        let unknown = self.kind == SpanKind::Server && self.outcome.rpc_code == Some(-32602);
        if let Some(target) = call.target.as_ref().filter(|_| !unknown) {
            match kind {
                TargetKind::Tool => visitor.text("gen_ai.tool.name", target.as_str()),
                TargetKind::Prompt => visitor.text("gen_ai.prompt.name", target.as_str()),
                TargetKind::Resource | TargetKind::None => {}
            }
        }
        if let Some(error_type) = &self.outcome.error_type {
            visitor.text("error.type", error_type.as_str());
        }
        if let Some(code) = self.outcome.rpc_code {
            visitor.text(RPC_STATUS_CODE, Text::from(code).as_str());
        }
        visit_connection(self.kind, call.protocol_version, &call.network, visitor);
    }
}

impl EndedSession<'_> {
    /// The metric that counts it, such as `mcp.server.session.duration`: a histogram of
    /// [seconds](Self::duration) with the boundaries [`EndedOperation::BUCKETS`].
    #[must_use]
    pub fn metric(&self) -> Option<&'static str> {
        match self.kind {
            SpanKind::Client => Some("mcp.client.session.duration"),
            SpanKind::Server => Some("mcp.server.session.duration"),
            SpanKind::Internal => None,
        }
    }

    /// Visits the attributes of the metric.
    pub fn visit_metric_attributes(&self, visitor: &mut (impl AttributeVisitor + ?Sized)) {
        if let Some(error_type) = self.error_type {
            visitor.text("error.type", error_type);
        }
        visit_connection(self.kind, self.protocol_version, self.network, visitor);
    }
}

/// What metrics say of the connection; the address of a caller is not for them.
fn visit_connection(
    kind: SpanKind,
    version: Option<ProtocolVersion>,
    network: &Network,
    visitor: &mut (impl AttributeVisitor + ?Sized),
) {
    if let Some(version) = version.filter(ProtocolVersion::is_known) {
        visitor.text("mcp.protocol.version", version.text().as_str());
    }
    visit_transport(network, visitor);
    if let (SpanKind::Client, Some(peer)) = (kind, &network.peer) {
        visitor.text("server.address", peer.address.as_str());
        if let Some(port) = peer.port {
            visitor.int("server.port", port.into());
        }
    }
}

fn visit_transport(network: &Network, visitor: &mut (impl AttributeVisitor + ?Sized)) {
    if let Some(transport) = network.transport {
        visitor.text("network.transport", transport.as_str());
    }
    if let Some(version) = network.http_version {
        visitor.text("network.protocol.name", "http");
        visitor.text("network.protocol.version", http_version(version));
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
