use core::{error::Error, fmt};

/// Why a `traceparent` value, a trace id or a span id was refused, and where.
///
/// Offsets count bytes from 0 in the value that was parsed. Where a value has several faults, the
/// first of this order is reported: too short; version; too long for version `00`; the first wrong
/// byte from the left; an id of zeros; what follows the flags of a higher version.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ParseError {
    /// Fewer bytes than the format has: 55 for a `traceparent`, 32 for a trace id, 16 for a span id.
    TooShort,
    /// More bytes than the format has. For a `traceparent` this is said of version `00` only.
    TooLong,
    /// The byte at this offset is not one of `0`-`9`, `a`-`f`.
    NotHex {
        /// Offset of the byte.
        at: u8,
    },
    /// The byte at this offset is not the dash that separates two fields.
    ///
    /// With offset 55: a value of a version above `00` goes on after its flags without a dash.
    NotDash {
        /// Offset of the byte.
        at: u8,
    },
    /// The version is `ff`, which is forbidden.
    ForbiddenVersion,
    /// The trace id consists of zeros.
    ZeroTraceId,
    /// The parent id, or the span id, consists of zeros.
    ZeroSpanId,
}

impl ParseError {
    /// A name for this kind of error, without its place: fit for logs and metric labels, and stable
    /// between releases.
    ///
    /// | variant | name |
    /// |---|---|
    /// | [`TooShort`](Self::TooShort) | `too-short` |
    /// | [`TooLong`](Self::TooLong) | `too-long` |
    /// | [`NotHex`](Self::NotHex) | `not-hex` |
    /// | [`NotDash`](Self::NotDash) | `not-dash` |
    /// | [`ForbiddenVersion`](Self::ForbiddenVersion) | `forbidden-version` |
    /// | [`ZeroTraceId`](Self::ZeroTraceId) | `zero-trace-id` |
    /// | [`ZeroSpanId`](Self::ZeroSpanId) | `zero-span-id` |
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::NotHex { .. } => "not-hex",
            Self::NotDash { .. } => "not-dash",
            Self::ForbiddenVersion => "forbidden-version",
            Self::ZeroTraceId => "zero-trace-id",
            Self::ZeroSpanId => "zero-span-id",
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => f.write_str("value is too short"),
            Self::TooLong => f.write_str("value is too long"),
            Self::NotHex { at } => write!(f, "byte {at} is not a lower-case hex digit"),
            Self::NotDash { at } => write!(f, "byte {at} is not a dash"),
            Self::ForbiddenVersion => f.write_str("version ff is forbidden"),
            Self::ZeroTraceId => f.write_str("trace id is zero"),
            Self::ZeroSpanId => f.write_str("span id is zero"),
        }
    }
}

impl Error for ParseError {}
