use core::{
    fmt::{self, Write as _},
    iter::FusedIterator,
};

/// The value of a member or a property, percent-encoded.
///
/// `Display` and the comparison with text decode it on the way.
///
/// ```
/// use traceparent::baggage::Baggage;
///
/// let baggage = Baggage::parse("name=Ang%C3%A9lique+1")?;
/// let name = baggage.get("name").expect("a member").value;
/// assert_eq!(name.as_str(), "Ang%C3%A9lique+1");
/// assert_eq!(name.decode().collect::<String>(), "Angélique+1");
/// assert!(name == "Angélique+1");
/// # Ok::<(), traceparent::baggage::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Value<'a> {
    encoded: &'a str,
}

impl<'a> Value<'a> {
    pub(super) const fn new(encoded: &'a str) -> Self {
        Self { encoded }
    }

    /// The value as it stands in the header.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.encoded
    }

    /// The characters that the value stands for.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, as `String::from_utf8_lossy` does it.
    #[must_use]
    pub const fn decode(&self) -> Decode<'a> {
        Decode {
            bytes: Bytes {
                rest: self.encoded.as_bytes(),
            },
        }
    }
}

impl PartialEq<str> for Value<'_> {
    fn eq(&self, decoded: &str) -> bool {
        self.decode().eq(decoded.chars())
    }
}

impl PartialEq<&str> for Value<'_> {
    fn eq(&self, decoded: &&str) -> bool {
        *self == **decoded
    }
}

/// The decoded value.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decode()
            .try_for_each(|character| f.write_char(character))
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.encoded)
    }
}

/// The characters of a [`Value`].
#[derive(Clone, Debug)]
pub struct Decode<'a> {
    bytes: Bytes<'a>,
}

impl Iterator for Decode<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        // Four bytes hold any character whole, and any fault that one replacement stands for.
        let mut window = [0; 4];
        let mut len = 0;
        for (slot, byte) in window.iter_mut().zip(self.bytes.clone()) {
            *slot = byte;
            len += 1;
        }
        let chunk = window.get(..len)?.utf8_chunks().next()?;
        let (character, used) = match chunk.valid().chars().next() {
            Some(character) => (character, character.len_utf8()),
            None => (char::REPLACEMENT_CHARACTER, chunk.invalid().len()),
        };
        self.bytes.by_ref().take(used).for_each(drop);
        Some(character)
    }
}

impl FusedIterator for Decode<'_> {}

/// The bytes that an encoded text stands for.
#[derive(Clone, Debug)]
struct Bytes<'a> {
    rest: &'a [u8],
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let [b'%', high, low, rest @ ..] = self.rest {
            if let (Some(high), Some(low)) = (digit(*high), digit(*low)) {
                self.rest = rest;
                return Some(high << 4 | low);
            }
        }
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }
}

/// The value of a hex digit of either case.
const fn digit(byte: u8) -> Option<u8> {
    crate::hex::digit(byte.to_ascii_lowercase())
}
