//! What the head of a message tells.

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
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
        let Some(media_type) = self.content_type else {
            return Content::Other;
        };
        let content = match Content::of(media_type.as_bytes()) {
            Content::Other => return Content::Other,
            content => content,
        };
        match self.content_encoding {
            Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
                Content::Encoded
            }
            _ => content,
        }
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

/// What a body is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    /// `application/json`.
    Json,
    /// `text/event-stream`.
    EventStream,
    /// One of these, compressed: it cannot be read.
    Encoded,
    /// Anything else.
    Other,
}

impl Content {
    pub(crate) fn is_readable(self) -> bool {
        matches!(self, Self::Json | Self::EventStream)
    }

    fn of(media_type: &[u8]) -> Self {
        // As nearly everybody writes it.
        if media_type == b"application/json" {
            return Self::Json;
        }
        let essence = media_type.split(|&b| b == b';').next();
        let essence = essence.unwrap_or_default().trim_ascii();
        if essence.eq_ignore_ascii_case(b"application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case(b"text/event-stream") {
            Self::EventStream
        } else {
            Self::Other
        }
    }
}

/// `Mcp-Name`: the tool, the prompt or the resource.
pub(crate) fn name(value: Option<&HeaderValue>) -> Option<Cow<'_, str>> {
    sentinel::decode(text(value)?)
}

/// `Mcp-Session-Id`, made safe to keep.
pub(crate) fn session_id(value: Option<&HeaderValue>) -> Option<Text> {
    text(value).map(|id| Text::bounded(id, McpCall::MAX_SESSION_ID_LEN))
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok()
}
