use super::{Error, MAX_MEMBERS};
use crate::list::{Parts, trim_end};

const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

/// Checks a whole list.
pub(super) fn check(text: &[u8]) -> Result<(), Error> {
    let mut members = 0;
    for (at, member) in Parts::new(text, 0, b',') {
        if member.is_empty() {
            continue;
        }
        members += 1;
        if members > MAX_MEMBERS {
            return Err(Error::TooManyMembers);
        }
        check_member(member).map_err(|error| error.shift(at))?;
    }
    Ok(())
}

fn check_member(member: &[u8]) -> Result<(), Error> {
    let Some(equals) = member.iter().position(|&byte| byte == b'=') else {
        check_key(member)?;
        return Err(Error::MissingValue { at: member.len() });
    };
    let (key, value) = member.split_at(equals);
    check_key(key)?;
    let value = value.get(1..).unwrap_or_default();
    check_value(value).map_err(|error| error.shift(equals + 1))
}

/// Checks a key, which starts at offset 0.
pub(super) fn check_key(key: &[u8]) -> Result<(), Error> {
    if !key.first().is_some_and(|&byte| starts_key(byte)) {
        return Err(Error::InvalidKey { at: 0 });
    }
    if key.len() > MAX_KEY {
        return Err(Error::KeyTooLong { at: 0 });
    }
    match key.iter().position(|&byte| !in_key(byte)) {
        Some(at) => Err(Error::InvalidKey { at }),
        None => Ok(()),
    }
}

/// Checks a value, which starts at offset 0.
pub(super) fn check_value(value: &[u8]) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::MissingValue { at: 0 });
    }
    if value.len() > MAX_VALUE {
        return Err(Error::ValueTooLong { at: 0 });
    }
    if let Some(at) = value.iter().position(|&byte| !in_value(byte)) {
        return Err(Error::InvalidValue { at });
    }
    if value.ends_with(b" ") {
        let at = trim_end(value).len();
        return Err(Error::InvalidValue { at });
    }
    Ok(())
}

const fn starts_key(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9')
}

const fn in_key(byte: u8) -> bool {
    starts_key(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
}

const fn in_value(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=')
}
