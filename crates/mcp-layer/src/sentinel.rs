//! Header values in Base64, as MCP 2026-07-28 sends what a header cannot hold.

/// What such a value begins with.
pub(crate) const START: &str = "=?base64?";

/// The name in `=?base64?...?=`, which holds UTF-8; `None` if it is broken.
pub(crate) fn decode(value: &str) -> Option<String> {
    let encoded = value.strip_prefix(START)?.strip_suffix("?=")?;
    String::from_utf8(base64(encoded)?).ok()
}

/// [RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4), with its padding.
fn base64(encoded: &str) -> Option<Vec<u8>> {
    let digits = encoded.trim_end_matches('=');
    if encoded.len() % 4 != 0 || encoded.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3);
    for group in digits.as_bytes().chunks(4) {
        let mut bits = 0;
        for place in 0..4 {
            let digit = group.get(place).map_or(Some(0), |&digit| value_of(digit))?;
            bits = bits << 6 | digit;
        }
        bytes.extend_from_slice(u32::to_be_bytes(bits).get(1..group.len())?);
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::{base64, decode};

    /// [RFC 4648, section 10](https://www.rfc-editor.org/rfc/rfc4648#section-10).
    #[test]
    fn the_vectors_of_the_rfc() {
        for (encoded, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(base64(encoded).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(base64("+/+/").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
    }

    #[test]
    fn what_is_broken_is_no_name() {
        for broken in [
            "Z", "Zg", "Zg=", "Z===", "====", "Zm9v=", "Zm 9", "Zm9-", "=Zg=", "Zg==Zg==",
        ] {
            assert_eq!(base64(broken), None, "{broken}");
        }
        for broken in ["=?base64?Zg==", "=?base64?", "=?base64?/w==?="] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn only_the_sentinel_is_decoded() {
        for (value, name) in [
            ("greet", None),
            ("=?base64?IHBhZGRlZCA=?=", Some(" padded ")),
            ("=?base64?w7xiZXI=?=", Some("über")),
            ("=?BASE64?Zg==?=", None),
        ] {
            assert_eq!(decode(value).as_deref(), name);
        }
    }
}
