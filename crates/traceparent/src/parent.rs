use core::{fmt, str::FromStr};

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use crate::sse2 as fast;
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use crate::swar as fast;
use crate::{ParseError, SpanId, TraceFlags, TraceId, hex, swar};

/// Length in bytes of a version `00` value.
pub(crate) const LEN: usize = 55;

/// A valid `traceparent`: trace id, parent id and flags.
///
/// ```text
/// 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
/// 0  3                                36               53
/// version    trace id                 parent id        flags
/// ```
///
/// Values of a version above `00` are read as far as version `00` defines them, and go out as
/// version `00`.
/// See [Trace Context Level 2, section 3.2](https://www.w3.org/TR/trace-context-2/#traceparent-header).
///
/// ```
/// use traceparent::{TraceFlags, TraceParent};
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = header.parse()?;
/// assert!(parent.flags().is_sampled());
/// assert_eq!(parent.to_string(), header);
/// # Ok::<(), traceparent::ParseError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct TraceParent {
    trace_id: TraceId,
    parent_id: SpanId,
    flags: TraceFlags,
}

impl TraceParent {
    /// Length in bytes of a version `00` value, the only version that is written.
    pub const LEN: usize = LEN;

    /// Puts a value together.
    #[must_use]
    pub const fn new(trace_id: TraceId, parent_id: SpanId, flags: TraceFlags) -> Self {
        Self {
            trace_id,
            parent_id,
            flags,
        }
    }

    /// Reads one header value.
    ///
    /// Nothing is trimmed: HTTP parsers strip the white space around a value, and elsewhere it is
    /// not part of the format. A message with several `traceparent` headers has no valid one.
    ///
    /// # Errors
    ///
    /// Every breach of section 3.2, named by [`ParseError`]. The value then counts as absent, and
    /// so does the `tracestate` beside it.
    #[inline]
    pub fn parse(value: &[u8]) -> Result<Self, ParseError> {
        if let Ok(value) = <&[u8; LEN]>::try_from(value) {
            if let Some(parent) = fast::decode(value) {
                return Ok(parent);
            }
        }
        Self::parse_slowly(value)
    }

    /// Does what [`parse`](Self::parse) does, in constants too, and somewhat slower.
    ///
    /// ```
    /// use traceparent::TraceParent;
    ///
    /// const PARENT: TraceParent = match TraceParent::parse_const(
    ///     b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    /// ) {
    ///     Ok(parent) => parent,
    ///     Err(_) => panic!("not a traceparent"),
    /// };
    /// assert_eq!(PARENT.parent_id().to_u64(), 0x00f067aa0ba902b7);
    /// ```
    ///
    /// # Errors
    ///
    /// The same as [`parse`](Self::parse).
    pub const fn parse_const(value: &[u8]) -> Result<Self, ParseError> {
        if let Some(head) = value.first_chunk::<LEN>() {
            if value.len() == LEN {
                if let Some(parent) = swar::decode(head) {
                    return Ok(parent);
                }
            }
        }
        Self::parse_slowly(value)
    }

    /// Reads values of higher versions, and says what is wrong with the others.
    #[cold]
    const fn parse_slowly(value: &[u8]) -> Result<Self, ParseError> {
        let Some(head) = value.first_chunk::<LEN>() else {
            return Err(ParseError::TooShort);
        };
        if let Some(error) = fault(head, value.len()) {
            return Err(error);
        }
        let mut lowered = *head;
        lowered[0] = b'0';
        lowered[1] = b'0';
        let Some(parent) = swar::decode(&lowered) else {
            return Err(zero_id(head));
        };
        // A higher version may have more fields, but not more flags.
        if value.len() > LEN && value[LEN] != b'-' {
            return Err(ParseError::NotDash { at: LEN as u8 });
        }
        Ok(parent)
    }

    /// The sixteen bytes that all spans of a trace share.
    #[must_use]
    pub const fn trace_id(self) -> TraceId {
        self.trace_id
    }

    /// The id of the span that sent this value, the parent of what its receiver does.
    #[must_use]
    pub const fn parent_id(self) -> SpanId {
        self.parent_id
    }

    /// The flags, reserved bits cleared.
    #[must_use]
    pub const fn flags(self) -> TraceFlags {
        self.flags
    }

    /// The header value, as version `00`, in ASCII.
    #[inline]
    #[must_use]
    pub fn to_bytes(self) -> [u8; LEN] {
        fast::encode(self)
    }
}

/// The header value, as version `00`.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(hex::as_str(&self.to_bytes()))
    }
}

impl fmt::Debug for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceParent({self})")
    }
}

/// Reads one header value, as [`TraceParent::parse`] does.
impl FromStr for TraceParent {
    type Err = ParseError;

    fn from_str(value: &str) -> Result<Self, ParseError> {
        Self::parse(value.as_bytes())
    }
}

/// Reads one header value, as [`TraceParent::parse`] does.
impl TryFrom<&[u8]> for TraceParent {
    type Error = ParseError;

    fn try_from(value: &[u8]) -> Result<Self, ParseError> {
        Self::parse(value)
    }
}

/// The first byte, from the left, that cannot stand where it is.
const fn fault(head: &[u8; LEN], len: usize) -> Option<ParseError> {
    let mut at = 0;
    while at < LEN {
        match at {
            2 | 35 | 52 if head[at] != b'-' => return Some(ParseError::NotDash { at: at as u8 }),
            2 => match [head[0], head[1]] {
                [b'f', b'f'] => return Some(ParseError::ForbiddenVersion),
                [b'0', b'0'] if len > LEN => return Some(ParseError::TooLong),
                _ => {}
            },
            35 | 52 => {}
            _ if hex::digit(head[at]).is_none() => {
                return Some(ParseError::NotHex { at: at as u8 });
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Which id is zero, of a value that has no other fault.
const fn zero_id(head: &[u8; LEN]) -> ParseError {
    let mut at = 3;
    while at < 35 {
        if head[at] != b'0' {
            return ParseError::ZeroSpanId;
        }
        at += 1;
    }
    ParseError::ZeroTraceId
}
