//! Writing JSON strings.

/// Writes the inside of a JSON string (RFC 8259, section 7).
#[inline(always)]
pub(crate) fn escape(text: &str, out: &mut impl FnMut(&[u8])) {
    if is_plain(text.as_bytes()) {
        out(text.as_bytes());
    } else {
        escape_special(text, out);
    }
}

#[cold]
fn escape_special(text: &str, out: &mut impl FnMut(&[u8])) {
    let is_special = |byte: u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
    for run in text.as_bytes().split_inclusive(|byte| is_special(*byte)) {
        match run {
            [plain @ .., byte] if is_special(*byte) => {
                out(plain);
                match byte {
                    b'"' => out(b"\\\""),
                    b'\\' => out(b"\\\\"),
                    control => out(&[
                        b'\\',
                        b'u',
                        b'0',
                        b'0',
                        hex(control >> 4),
                        hex(control & 0xF),
                    ]),
                }
            }
            plain => out(plain),
        }
    }
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 {
        b'0' + digit
    } else {
        b'a' + digit - 10
    }
}

/// Whether these bytes stand for themselves in a JSON string.
#[inline(always)]
fn is_plain(bytes: &[u8]) -> bool {
    // Bytes that become less than zero borrow their high bit. Above the lowest one there may be
    // false marks.
    let marks = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let controls = word.wrapping_sub(LOW_BITS * 0x20);
        let quotes = (word ^ QUOTES).wrapping_sub(LOW_BITS);
        let backslashes = (word ^ BACKSLASHES).wrapping_sub(LOW_BITS);
        (controls | quotes | backslashes) & !word
    };
    match bytes.last_chunk() {
        None => bytes
            .iter()
            .all(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1F)),
        Some(last) => {
            let words = bytes.chunks_exact(8).filter_map(|word| word.first_chunk());
            words.fold(marks(last), |found, word| found | marks(word)) & HIGH_BITS == 0
        }
    }
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = LOW_BITS * b'"' as u64;
const BACKSLASHES: u64 = LOW_BITS * b'\\' as u64;
