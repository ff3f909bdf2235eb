//! What the head of a message tells.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use mcp_trace::{ProtocolVersion, Text};

// Parsed once, by the compiler.
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// What the body is made of, if it may be a JSON-RPC message: a POST of JSON. A message that
/// goes another way, such as the standing GET stream, gets context and no span.
pub(crate) fn message_content(head: &Parts) -> Option<Content> {
    let content = (head.method == Method::POST).then(|| content(&head.headers))?;
    (content != Content::Other).then_some(content)
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

pub(crate) fn content(headers: &HeaderMap) -> Content {
    let Some(media_type) = headers.get(CONTENT_TYPE) else {
        return Content::Other;
    };
    let media_type = media_type
        .as_bytes()
        .split(|&b| b == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let content = if media_type.eq_ignore_ascii_case(b"application/json") {
        Content::Json
    } else if media_type.eq_ignore_ascii_case(b"text/event-stream") {
        Content::EventStream
    } else {
        return Content::Other;
    };
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Content::Encoded
        }
        _ => content,
    }
}

/// `Mcp-Session-Id`.
pub(crate) fn session_id(headers: &HeaderMap) -> Option<Text> {
    text(headers, &SESSION_ID).map(|id| Text::bounded(id, 256))
}

/// `MCP-Protocol-Version`.
pub(crate) fn protocol_version(headers: &HeaderMap) -> Option<ProtocolVersion> {
    ProtocolVersion::parse(text(headers, &PROTOCOL_VERSION)?)
}

/// `Mcp-Method`, which names a message before its body has been read (MCP 2026-07-28).
pub(crate) fn method(headers: &HeaderMap) -> Option<mcp_trace::Method> {
    text(headers, &METHOD).map(mcp_trace::Method::parse)
}

/// `Mcp-Name`: the tool, the prompt or the resource. A value in Base64 is left to the body.
pub(crate) fn name(headers: &HeaderMap) -> Option<&str> {
    text(headers, &NAME).filter(|name| !name.starts_with("=?base64?"))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
