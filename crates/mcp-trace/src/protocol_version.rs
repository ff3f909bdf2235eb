//! Revisions of the MCP specification.

use std::fmt;

use crate::Text;

/// A revision of MCP, named by its date, such as `2026-07-28`.
///
/// Ordered by date, so that rules can say "since".
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProtocolVersion(u32);

impl ProtocolVersion {
    /// HTTP with SSE.
    pub const V2024_11_05: Self = Self::on(2024, 11, 5);
    /// Streamable HTTP, JSON-RPC batches.
    pub const V2025_03_26: Self = Self::on(2025, 3, 26);
    /// The `MCP-Protocol-Version` header.
    pub const V2025_06_18: Self = Self::on(2025, 6, 18);
    /// Resumable streams with a priming event.
    pub const V2025_11_25: Self = Self::on(2025, 11, 25);
    /// Stateless: no handshake, no session, closing the response cancels.
    pub const V2026_07_28: Self = Self::on(2026, 7, 28);

    const fn on(year: u32, month: u32, day: u32) -> Self {
        Self(year * 10_000 + month * 100 + day)
    }

    /// Reads `YYYY-MM-DD`; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes())
    }

    /// As [`parse`](Self::parse), of what need not have been proven to be text, such as a header.
    #[must_use]
    #[inline]
    pub fn from_bytes(text: &[u8]) -> Option<Self> {
        match text {
            // As most requests say.
            b"2026-07-28" => Some(Self::V2026_07_28),
            b"2025-11-25" => Some(Self::V2025_11_25),
            b"2025-06-18" => Some(Self::V2025_06_18),
            other => Self::from_date(other),
        }
    }

    fn from_date(text: &[u8]) -> Option<Self> {
        let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text else {
            return None;
        };
        let mut date = 0;
        for digit in [y0, y1, y2, y3, m0, m1, d0, d1] {
            if !digit.is_ascii_digit() {
                return None;
            }
            date = date * 10 + u32::from(digit - b'0');
        }
        Some(Self(date))
    }

    /// Whether it is one of the revisions above: a caller can name any day.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let known = [
            Self::V2024_11_05,
            Self::V2025_03_26,
            Self::V2025_06_18,
            Self::V2025_11_25,
            Self::V2026_07_28,
        ];
        known.contains(self)
    }

    /// Whether a client that closes the response cancels its request: since 2026-07-28.
    /// Before, a disconnect is not a cancellation, because the answer may be resumed.
    #[must_use]
    pub fn disconnect_cancels(self) -> bool {
        self >= Self::V2026_07_28
    }

    /// As it stands in messages.
    pub(crate) fn text(self) -> Text {
        let digit = |unit: u32| b'0' + (self.0 / unit % 10) as u8;
        let date = [
            digit(10_000_000),
            digit(1_000_000),
            digit(100_000),
            digit(10_000),
            b'-',
            digit(1_000),
            digit(100),
            b'-',
            digit(10),
            digit(1),
        ];
        Text::new(std::str::from_utf8(&date).unwrap_or_default())
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl fmt::Debug for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::ProtocolVersion;

    #[test]
    fn dates_round_trip_and_order() {
        let version = ProtocolVersion::parse("2026-07-28").unwrap();
        assert_eq!(version, ProtocolVersion::V2026_07_28);
        assert_eq!(version.to_string(), "2026-07-28");
        for known in [
            ProtocolVersion::V2024_11_05,
            ProtocolVersion::V2025_03_26,
            ProtocolVersion::V2025_06_18,
            ProtocolVersion::V2025_11_25,
            ProtocolVersion::V2026_07_28,
        ] {
            assert_eq!(ProtocolVersion::parse(&known.to_string()), Some(known));
        }
        assert!(version.disconnect_cancels());
        assert!(!ProtocolVersion::V2025_11_25.disconnect_cancels());
        for bad in [
            "",
            "2026-7-28",
            "2026-07-2x",
            "2026/07/28",
            "02026-07-28",
            "2026-07-281",
        ] {
            assert_eq!(ProtocolVersion::parse(bad), None, "{bad}");
        }
    }
}
