use core::{error, fmt};

/// Why a `baggage` value, or a member to be written, was refused, and where.
///
/// Offsets count bytes from 0 in the value that was parsed; those of a refused key count in that key.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The byte at this offset cannot stand there in the key of a member or property. Where a key
    /// is missing, this is the offset at which it should start.
    InvalidKey {
        /// Offset of the byte.
        at: usize,
    },
    /// The member's key ends at this offset, and no `=` follows.
    MissingValue {
        /// Offset of the end of the key.
        at: usize,
    },
    /// The byte at this offset cannot stand in the value of a member or property.
    InvalidValue {
        /// Offset of the byte.
        at: usize,
    },
    /// There are more than 64 members.
    TooManyMembers,
    /// There are more than 8192 bytes.
    TooLong,
    /// The buffer has no room for the values of several headers, or for a member to be written.
    BufferTooSmall,
}

impl Error {
    /// A name for this kind of error, without its place: fit for logs and metric labels, and stable
    /// between releases.
    ///
    /// | variant | name |
    /// |---|---|
    /// | [`InvalidKey`](Self::InvalidKey) | `invalid-key` |
    /// | [`MissingValue`](Self::MissingValue) | `missing-value` |
    /// | [`InvalidValue`](Self::InvalidValue) | `invalid-value` |
    /// | [`TooManyMembers`](Self::TooManyMembers) | `too-many-members` |
    /// | [`TooLong`](Self::TooLong) | `too-long` |
    /// | [`BufferTooSmall`](Self::BufferTooSmall) | `buffer-too-small` |
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::InvalidKey { .. } => "invalid-key",
            Self::MissingValue { .. } => "missing-value",
            Self::InvalidValue { .. } => "invalid-value",
            Self::TooManyMembers => "too-many-members",
            Self::TooLong => "too-long",
            Self::BufferTooSmall => "buffer-too-small",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidKey { at } => write!(f, "byte {at} is not allowed in a key"),
            Self::MissingValue { at } => write!(f, "key that ends at byte {at} has no value"),
            Self::InvalidValue { at } => write!(f, "byte {at} is not allowed in a value"),
            Self::TooManyMembers => f.write_str("more than 64 members"),
            Self::TooLong => f.write_str("more than 8192 bytes"),
            Self::BufferTooSmall => f.write_str("buffer is too small"),
        }
    }
}

impl error::Error for Error {}
