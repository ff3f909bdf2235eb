//! What a span is about.

use std::borrow::Cow;

use crate::method::TargetKind;
use crate::{Method, ProtocolVersion, Text};

/// The longest target that may stand in a span's name, in bytes; MCP allows tool names of
/// 128 characters.
const MAX_NAME: usize = 128;

/// What a span is about.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// An MCP request or notification.
    Mcp(McpCall),
    /// A run of an agent.
    Agent {
        /// The agent's name.
        name: Text,
    },
    /// An HTTP request that is not an MCP message.
    Http(HttpCall),
    /// Work inside a program, under a name that the program chose.
    Internal {
        /// The span's name.
        name: Text,
    },
}

/// An MCP request or notification.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct McpCall {
    /// `mcp.method.name`.
    pub method: Method,
    /// The tool or prompt name or the resource URI; the method says which.
    pub target: Option<Text>,
    /// `jsonrpc.request.id`, absent for notifications.
    pub request_id: Option<Text>,
    /// `mcp.session.id`, of at most [`McpCall::MAX_SESSION_ID_LEN`] bytes.
    pub session_id: Option<Text>,
    /// `mcp.protocol.version`.
    pub protocol_version: Option<ProtocolVersion>,
    /// The connection.
    pub network: Network,
}

/// An HTTP request that is not an MCP message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HttpCall {
    /// `http.request.method`.
    pub method: Text,
    /// `http.response.status_code`, once known.
    pub status_code: Option<u16>,
    /// The connection.
    pub network: Network,
}

/// The connection that a message took.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Network {
    /// `network.transport`.
    pub transport: Option<NetworkTransport>,
    /// `network.protocol.version` of HTTP, such as `1.1` or `2`.
    pub http_version: Option<http::Version>,
    /// The other side: `server.*` on a client span, `client.*` on a server span.
    pub peer: Option<NetworkPeer>,
}

/// The address of the other side.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NetworkPeer {
    /// `server.address` or `client.address`: a host name or an IP address.
    pub address: Text,
    /// `server.port` or `client.port`.
    pub port: Option<u16>,
}

impl NetworkPeer {
    /// An address and its port.
    #[must_use]
    pub fn new(address: impl Into<Text>, port: Option<u16>) -> Self {
        Self {
            address: address.into(),
            port,
        }
    }
}

/// `network.transport`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NetworkTransport {
    /// HTTP over TCP.
    Tcp,
    /// HTTP/3.
    Quic,
    /// Standard input and output, or another pipe.
    Pipe,
}

impl NetworkTransport {
    /// The value of the attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Quic => "quic",
            Self::Pipe => "pipe",
        }
    }
}

impl Network {
    /// An HTTP connection.
    #[must_use]
    #[inline]
    pub fn http(version: http::Version) -> Self {
        let transport = match version {
            http::Version::HTTP_3 => NetworkTransport::Quic,
            _ => NetworkTransport::Tcp,
        };
        Self {
            transport: Some(transport),
            http_version: Some(version),
            peer: None,
        }
    }
}

impl McpCall {
    /// The longest session id that is kept, in bytes. MCP sets no bound; longer ones are cut by
    /// whoever reads the header, so that both sides of a call and the
    /// [sessions](crate::Sessions) of both know a session by the same text.
    pub const MAX_SESSION_ID_LEN: usize = 256;

    /// A call of `method` about which nothing else is known yet.
    #[must_use]
    #[inline]
    pub fn new(method: Method) -> Self {
        Self {
            method,
            target: None,
            request_id: None,
            session_id: None,
            protocol_version: None,
            network: Network::default(),
        }
    }

    /// Makes the message's `params.name` or `params.uri` the target, whichever the method uses.
    pub fn set_target(&mut self, name: Option<&str>, uri: Option<&str>) {
        let target = match self.method.target_kind() {
            TargetKind::Tool | TargetKind::Prompt => name,
            TargetKind::Resource => uri,
            TargetKind::None => None,
        };
        if self.target.as_ref().map(Text::as_str) != target {
            self.target = target.map(Text::new);
        }
    }

    /// The tool that is called, if the method calls one.
    #[must_use]
    #[inline]
    pub fn tool(&self) -> Option<&Text> {
        self.target
            .as_ref()
            .filter(|_| self.method.target_kind() == TargetKind::Tool)
    }

    #[inline]
    fn span_name_parts(&self) -> (&str, Option<&str>) {
        let target = match (self.method.target_kind(), &self.target) {
            (TargetKind::Tool | TargetKind::Prompt, Some(target)) => {
                if target.as_str().len() > MAX_NAME {
                    Some("_OTHER")
                } else {
                    Some(target.as_str())
                }
            }
            // A URI would make as many names as there are resources.
            _ => None,
        };
        (self.method.span_name(), target)
    }
}

impl HttpCall {
    /// A request by its method, such as `POST`.
    #[must_use]
    pub fn new(method: &http::Method, network: Network) -> Self {
        let method = match *method {
            http::Method::GET => Text::from_static("GET"),
            http::Method::POST => Text::from_static("POST"),
            http::Method::DELETE => Text::from_static("DELETE"),
            _ => Text::new(method.as_str()),
        };
        Self {
            method,
            status_code: None,
            network,
        }
    }
}

impl Operation {
    #[inline]
    pub(super) fn nothing() -> Self {
        Self::Internal {
            name: Text::from_static(""),
        }
    }

    /// The span's name by the OpenTelemetry conventions: `{mcp.method.name} {target}` for MCP.
    #[must_use]
    pub fn span_name(&self) -> Cow<'_, str> {
        match self.span_name_parts() {
            (operation, Some(target)) => Cow::Owned(format!("{operation} {target}")),
            (operation, None) => Cow::Borrowed(operation),
        }
    }

    /// The same in its parts, between which a space stands: for sinks that write it without
    /// putting it together first.
    #[must_use]
    #[inline]
    pub fn span_name_parts(&self) -> (&str, Option<&str>) {
        match self {
            Self::Mcp(call) => call.span_name_parts(),
            Self::Agent { name } => ("invoke_agent", Some(name.as_str())),
            Self::Http(call) => (call.method.as_str(), None),
            Self::Internal { name } => (name.as_str(), None),
        }
    }

    /// The MCP call, if the operation is one.
    #[must_use]
    pub fn as_mcp(&self) -> Option<&McpCall> {
        match self {
            Self::Mcp(call) => Some(call),
            _ => None,
        }
    }
}

impl From<McpCall> for Operation {
    #[inline]
    fn from(call: McpCall) -> Self {
        Self::Mcp(call)
    }
}

impl From<HttpCall> for Operation {
    #[inline]
    fn from(call: HttpCall) -> Self {
        Self::Http(call)
    }
}
