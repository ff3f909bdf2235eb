//! Writing JSON without building it first.

use std::io::Write;

/// Writes a string with its quotes and escapes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    // Nearly all need no escape. Looking at every byte, without a way out, is what the
    // compiler turns into vector instructions.
    let plain = text.bytes().fold(true, |plain, byte| {
        plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\')
    });
    if plain {
        quoted(out, text.as_bytes());
    } else {
        // Writing into memory does not fail, nor does a string.
        let _ = serde_json::to_writer(out, text);
    }
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
            for text in [
                format!("{special}"),
                format!("{0}{special}{0}", "x".repeat(70)),
            ] {
                let mut out = Vec::new();
                string(&mut out, &text);
                assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            }
        }
    }
}
