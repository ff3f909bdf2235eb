//! Lower-case hex in safe code, eight digits at a time in one `u64`.
//!
//! A word holds the first of its eight characters in its lowest byte, whatever the machine's byte
//! order, and every step works on all eight bytes at once.

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Repeats a byte eight times.
const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Eight characters starting at `at`, which must be at most `N - 8`.
#[inline(always)]
pub(crate) const fn load<const N: usize>(text: &[u8; N], at: usize) -> u64 {
    u64::from_le_bytes([
        text[at],
        text[at + 1],
        text[at + 2],
        text[at + 3],
        text[at + 4],
        text[at + 5],
        text[at + 6],
        text[at + 7],
    ])
}

/// Zero if all eight characters of `word` are lower-case hex digits.
#[inline(always)]
pub(crate) const fn faults(word: u64) -> u64 {
    // Each sum reaches 0x80 exactly when its byte is at least (or above) the named character. Bytes
    // from 0x80 on may carry into the next one, but are faults themselves, carried into or not: they
    // reach both sums of a pair or wrap around in the first.
    let from_0 = word.wrapping_add(splat(0x80 - b'0'));
    let above_9 = word.wrapping_add(splat(0x7f - b'9'));
    let from_a = word.wrapping_add(splat(0x80 - b'a'));
    let above_f = word.wrapping_add(splat(0x7f - b'f'));
    let hex = (from_0 & !above_9) | (from_a & !above_f);
    !hex & HIGH_BITS
}

/// The number that eight valid digits stand for.
#[inline(always)]
pub(crate) const fn value(word: u64) -> u32 {
    // Letters have bit 6 set and count from 1 in their low four bits.
    let digits = (word & splat(0x0f)) + ((word >> 6) & splat(0x01)) * 9;
    let pairs = ((digits << 4) | (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    ((quads | (quads >> 16)) as u32).swap_bytes()
}

/// The eight digits of `value`.
#[inline(always)]
const fn word(value: u32) -> u64 {
    let quads = value.swap_bytes() as u64;
    let pairs = (quads | (quads << 16)) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs | (pairs << 8)) & 0x00ff_00ff_00ff_00ff;
    let digits = ((bytes >> 4) | (bytes << 8)) & splat(0x0f);
    let letters = ((digits + splat(6)) >> 4) & splat(0x01);
    digits + splat(b'0') + letters * (b'a' - b'0' - 10) as u64
}

/// Sixteen digits.
#[inline(always)]
pub(crate) const fn encode_u64(value: u64) -> [u8; 16] {
    let high = word((value >> 32) as u32) as u128;
    let low = word(value as u32) as u128;
    (high | (low << 64)).to_le_bytes()
}

/// Copies `from` into `text` at `at`, which must be at most `N - M`.
#[inline(always)]
pub(crate) const fn copy<const M: usize, const N: usize>(
    from: [u8; M],
    text: &mut [u8; N],
    at: usize,
) {
    let mut i = 0;
    while i < M {
        text[at + i] = from[i];
        i += 1;
    }
}

/// The two digits of a byte.
#[inline(always)]
pub(crate) const fn encode_byte(value: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [
        DIGITS[(value >> 4) as usize],
        DIGITS[(value & 0x0f) as usize],
    ]
}

/// The value of a lower-case hex digit.
#[inline(always)]
pub(crate) const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The offset of the first byte that is not a lower-case hex digit.
pub(crate) const fn first_fault(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        if digit(text[at]).is_none() {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// ASCII as text.
pub(crate) const fn as_str(ascii: &[u8]) -> &str {
    match core::str::from_utf8(ascii) {
        Ok(text) => text,
        // Callers pass digits and dashes that this crate wrote, or bytes that it has checked.
        Err(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{digit, faults};

    #[test]
    fn faults_do_not_hide_their_neighbours() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let word =
                    u64::from_le_bytes([b'0', first, second, b'f', first, second, first, b'9']);
                let valid = digit(first).is_some() && digit(second).is_some();
                assert_eq!(faults(word) == 0, valid, "{first:#x} {second:#x}");
            }
        }
    }
}
