use alloc::boxed::Box;
use core::fmt;

use crate::{
    capture::{Limit, Text},
    limits,
    scalar::Scalar,
};

/// The `id` of a JSON-RPC request or of its answer (JSON-RPC 2.0, sections 4 and 5).
///
/// `Display` writes the string form that the OpenTelemetry attribute `jsonrpc.request.id` asks for, at most 256 bytes long.
/// It comes from the peer and may hold control characters.
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
pub struct OtherId {
    /// The number as it was written, or the first bytes of a long string.
    shown: Box<str>,
    /// Bytes of the whole string, and their FNV-1a hash.
    len: u64,
    hash: u64,
}

impl Id {
    /// Whether `self`, the id of an answer, answers the request with the id `request`.
    ///
    /// Equal ids do. So does a string of decimal digits that stands for the number of the request, because some servers turn
    /// ids into strings.
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

    pub(crate) fn from_text(text: Text<'_>) -> Option<Id> {
        match text {
            Text::Whole(text) => Some(Id::Text(text.into())),
            Text::Long { start, len, hash } => Some(Id::Other(OtherId {
                shown: start.into(),
                len,
                hash,
            })),
            Text::Invalid => None,
        }
    }

    /// `None` for a scalar that is no number.
    pub(crate) fn from_scalar(scalar: Scalar<'_>) -> Option<Id> {
        match scalar {
            Scalar::Integer(number) => Some(Id::Number(number)),
            Scalar::Number(Text::Whole(text)) => Some(Id::Other(OtherId {
                shown: text.into(),
                len: text.len() as u64,
                hash: 0,
            })),
            Scalar::Number(long) => Id::from_text(long),
            Scalar::Null | Scalar::Bool(_) => None,
        }
    }

    /// [`answers`](Id::answers) for an answer's string id that has not been made into an `Id`.
    pub(crate) fn is_answered_by_text(&self, text: Text<'_>) -> bool {
        match (self, text) {
            (Id::Number(number), Text::Whole(text)) => same_number(text, *number),
            (Id::Text(id), Text::Whole(text)) => **id == *text,
            (Id::Other(id), Text::Long { start, len, hash }) => {
                id.len == len && id.hash == hash && *id.shown == *start
            }
            _ => false,
        }
    }

    /// The same for an id that is no string.
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
        self.shown.fmt(f)
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
        let text = Text::new(
            text.as_bytes(),
            Limit {
                bytes: limits::ID,
                hashed: true,
            },
        );
        Id::from_text(text).unwrap_or(Id::Text(Box::default()))
    }
}
