//! What the head of a request or of an answer tells.

use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use mcp_trace::{ActiveSpan, Network, NetworkPeer, ProtocolVersion, Text};

use crate::AlreadyTraced;

const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");
const MCP_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// The head of a request on its way out.
#[derive(Debug)]
pub(crate) struct Head<'r> {
    pub(crate) method: &'r Method,
    pub(crate) version: Version,
    pub(crate) host: Option<&'r str>,
    pub(crate) port: Option<u16>,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) mark: Option<AlreadyTraced>,
    /// The span above, handed over with the request.
    pub(crate) above: Option<&'r Arc<ActiveSpan>>,
}

impl<'r> Head<'r> {
    pub(crate) fn of(parts: &'r http::request::Parts) -> Self {
        let (host, port) = target(&parts.uri, &parts.headers);
        Self {
            method: &parts.method,
            version: parts.version,
            host: host.map(without_brackets),
            port,
            headers: &parts.headers,
            mark: parts.extensions.get().copied(),
            above: parts.extensions.get(),
        }
    }

    /// Whether the body may be a JSON-RPC message that can be read.
    pub(crate) fn may_be_read(&self) -> bool {
        let media_type = self.headers.get(CONTENT_TYPE);
        self.method == Method::POST
            && media_type.is_none_or(|value| Content::of(value) == Content::Json)
            && !is_encoded(self.headers)
    }

    /// Whether the body must stay as it is, because a header is made from its bytes: RFC 9530
    /// and its forerunners, RFC 9421 signatures, AWS Signature Version 4.
    pub(crate) fn is_signed(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, value)| match name.as_str() {
                "content-digest"
                | "content-md5"
                | "digest"
                | "repr-digest"
                | "signature"
                | "x-amz-content-sha256" => true,
                "authorization" => value.as_bytes().starts_with(b"AWS4-"),
                _ => false,
            })
    }

    /// `Mcp-Method`, which every message has since MCP 2026-07-28.
    pub(crate) fn mcp_method(&self) -> Option<mcp_trace::Method> {
        let name = text(self.headers, &MCP_METHOD).filter(|_| self.method == Method::POST)?;
        Some(mcp_trace::Method::parse(name))
    }

    /// `Mcp-Name`, as long as it is plain.
    pub(crate) fn mcp_name(&self) -> Option<&'r str> {
        text(self.headers, &MCP_NAME).filter(|name| !name.starts_with("=?base64?"))
    }

    pub(crate) fn protocol_version(&self) -> Option<ProtocolVersion> {
        ProtocolVersion::parse(text(self.headers, &MCP_PROTOCOL_VERSION)?)
    }

    pub(crate) fn network(&self) -> Network {
        let mut network = Network::http(self.version);
        network.peer = self.host.map(|host| NetworkPeer::new(host, self.port));
        network
    }
}

/// `Mcp-Session-Id`.
pub(crate) fn session_id(headers: &HeaderMap) -> Option<Text> {
    text(headers, &MCP_SESSION_ID).map(|id| Text::bounded(id, 256))
}

/// What a body is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    Json,
    EventStream,
    Other,
}

impl Content {
    fn of(media_type: &HeaderValue) -> Self {
        // As nearly everybody writes it.
        if media_type == "application/json" {
            return Self::Json;
        }
        let media_type = media_type.as_bytes().split(|&b| b == b';').next();
        let media_type = media_type.unwrap_or_default().trim_ascii();
        if media_type.eq_ignore_ascii_case(b"application/json") {
            Self::Json
        } else if media_type.eq_ignore_ascii_case(b"text/event-stream") {
            Self::EventStream
        } else {
            Self::Other
        }
    }

    /// What the body of an answer with these headers is made of.
    pub(crate) fn of_answer(headers: &HeaderMap) -> Self {
        match headers.get(CONTENT_TYPE) {
            Some(media_type) if !is_encoded(headers) => Self::of(media_type),
            _ => Self::Other,
        }
    }
}

/// Whether the body is compressed.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Where a request goes: its URI says it, or the `Host` header on a connection that is
/// there already.
fn target<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> (Option<&'r str>, Option<u16>) {
    if let Some(authority) = uri.authority() {
        let scheme_port = || match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        };
        return (
            Some(authority.host()),
            authority.port_u16().or_else(scheme_port),
        );
    }
    let Some(host) = headers.get(HOST).and_then(|value| value.to_str().ok()) else {
        return (None, None);
    };
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (Some(name), port.parse().ok()),
        _ => (Some(host), None),
    }
}

/// `[::1]` is an address in brackets.
pub(crate) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Uri};

    use super::target;

    #[test]
    fn the_uri_or_the_host_header_names_the_target() {
        for (uri, host, expected) in [
            (
                "http://a.example/mcp",
                "b.example",
                (Some("a.example"), Some(80)),
            ),
            ("https://a.example/mcp", "", (Some("a.example"), Some(443))),
            ("http://[::1]:8080/mcp", "", (Some("[::1]"), Some(8080))),
            ("/mcp", "b.example:81", (Some("b.example"), Some(81))),
            ("/mcp", "b.example", (Some("b.example"), None)),
            ("/mcp", "[::1]", (Some("[::1]"), None)),
            ("/mcp", "[::1]:8080", (Some("[::1]"), Some(8080))),
        ] {
            let headers =
                HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static(host))]);
            assert_eq!(
                target(&Uri::from_static(uri), &headers),
                expected,
                "{uri} {host}"
            );
        }
        assert_eq!(
            target(&Uri::from_static("/mcp"), &HeaderMap::new()),
            (None, None)
        );
    }
}
