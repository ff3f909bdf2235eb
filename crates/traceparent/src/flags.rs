use core::{fmt, ops};

use crate::hex;

/// The trace-flags field of a `traceparent`: eight bits, of which two have a meaning.
///
/// The other six are reserved and must be sent as zero, so they are cleared when a value is read.
/// See [Trace Context Level 2, section 3.2.2.5](https://www.w3.org/TR/trace-context-2/#trace-flags).
///
/// ```
/// use traceparent::TraceFlags;
///
/// let flags = TraceFlags::from_u8(0xff);
/// assert_eq!(flags, TraceFlags::SAMPLED | TraceFlags::RANDOM);
/// assert_eq!(flags.to_string(), "03");
/// assert_eq!(flags.with_sampled(false).to_u8(), 0x02);
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TraceFlags(u8);

impl TraceFlags {
    /// No flag.
    pub const NONE: Self = Self(0);

    /// `0x01`: the caller may have recorded the trace.
    pub const SAMPLED: Self = Self(0x01);

    /// `0x02`: the right-most seven bytes of the trace id are uniformly random.
    ///
    /// A trace that is continued keeps this bit as it came in, set or not.
    pub const RANDOM: Self = Self(0x02);

    const KNOWN: u8 = Self::SAMPLED.0 | Self::RANDOM.0;

    /// Reads the two known bits and clears the six reserved ones.
    #[must_use]
    pub const fn from_u8(bits: u8) -> Self {
        Self(bits & Self::KNOWN)
    }

    /// The bits as they are sent, reserved ones zero.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        self.0
    }

    /// Whether [`SAMPLED`](Self::SAMPLED) is set.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.0 & Self::SAMPLED.0 != 0
    }

    /// Whether [`RANDOM`](Self::RANDOM) is set.
    #[must_use]
    pub const fn is_random(self) -> bool {
        self.0 & Self::RANDOM.0 != 0
    }

    /// The same flags with [`SAMPLED`](Self::SAMPLED) set or cleared.
    #[must_use]
    pub const fn with_sampled(self, sampled: bool) -> Self {
        Self(self.0 & !Self::SAMPLED.0 | sampled as u8)
    }

    /// The same flags with [`RANDOM`](Self::RANDOM) set or cleared.
    #[must_use]
    pub const fn with_random(self, random: bool) -> Self {
        Self(self.0 & !Self::RANDOM.0 | ((random as u8) << 1))
    }
}

impl ops::BitOr for TraceFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Two lower-case hex digits.
impl fmt::Display for TraceFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(hex::as_str(&hex::encode_byte(self.0)))
    }
}

impl fmt::Debug for TraceFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceFlags({self})")
    }
}
