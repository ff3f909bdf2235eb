//! Strings that strangers wrote, made safe to keep.

use std::fmt;

use http::HeaderValue;
use smol_str::{SmolStr, SmolStrBuilder};

/// A short string that is safe to record: bounded in length, without control or
/// bidirectional formatting characters.
///
/// Method names, tool names, request ids and error messages are written by the peer.
/// Each replaced character becomes U+FFFD; a cut falls on a character boundary. Up to 23
/// bytes are stored inline.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Text(SmolStr);

impl Text {
    /// The longest text kept by [`Text::new`], in bytes.
    pub const MAX_LEN: usize = 1024;

    /// Cleans `text` and cuts it to [`Text::MAX_LEN`] bytes.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::bounded(text, Self::MAX_LEN)
    }

    /// Cleans `text` and cuts it to at most `max` bytes.
    #[must_use]
    pub fn bounded(text: &str, max: usize) -> Self {
        if is_clean(text, max) {
            return Self(SmolStr::new(text));
        }
        let mut clean = SmolStrBuilder::new();
        let mut len = 0;
        for c in text.chars().map(|c| {
            if is_unsafe(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        }) {
            len += c.len_utf8();
            if len > max {
                break;
            }
            clean.push(c);
        }
        Self(clean.finish())
    }

    /// The value of a header, cut to at most `max` bytes; `None` unless it is ASCII that can be seen,
    /// spaces and tabs.
    #[must_use]
    #[inline]
    pub fn of_header(value: &HeaderValue, max: usize) -> Option<Self> {
        value.to_str().ok().map(|text| Self::bounded(text, max))
    }

    /// Keeps a string that the program itself wrote, without a copy.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(SmolStr::new_static(text))
    }

    /// The text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The bytes that it takes beside itself.
    pub(crate) fn heap_len(&self) -> usize {
        if self.0.is_heap_allocated() {
            self.0.len()
        } else {
            0
        }
    }
}

/// Whether nothing needs to be done to it, as is usual.
fn is_clean(text: &str, max: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= max
        // What is no multiple of a block ends with one that begins inside of the one before.
        && match (bytes.last_chunk::<16>(), bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(last), ..) => {
                let mut blocks = bytes.chunks_exact(16).filter_map(|block| block.first_chunk());
                is_plain(last) && blocks.all(is_plain::<16>)
            }
            (None, Some(first), Some(last)) => is_plain(first) && is_plain(last),
            _ => bytes.iter().all(|byte| is_plain(&[*byte])),
        }
}

/// Without an early end, so that the compiler can look at all of a block at once.
#[inline]
fn is_plain<const N: usize>(block: &[u8; N]) -> bool {
    !block
        .iter()
        .fold(false, |odd, byte| odd | !(0x20..0x7f).contains(byte))
}

/// Control characters end log lines and drive terminals; bidirectional controls make a
/// name look like another one.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// In decimal digits.
impl From<i64> for Text {
    fn from(number: i64) -> Self {
        let mut digits = [0; 20];
        let (mut at, mut rest) = (digits.len(), number.unsigned_abs());
        while at == digits.len() || rest > 0 {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        if number < 0 {
            at -= 1;
            digits[at] = b'-';
        }
        Self(SmolStr::new(
            std::str::from_utf8(&digits[at..]).unwrap_or_default(),
        ))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::Text;

    #[test]
    fn control_and_bidi_characters_are_replaced() {
        assert_eq!(
            Text::new("a\u{1b}[31m\r\nb\u{202e}c\u{7f}"),
            "a\u{fffd}[31m\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}"
        );
    }

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for len in 1..50 {
            let plain = "a".repeat(len);
            assert_eq!(Text::new(&plain), plain.as_str());
            for at in 0..len {
                let mut odd = plain.clone();
                odd.replace_range(at..=at, "\u{1b}");
                let replaced = odd.replace('\u{1b}', "\u{fffd}");
                assert_eq!(Text::new(&odd), replaced.as_str());
            }
        }
    }

    #[test]
    fn a_header_is_text_if_it_can_be_seen() {
        for (value, text) in [
            (&b"get weather"[..], Some("get weather")),
            (b"a\tb", Some("a\u{fffd}b")),
            (b"abcdefghijkl", Some("abcdefghijk")),
            ("\u{fc}".as_bytes(), None),
        ] {
            let value = HeaderValue::from_bytes(value).unwrap();
            let found = Text::of_header(&value, 11);
            assert_eq!(found.as_ref().map(Text::as_str), text);
        }
    }

    #[test]
    fn numbers_are_written_as_they_display() {
        for number in [0, 7, 10, -1, 1_234_567_890, i64::MAX, i64::MIN] {
            assert_eq!(Text::from(number), number.to_string().as_str());
        }
    }

    #[test]
    fn a_cut_falls_on_a_character_boundary() {
        assert_eq!(Text::bounded("aéé", 4), "aé");
        assert_eq!(Text::bounded("abcdef", 4), "abcd");
        assert_eq!(Text::new(&"x".repeat(5000)).as_str().len(), Text::MAX_LEN);
    }
}
