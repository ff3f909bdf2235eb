use alloc::{borrow::Cow, string::String, vec::Vec};
use core::{fmt, str};

/// The beginning of a JSON value as it was written, with its white space and escapes.
///
/// It comes from the peer and may hold secrets: `Debug` shows only how long it is.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Excerpt {
    bytes: Vec<u8>,
    extent: Extent,
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Extent {
    /// The value may go on.
    #[default]
    Open,
    /// It is longer than the limit.
    Cut,
    Whole,
}

impl Excerpt {
    /// The bytes, at most as many as the limit.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the value goes on behind these bytes: it is longer than the limit, or its end has not
    /// been seen.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.extent != Extent::Whole
    }

    /// The bytes as text, without a character that the limit cut. What is not UTF-8 becomes
    /// `U+FFFD`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let valid = match str::from_utf8(&self.bytes) {
            Err(error) if self.is_truncated() && error.error_len().is_none() => error.valid_up_to(),
            _ => self.bytes.len(),
        };
        String::from_utf8_lossy(self.bytes.get(..valid).unwrap_or_default())
    }

    /// Of a whole value.
    pub(crate) fn of(value: &[u8], limit: usize) -> Excerpt {
        let mut excerpt = Excerpt::default();
        excerpt.push(value, limit);
        excerpt.end();
        excerpt
    }

    /// Adds the next bytes of the value, up to `limit` in all.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.bytes.len());
        if bytes.len() > room {
            self.extent = Extent::Cut;
        }
        self.bytes
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The value has ended.
    pub(crate) fn end(&mut self) {
        if self.extent == Extent::Open {
            self.extent = Extent::Whole;
        }
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Excerpt")
            .field("len", &self.bytes.len())
            .field("is_truncated", &self.is_truncated())
            .finish_non_exhaustive()
    }
}
