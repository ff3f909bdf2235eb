//! What a body is made of.

use http::HeaderValue;

/// What the body of an MCP message over HTTP is made of; no more than these will be told apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Content {
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
    /// Reads `Content-Type` and `Content-Encoding`; `None` where neither says anything.
    #[must_use]
    #[inline]
    pub fn of(media_type: Option<&HeaderValue>, encoding: Option<&HeaderValue>) -> Option<Self> {
        let is_encoded =
            encoding.is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
        match media_type.map(|value| Self::of_type(value.as_bytes())) {
            Some(Self::Json | Self::EventStream) if is_encoded => Some(Self::Encoded),
            None if is_encoded => Some(Self::Other),
            content => content,
        }
    }

    fn of_type(media_type: &[u8]) -> Self {
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

    /// Whether messages can be found in it.
    #[must_use]
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Json | Self::EventStream)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::Content;

    #[test]
    fn by_type_and_encoding() {
        for (media_type, encoding, expected) in [
            (Some("application/json"), None, Some(Content::Json)),
            (
                Some("Application/JSON ; charset=utf-8"),
                Some("Identity"),
                Some(Content::Json),
            ),
            (
                Some("text/event-stream;charset=utf-8"),
                None,
                Some(Content::EventStream),
            ),
            (Some("application/jsonl"), None, Some(Content::Other)),
            (
                Some("text/event-stream"),
                Some("gzip"),
                Some(Content::Encoded),
            ),
            (Some("text/html"), Some("gzip"), Some(Content::Other)),
            (None, Some("gzip"), Some(Content::Other)),
            (None, Some("identity"), None),
            (None, None, None),
        ] {
            let [found_type, found_encoding] =
                [media_type, encoding].map(|value| value.map(HeaderValue::from_static));
            assert_eq!(
                Content::of(found_type.as_ref(), found_encoding.as_ref()),
                expected,
                "{media_type:?} {encoding:?}"
            );
        }
    }
}
