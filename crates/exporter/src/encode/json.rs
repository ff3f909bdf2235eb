//! Writing JSON without building it first.

use std::io::Write;

/// Writes a string with its quotes and escapes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    // Nearly all need no escape.
    if is_plain(text) {
        quoted(out, text.as_bytes());
    } else {
        // Writing into memory does not fail, nor does a string.
        let _ = serde_json::to_writer(out, text);
    }
}

/// Whether no byte needs an escape: eight at a time, the last ones twice rather than one by one.
pub(super) fn is_plain(text: &str) -> bool {
    let text = text.as_bytes();
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // The high bit of a byte that is zero, or less than 0x20, becomes 1.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let special = |bytes: [u8; 8]| {
        let word = u64::from_le_bytes(bytes);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        (control | quote | backslash) & HIGH
    };
    let Some(last) = text.last_chunk() else {
        return text
            .iter()
            .all(|byte| *byte >= 0x20 && *byte != b'"' && *byte != b'\\');
    };
    let mut found = special(*last);
    let mut rest = text;
    while let Some((first, after)) = rest.split_first_chunk() {
        found |= special(*first);
        rest = after;
    }
    found == 0
}

/// Writes what needs no escape between quotes.
pub(super) fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// Writes an integer.
pub(super) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes a 64-bit integer by the ProtoJSON mapping, as a string.
pub(super) fn integer64(out: &mut Vec<u8>, value: impl itoa::Integer) {
    quoted(out, itoa::Buffer::new().format(value).as_bytes());
}

/// Writes `"key":`, with a comma before it unless it is the first.
pub(super) fn key(out: &mut Vec<u8>, key: &str) {
    if !matches!(out.last(), None | Some(b'{' | b'[')) {
        out.push(b',');
    }
    string(out, key);
    out.push(b':');
}

/// Writes formatted text as it is.
pub(super) fn raw(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// Writes a double by the ProtoJSON mapping, where what is no number is a string.
pub(super) fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        let _ = serde_json::to_writer(out, &value);
    } else if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else {
        out.extend_from_slice(if value > 0.0 {
            b"\"Infinity\""
        } else {
            b"\"-Infinity\""
        });
    }
}

#[cfg(test)]
mod tests {
    use super::string;

    #[test]
    fn strings_are_escaped_wherever_it_is_needed() {
        for text in ["", "plain", "ü€😀", "\u{7f}"] {
            let mut out = Vec::new();
            string(&mut out, text);
            assert_eq!(out, format!("\"{text}\"").into_bytes());
        }
        for special in (0..0x20).chain(*b"\"\\").map(char::from) {
            for (before, after) in
                (0..20).flat_map(|before| (0..20).map(move |after| (before, after)))
            {
                let text = format!("{}{special}{}", "x".repeat(before), "é".repeat(after));
                let mut out = Vec::new();
                string(&mut out, &text);
                assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            }
        }
    }
}
