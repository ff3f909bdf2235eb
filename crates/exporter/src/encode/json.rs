//! Writing JSON without building it first.

use std::io::Write;

/// Writes a string with its quotes and escapes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    // Writing into memory does not fail, nor does a string.
    let _ = serde_json::to_writer(out, text);
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
