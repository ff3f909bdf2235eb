//! How many bytes a body owes.

use http::{HeaderValue, Method, StatusCode};
use http_body::SizeHint;

/// How many bytes of an answer's body will be asked for, as far as its head tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BytesDue(Option<u64>);

impl BytesDue {
    /// Not known: the body says itself when it ends.
    pub const UNKNOWN: Self = Self(None);

    /// Reads the head of an answer to a request with `method`, with the first `content-length` that
    /// it has. The first that matches counts:
    /// HEAD, 1xx, 204 and 304 have no content ([RFC 9110, section 6.4.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1));
    /// a valid `content-length`; an exact size hint.
    #[must_use]
    #[inline]
    pub fn of(
        method: &Method,
        status: StatusCode,
        content_length: Option<&HeaderValue>,
        hint: &SizeHint,
    ) -> Self {
        let bodiless = method == Method::HEAD
            || status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        if bodiless {
            return Self(Some(0));
        }
        let declared = content_length
            .and_then(|value| value.to_str().ok())
            // `parse` takes a sign, HTTP does not.
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        Self(declared.or_else(|| hint.exact()))
    }

    /// Whether nothing more is owed.
    #[must_use]
    #[inline]
    pub fn is_zero(self) -> bool {
        self.0 == Some(0)
    }

    /// Whether more is owed for certain.
    #[must_use]
    #[inline]
    pub(crate) fn is_some_owed(self) -> bool {
        self.0.is_some_and(|due| due > 0)
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize) {
        if let Some(due) = &mut self.0 {
            *due = due.saturating_sub(len as u64);
        }
    }
}
