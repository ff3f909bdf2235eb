use alloc::boxed::Box;
use core::{fmt, str};

use crate::{
    capture::{Limit, Text},
    scalar::Scalar,
};

/// The `id` of a JSON-RPC request or of its answer (JSON-RPC 2.0, sections 4 and 5).
///
/// `Display` writes the string form that the OpenTelemetry attribute `jsonrpc.request.id` asks for,
/// at most 256 bytes long. It comes from the peer and may hold control characters.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Id {
    /// A number without fraction and exponent that fits into an `i64`.
    Number(i64),
    /// A string of at most 256 bytes.
    Text(Box<str>),
    /// Any other number, or a longer string.
    Other(OtherId),
}

/// An id that is neither a plain integer nor a short string.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OtherId(Box<Other>);

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Other {
    /// The number as it was written, or the first bytes of a long string.
    shown: Box<str>,
    /// Bytes of the whole string, and their FNV-1a hash.
    len: u64,
    hash: u64,
}

impl Id {
    /// Whether `self`, the id of an answer, answers the request with the id `request`.
    ///
    /// Equal ids do. So does a string of decimal digits that stands for the number of the request,
    /// because some servers turn ids into strings.
    ///
    /// ```
    /// # use mcp_envelope::Id;
    /// assert!(Id::from(7).answers(&Id::from(7)));
    /// assert!(Id::from("7").answers(&Id::from(7)));
    /// assert!(!Id::from(7).answers(&Id::from("7")));
    /// ```
    #[must_use]
    pub fn answers(&self, request: &Id) -> bool {
        match (self, request) {
            (Id::Text(text), Id::Number(number)) => same_number(text, *number),
            _ => self == request,
        }
    }

    /// `None` if it is not UTF-8.
    pub(crate) fn from_text(text: Text<'_>) -> Option<Id> {
        let shown = text.start()?.into();
        Some(match text {
            Text::Whole(_) => Id::Text(shown),
            Text::Long { len, hash, .. } => Id::other(shown, len, hash),
        })
    }

    /// `None` for a scalar that is no number.
    pub(crate) fn from_scalar(scalar: Scalar<'_>) -> Option<Id> {
        match scalar {
            Scalar::Integer(number) => Some(Id::Number(number)),
            Scalar::Number(lexeme) => {
                let (len, hash) = match lexeme {
                    Text::Whole(lexeme) => (lexeme.len() as u64, 0),
                    Text::Long { len, hash, .. } => (len, hash),
                };
                Some(Id::other(lexeme.start()?.into(), len, hash))
            }
            Scalar::Null | Scalar::Bool(_) => None,
        }
    }

    fn other(shown: Box<str>, len: u64, hash: u64) -> Id {
        Id::Other(OtherId(Box::new(Other { shown, len, hash })))
    }

    /// [`answers`](Id::answers) for an answer's string id that has not been made into an `Id`.
    pub(crate) fn is_answered_by_text(&self, text: Text<'_>) -> bool {
        match (self, text) {
            (Id::Number(number), Text::Whole(bytes)) => {
                str::from_utf8(bytes).is_ok_and(|text| same_number(text, *number))
            }
            (Id::Text(id), Text::Whole(bytes)) => id.as_bytes() == bytes,
            (Id::Other(id), Text::Long { len, hash, .. }) => {
                id.0.len == len && id.0.hash == hash && text.start() == Some(&*id.0.shown)
            }
            _ => false,
        }
    }

    /// The same for an id that is no string.
    #[inline]
    pub(crate) fn is_answered_by_scalar(&self, scalar: Scalar<'_>) -> bool {
        match (self, scalar) {
            (Id::Number(id), Scalar::Integer(number)) => *id == number,
            (Id::Other(_), scalar) => Id::from_scalar(scalar).as_ref() == Some(self),
            _ => false,
        }
    }
}

fn same_number(text: &str, number: i64) -> bool {
    // `parse` takes a leading plus, which no JSON number has.
    !text.starts_with('+') && text.parse() == Ok(number)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(number) => number.fmt(f),
            Id::Text(text) => text.fmt(f),
            Id::Other(other) => other.fmt(f),
        }
    }
}

impl fmt::Display for OtherId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.shown.fmt(f)
    }
}

impl From<i64> for Id {
    fn from(number: i64) -> Id {
        Id::Number(number)
    }
}

impl From<&str> for Id {
    /// The id that a scanner reports for a JSON string with these characters.
    fn from(text: &str) -> Id {
        let text = Text::new(text.as_bytes(), Limit::ID);
        Id::from_text(text).unwrap_or(Id::Text(Box::default()))
    }
}
