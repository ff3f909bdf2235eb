//! How many bytes a body owes.

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode};
use http_body::SizeHint;

/// How many bytes of an answer's body will be asked for, as far as its head tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BytesDue(Option<u64>);

impl BytesDue {
    /// Not known: the body says itself when it ends.
    pub const UNKNOWN: Self = Self(None);

    /// Reads the head of an answer to a request with `method`. The first that matches counts:
    /// HEAD, 1xx, 204 and 304 have no content ([RFC 9110, section 6.4.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1));
    /// a valid `content-length`; an exact size hint.
    #[must_use]
    pub fn of(method: &Method, status: StatusCode, headers: &HeaderMap, hint: &SizeHint) -> Self {
        let bodiless = method == Method::HEAD
            || status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        if bodiless {
            return Self(Some(0));
        }
        let declared = headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            // `parse` takes a sign, HTTP does not.
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        Self(declared.or_else(|| hint.exact()))
    }

    /// Whether nothing more is owed.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == Some(0)
    }

    /// Whether more is owed for certain.
    #[must_use]
    pub(crate) fn is_some_owed(self) -> bool {
        self.0.is_some_and(|due| due > 0)
    }

    pub(crate) fn take(&mut self, len: usize) {
        if let Some(due) = &mut self.0 {
            *due = due.saturating_sub(len as u64);
        }
    }
}
