use super::{Error, MAX_BYTES, MAX_MEMBERS};
use crate::list::{Parts, trim};

/// Checks a whole list.
pub(super) fn check(text: &[u8]) -> Result<(), Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::TooLong);
    }
    let mut members = 0;
    for (at, member) in Parts::new(text, 0, b',') {
        if member.is_empty() {
            continue;
        }
        members += 1;
        if members > MAX_MEMBERS {
            return Err(Error::TooManyMembers);
        }
        check_member(member, at)?;
    }
    Ok(())
}

/// Checks a member that starts at offset `at`.
fn check_member(member: &[u8], at: usize) -> Result<(), Error> {
    let mut parts = Parts::new(member, at, b';');
    if let Some((at, pair)) = parts.next() {
        if let Some(end) = check_pair(pair, at)? {
            return Err(Error::MissingValue { at: end });
        }
    }
    parts.try_for_each(|(at, property)| check_pair(property, at).map(|_| ()))
}

/// Checks `key = value` at offset `at`. If it is a key alone, gives the offset of its end.
fn check_pair(pair: &[u8], at: usize) -> Result<Option<usize>, Error> {
    let Some(equals) = pair.iter().position(|&byte| byte == b'=') else {
        check_key(pair, at)?;
        return Ok(Some(at + pair.len()));
    };
    let (key, value) = pair.split_at(equals);
    let (key_at, key) = trim(at, key);
    check_key(key, key_at)?;
    let (value_at, value) = trim(at + equals + 1, value.get(1..).unwrap_or_default());
    match value.iter().position(|&byte| !in_value(byte)) {
        Some(fault) => Err(Error::InvalidValue {
            at: value_at + fault,
        }),
        None => Ok(None),
    }
}

/// Checks a key that starts at offset `at`.
pub(super) fn check_key(key: &[u8], at: usize) -> Result<(), Error> {
    match key.iter().position(|&byte| !in_key(byte)) {
        Some(fault) => Err(Error::InvalidKey { at: at + fault }),
        None if key.is_empty() => Err(Error::InvalidKey { at }),
        None => Ok(()),
    }
}

/// A character of a token: RFC 9110, section 5.6.2.
const fn in_key(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    ) || byte.is_ascii_alphanumeric()
}

/// The specification's `baggage-octet`.
pub(super) const fn in_value(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b',' | b';' | b'\\')
}
