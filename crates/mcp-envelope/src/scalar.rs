//! Numbers and the three words of JSON (RFC 8259, sections 3 and 6).

use core::str;

use crate::capture::Text;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is no `i64`, as it was written.
    Number(Text<'a>),
}

impl<'a> Scalar<'a> {
    /// Reads a whole lexeme; `None` if JSON has no such thing.
    pub(crate) fn read(lexeme: &'a [u8]) -> Option<Scalar<'a>> {
        if let Some(integer) = short_integer(lexeme) {
            return Some(Scalar::Integer(integer));
        }
        match lexeme {
            b"null" => Some(Scalar::Null),
            b"true" => Some(Scalar::Bool(true)),
            b"false" => Some(Scalar::Bool(false)),
            _ => {
                let text = str::from_utf8(lexeme).ok().filter(|text| is_number(text))?;
                let number = Scalar::Number(Text::Whole(lexeme));
                Some(text.parse().map_or(number, Scalar::Integer))
            }
        }
    }
}

/// Whether a number or word can start with this byte.
#[inline]
pub(crate) const fn starts(byte: u8) -> bool {
    matches!(byte, b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

/// Whether this byte could belong to a number or word.
#[inline]
pub(crate) const fn belongs(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E')
}

/// The bytes of `input` that could belong to a number or word.
#[inline]
pub(crate) fn run(input: &[u8]) -> usize {
    input.iter().take_while(|byte| belongs(**byte)).count()
}

/// Numbers that cannot overflow, which most ids are.
#[inline]
fn short_integer(lexeme: &[u8]) -> Option<i64> {
    let (digits, sign) = match lexeme {
        [b'-', digits @ ..] => (digits, -1),
        digits => (digits, 1),
    };
    if digits.is_empty() || digits.len() > 18 || digits.len() > 1 && digits.starts_with(b"0") {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value * sign)
}

fn is_number(lexeme: &str) -> bool {
    let number = lexeme.strip_prefix('-').unwrap_or(lexeme);
    let (number, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && digits(fraction)
        && digits(exponent)
}
