use core::{error, fmt};

/// Why a `tracestate` value, or a change of one, was refused, and where.
///
/// Offsets count bytes from 0 in the value that was parsed; those of a refused change count in the
/// key or in the value that was to be written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The byte at this offset cannot stand there in a key. A member without a key has it at its `=`.
    InvalidKey {
        /// Offset of the byte.
        at: usize,
    },
    /// The key that starts at this offset has more than 256 characters.
    KeyTooLong {
        /// Offset of the key.
        at: usize,
    },
    /// The member ends at this offset, and has no `=` or nothing behind it.
    MissingValue {
        /// Offset of the end of the member.
        at: usize,
    },
    /// The byte at this offset cannot stand there in a value.
    InvalidValue {
        /// Offset of the byte.
        at: usize,
    },
    /// The value that starts at this offset has more than 256 characters.
    ValueTooLong {
        /// Offset of the value.
        at: usize,
    },
    /// There are more than 32 members.
    TooManyMembers,
    /// The values of several headers do not fit into the buffer.
    BufferTooSmall,
}

impl Error {
    /// A name for this kind of error, without its place: fit for logs and metric labels, and stable
    /// between releases.
    ///
    /// | variant | name |
    /// |---|---|
    /// | [`InvalidKey`](Self::InvalidKey) | `invalid-key` |
    /// | [`KeyTooLong`](Self::KeyTooLong) | `key-too-long` |
    /// | [`MissingValue`](Self::MissingValue) | `missing-value` |
    /// | [`InvalidValue`](Self::InvalidValue) | `invalid-value` |
    /// | [`ValueTooLong`](Self::ValueTooLong) | `value-too-long` |
    /// | [`TooManyMembers`](Self::TooManyMembers) | `too-many-members` |
    /// | [`BufferTooSmall`](Self::BufferTooSmall) | `buffer-too-small` |
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::InvalidKey { .. } => "invalid-key",
            Self::KeyTooLong { .. } => "key-too-long",
            Self::MissingValue { .. } => "missing-value",
            Self::InvalidValue { .. } => "invalid-value",
            Self::ValueTooLong { .. } => "value-too-long",
            Self::TooManyMembers => "too-many-members",
            Self::BufferTooSmall => "buffer-too-small",
        }
    }

    /// The same error in a text that has `by` bytes before this one.
    pub(super) const fn shift(self, by: usize) -> Self {
        match self {
            Self::InvalidKey { at } => Self::InvalidKey { at: at + by },
            Self::KeyTooLong { at } => Self::KeyTooLong { at: at + by },
            Self::MissingValue { at } => Self::MissingValue { at: at + by },
            Self::InvalidValue { at } => Self::InvalidValue { at: at + by },
            Self::ValueTooLong { at } => Self::ValueTooLong { at: at + by },
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidKey { at } => write!(f, "byte {at} is not allowed in a key"),
            Self::KeyTooLong { at } => write!(f, "key at byte {at} is over 256 characters"),
            Self::MissingValue { at } => write!(f, "member that ends at byte {at} has no value"),
            Self::InvalidValue { at } => write!(f, "byte {at} is not allowed in a value"),
            Self::ValueTooLong { at } => write!(f, "value at byte {at} is over 256 characters"),
            Self::TooManyMembers => f.write_str("more than 32 members"),
            Self::BufferTooSmall => f.write_str("buffer is too small"),
        }
    }
}

impl error::Error for Error {}
