use core::{
    fmt,
    num::{NonZeroU64, NonZeroU128},
    str::FromStr,
};

use crate::{ParseError, hex};

/// A trace id: sixteen bytes, not all zero.
///
/// `Option<TraceId>` is as large as `TraceId`. As text it is 32 lower-case hex digits. The codec
/// makes no ids; random bytes are the caller's to bring.
/// See [Trace Context Level 2, section 3.2.2.3](https://www.w3.org/TR/trace-context-2/#trace-id).
///
/// ```
/// use traceparent::TraceId;
///
/// let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// assert_eq!(id.to_u128(), 0x4bf92f3577b34da6a3ce929d0e0e4736);
/// assert_eq!(TraceId::from_bytes(id.to_bytes()), Some(id));
/// assert_eq!(TraceId::from_u128(0), None);
/// # Ok::<(), traceparent::ParseError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TraceId(NonZeroU128);

/// A span id, called parent-id in a `traceparent`: eight bytes, not all zero.
///
/// `Option<SpanId>` is as large as `SpanId`. As text it is 16 lower-case hex digits.
/// See [Trace Context Level 2, section 3.2.2.4](https://www.w3.org/TR/trace-context-2/#parent-id).
///
/// ```
/// use traceparent::SpanId;
///
/// let id: SpanId = "00f067aa0ba902b7".parse()?;
/// assert_eq!(id.to_u64(), 0x00f067aa0ba902b7);
/// assert_eq!(&id.to_hex(), b"00f067aa0ba902b7");
/// # Ok::<(), traceparent::ParseError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SpanId(NonZeroU64);

// === impl TraceId ===

impl TraceId {
    /// The id of these bytes, the most significant first; `None` if all are zero.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Self::from_u128(u128::from_be_bytes(bytes))
    }

    /// The id of this number; `None` for zero.
    #[must_use]
    pub const fn from_u128(value: u128) -> Option<Self> {
        match NonZeroU128::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// Reads exactly 32 lower-case hex digits. Usable in constants.
    ///
    /// # Errors
    ///
    /// [`TooShort`](ParseError::TooShort), [`TooLong`](ParseError::TooLong),
    /// [`NotHex`](ParseError::NotHex) or [`ZeroTraceId`](ParseError::ZeroTraceId).
    pub const fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let digits = match exactly::<32>(text) {
            Ok(digits) => digits,
            Err(error) => return Err(error),
        };
        let words = [
            hex::load(digits, 0),
            hex::load(digits, 8),
            hex::load(digits, 16),
            hex::load(digits, 24),
        ];
        let faults = hex::faults(words[0])
            | hex::faults(words[1])
            | hex::faults(words[2])
            | hex::faults(words[3]);
        if faults != 0 {
            return Err(not_hex(text));
        }
        let high = ((hex::value(words[0]) as u64) << 32) | hex::value(words[1]) as u64;
        let low = ((hex::value(words[2]) as u64) << 32) | hex::value(words[3]) as u64;
        match Self::from_u128(((high as u128) << 64) | low as u128) {
            Some(id) => Ok(id),
            None => Err(ParseError::ZeroTraceId),
        }
    }

    /// The bytes, the most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }

    /// The id as a number, never zero.
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        self.0.get()
    }

    /// 32 lower-case hex digits, in ASCII.
    #[must_use]
    pub const fn to_hex(self) -> [u8; 32] {
        let value = self.0.get();
        let mut text = [0; 32];
        hex::copy(hex::encode_u64((value >> 64) as u64), &mut text, 0);
        hex::copy(hex::encode_u64(value as u64), &mut text, 16);
        text
    }
}

/// 32 lower-case hex digits.
impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(hex::as_str(&self.to_hex()))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

/// Reads exactly 32 lower-case hex digits, as [`TraceId::parse`] does.
impl FromStr for TraceId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

/// Reads exactly 32 lower-case hex digits, as [`TraceId::parse`] does.
impl TryFrom<&[u8]> for TraceId {
    type Error = ParseError;

    fn try_from(text: &[u8]) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

// === impl SpanId ===

impl SpanId {
    /// The id of these bytes, the most significant first; `None` if all are zero.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        Self::from_u64(u64::from_be_bytes(bytes))
    }

    /// The id of this number; `None` for zero.
    #[must_use]
    pub const fn from_u64(value: u64) -> Option<Self> {
        match NonZeroU64::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// Reads exactly 16 lower-case hex digits. Usable in constants.
    ///
    /// # Errors
    ///
    /// [`TooShort`](ParseError::TooShort), [`TooLong`](ParseError::TooLong),
    /// [`NotHex`](ParseError::NotHex) or [`ZeroSpanId`](ParseError::ZeroSpanId).
    pub const fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let digits = match exactly::<16>(text) {
            Ok(digits) => digits,
            Err(error) => return Err(error),
        };
        let words = [hex::load(digits, 0), hex::load(digits, 8)];
        if hex::faults(words[0]) | hex::faults(words[1]) != 0 {
            return Err(not_hex(text));
        }
        let value = ((hex::value(words[0]) as u64) << 32) | hex::value(words[1]) as u64;
        match Self::from_u64(value) {
            Some(id) => Ok(id),
            None => Err(ParseError::ZeroSpanId),
        }
    }

    /// The bytes, the most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }

    /// The id as a number, never zero.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0.get()
    }

    /// 16 lower-case hex digits, in ASCII.
    #[must_use]
    pub const fn to_hex(self) -> [u8; 16] {
        hex::encode_u64(self.0.get())
    }
}

/// 16 lower-case hex digits.
impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(hex::as_str(&self.to_hex()))
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}

/// Reads exactly 16 lower-case hex digits, as [`SpanId::parse`] does.
impl FromStr for SpanId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

/// Reads exactly 16 lower-case hex digits, as [`SpanId::parse`] does.
impl TryFrom<&[u8]> for SpanId {
    type Error = ParseError;

    fn try_from(text: &[u8]) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

const fn exactly<const N: usize>(text: &[u8]) -> Result<&[u8; N], ParseError> {
    match text.first_chunk::<N>() {
        Some(digits) if text.len() == N => Ok(digits),
        Some(_) => Err(ParseError::TooLong),
        None => Err(ParseError::TooShort),
    }
}

/// The error of an id with a wrong digit; ids are short, so that the offset fits a byte.
#[cold]
const fn not_hex(text: &[u8]) -> ParseError {
    match hex::first_fault(text) {
        Some(at) => ParseError::NotHex { at: at as u8 },
        None => ParseError::TooShort,
    }
}
