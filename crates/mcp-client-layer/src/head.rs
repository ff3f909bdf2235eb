//! What the head of a request or of an answer tells.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Uri, Version};
pub(crate) use mcp_trace::body::Content;
use mcp_trace::carrier::ContextHeaders;
use mcp_trace::{ActiveSpan, McpCall, Network, NetworkPeer, ProtocolVersion, Text};

use crate::AlreadyTraced;

/// The head of a request on its way out.
#[derive(Debug)]
pub(crate) struct Head<'r> {
    pub(crate) method: &'r Method,
    pub(crate) version: Version,
    pub(crate) host: Option<&'r str>,
    pub(crate) port: Option<u16>,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) found: Headers<'r>,
    pub(crate) mark: Option<AlreadyTraced>,
    /// The span above, handed over with the request.
    pub(crate) above: Option<&'r Arc<ActiveSpan>>,
}

/// The headers that matter here, found in one pass: each look-up would hash its name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Headers<'h> {
    pub(crate) context: ContextHeaders<'h>,
    content_type: Option<&'h HeaderValue>,
    content_encoding: Option<&'h HeaderValue>,
    pub(crate) content_length: Option<&'h HeaderValue>,
    host: Option<&'h HeaderValue>,
    session_id: Option<&'h HeaderValue>,
    protocol_version: Option<&'h HeaderValue>,
    method: Option<&'h HeaderValue>,
    name: Option<&'h HeaderValue>,
    /// Whether the body must stay as it is, because a header is made from its bytes: RFC 9530
    /// and its forerunners, RFC 9421 signatures, AWS Signature Version 4.
    pub(crate) is_signed: bool,
}

impl<'h> Headers<'h> {
    pub(crate) fn of(headers: &'h HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let slot = match name.as_str() {
                "content-type" => &mut found.content_type,
                "content-encoding" => &mut found.content_encoding,
                "content-length" => &mut found.content_length,
                "host" => &mut found.host,
                "mcp-session-id" => &mut found.session_id,
                "mcp-protocol-version" => &mut found.protocol_version,
                "mcp-method" => &mut found.method,
                "mcp-name" => &mut found.name,
                "content-digest"
                | "content-md5"
                | "digest"
                | "repr-digest"
                | "signature"
                | "x-amz-content-sha256" => {
                    found.is_signed = true;
                    continue;
                }
                "authorization" => {
                    found.is_signed |= value.as_bytes().starts_with(b"AWS4-");
                    continue;
                }
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

    /// What the body is made of, if the head says it.
    pub(crate) fn content(&self) -> Option<Content> {
        Content::of(self.content_type, self.content_encoding)
    }

    /// `Mcp-Session-Id`.
    pub(crate) fn session_id(&self) -> Option<Text> {
        Text::of_header(self.session_id?, McpCall::MAX_SESSION_ID_LEN)
    }
}

impl<'r> Head<'r> {
    pub(crate) fn of(parts: &'r http::request::Parts) -> Self {
        let found = Headers::of(&parts.headers);
        let (host, port) = target(&parts.uri, found.host);
        Self {
            method: &parts.method,
            version: parts.version,
            host: host.map(without_brackets),
            port,
            headers: &parts.headers,
            found,
            mark: parts.extensions.get().copied(),
            above: parts.extensions.get(),
        }
    }

    /// Whether the body may be a JSON-RPC message that can be read.
    pub(crate) fn may_be_read(&self) -> bool {
        self.method == Method::POST
            && self
                .found
                .content()
                .is_none_or(|content| content == Content::Json)
    }

    /// `Mcp-Method`, which every message has since MCP 2026-07-28.
    pub(crate) fn mcp_method(&self) -> Option<mcp_trace::Method> {
        let name = text(self.found.method).filter(|_| self.method == Method::POST)?;
        Some(mcp_trace::Method::parse(name))
    }

    /// `Mcp-Name`, as long as it is plain.
    pub(crate) fn mcp_name(&self) -> Option<&'r str> {
        text(self.found.name).filter(|name| !name.starts_with("=?base64?"))
    }

    pub(crate) fn protocol_version(&self) -> Option<ProtocolVersion> {
        ProtocolVersion::from_bytes(self.found.protocol_version?.as_bytes())
    }

    pub(crate) fn network(&self) -> Network {
        let mut network = Network::http(self.version);
        network.peer = self.host.map(|host| NetworkPeer::new(host, self.port));
        network
    }
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok()
}

/// Where a request goes: its URI says it, or the `Host` header on a connection that is
/// there already.
fn target<'r>(uri: &'r Uri, host: Option<&'r HeaderValue>) -> (Option<&'r str>, Option<u16>) {
    let Some(authority) = uri.authority() else {
        let (host, port) = text(host).map(split_port).unzip();
        return (host, port.flatten());
    };
    let authority = authority.as_str();
    let user = authority.bytes().rposition(|b| b == b'@');
    let (host, port) = split_port(user.map_or(authority, |at| &authority[at + 1..]));
    let scheme_port = || match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    (Some(host), port.or_else(scheme_port))
}

fn split_port(authority: &str) -> (&str, Option<u16>) {
    let colon = authority.bytes().rposition(|b| b == b':');
    match colon.map(|at| (&authority[..at], &authority[at + 1..])) {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (authority, None),
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
    use http::{HeaderValue, Uri};

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
            (
                "http://user:secret@a.example:81/mcp",
                "",
                (Some("a.example"), Some(81)),
            ),
            ("http://[::1]:8080/mcp", "", (Some("[::1]"), Some(8080))),
            ("/mcp", "b.example:81", (Some("b.example"), Some(81))),
            ("/mcp", "b.example", (Some("b.example"), None)),
            ("/mcp", "[::1]", (Some("[::1]"), None)),
            ("/mcp", "[::1]:8080", (Some("[::1]"), Some(8080))),
        ] {
            let host = HeaderValue::from_static(host);
            assert_eq!(
                target(&Uri::from_static(uri), Some(&host)),
                expected,
                "{uri} {host:?}"
            );
        }
        assert_eq!(target(&Uri::from_static("/mcp"), None), (None, None));
    }
}
