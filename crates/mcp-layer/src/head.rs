//! What the head of a message tells.

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
pub(crate) use mcp_trace::body::Content;
use mcp_trace::carrier::ContextHeaders;
use mcp_trace::{McpCall, ProtocolVersion, Text};

use crate::sentinel;

/// The headers that matter here, found in one pass: each look-up would hash its name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Headers<'h> {
    pub(crate) context: ContextHeaders<'h>,
    content_type: Option<&'h HeaderValue>,
    content_encoding: Option<&'h HeaderValue>,
    pub(crate) content_length: Option<&'h HeaderValue>,
    pub(crate) session_id: Option<&'h HeaderValue>,
    protocol_version: Option<&'h HeaderValue>,
    method: Option<&'h HeaderValue>,
    pub(crate) name: Option<&'h HeaderValue>,
}

impl<'h> Headers<'h> {
    #[inline]
    pub(crate) fn of(headers: &'h HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let slot = match name.as_str() {
                "content-type" => &mut found.content_type,
                "content-encoding" => &mut found.content_encoding,
                "content-length" => &mut found.content_length,
                "mcp-session-id" => &mut found.session_id,
                "mcp-protocol-version" => &mut found.protocol_version,
                "mcp-method" => &mut found.method,
                "mcp-name" => &mut found.name,
                name => {
                    found.context.look(name, value);
                    continue;
                }
            };
            // The first of several counts.
            slot.get_or_insert(value);
        }
        found
    }

    /// What the body is made of.
    #[inline]
    pub(crate) fn content(&self) -> Content {
        Content::of(self.content_type, self.content_encoding).unwrap_or(Content::Other)
    }

    /// What the body of a request is made of, if it may be a JSON-RPC message: a POST of JSON. A
    /// message that goes another way, such as the standing GET stream, gets context and no span.
    #[inline]
    pub(crate) fn message_content(&self, head: &Parts) -> Option<Content> {
        let content = (head.method == Method::POST).then(|| self.content())?;
        (content != Content::Other).then_some(content)
    }

    /// Whether only MCP sends such headers.
    pub(crate) fn is_mcp(&self) -> bool {
        text(self.session_id).is_some() || self.protocol_version().is_some()
    }

    /// `MCP-Protocol-Version`.
    #[inline]
    pub(crate) fn protocol_version(&self) -> Option<ProtocolVersion> {
        ProtocolVersion::from_bytes(self.protocol_version?.as_bytes())
    }

    /// `Mcp-Method`, which names a message before its body has been read (MCP 2026-07-28).
    #[inline]
    pub(crate) fn method(&self) -> Option<mcp_trace::Method> {
        let known = mcp_trace::Method::known(self.method?.as_bytes());
        known.or_else(|| text(self.method).map(mcp_trace::Method::parse))
    }
}

/// `Mcp-Name`: the tool, the prompt or the resource.
#[inline]
pub(crate) fn name(value: Option<&HeaderValue>) -> Option<Text> {
    let value = value?;
    if value.as_bytes().starts_with(sentinel::START.as_bytes()) {
        let name = sentinel::decode(value.to_str().ok()?)?;
        return Some(Text::new(&name));
    }
    Text::of_header(value, Text::MAX_LEN)
}

/// `Mcp-Session-Id`, made safe to keep.
#[inline]
pub(crate) fn session_id(value: Option<&HeaderValue>) -> Option<Text> {
    Text::of_header(value?, McpCall::MAX_SESSION_ID_LEN)
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok()
}
