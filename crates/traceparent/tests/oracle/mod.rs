//! The rules once more, slowly and from the text of the specifications, to test the codec against.
#![allow(dead_code, unreachable_pub)]

/// Trace id, parent id and known flags of a `traceparent`.
pub fn traceparent(value: &[u8]) -> Option<(u128, u64, u8)> {
    // What is no text has no place in the known fields, and any place behind them.
    let text = String::from_utf8_lossy(value);
    let fields: Vec<&str> = text.split('-').collect();
    let [version, trace_id, parent_id, flags, rest @ ..] = fields.as_slice() else {
        return None;
    };
    if hex(version, 2)? == 0xff || (*version == "00" && !rest.is_empty()) {
        return None;
    }
    let trace_id = hex(trace_id, 32).filter(|id| *id != 0)?;
    let parent_id = hex(parent_id, 16).filter(|id| *id != 0)?;
    Some((trace_id, parent_id as u64, hex(flags, 2)? as u8 & 0x03))
}

fn hex(field: &str, len: usize) -> Option<u128> {
    let right = field.len() == len && field.chars().all(|c| "0123456789abcdef".contains(c));
    right.then(|| u128::from_str_radix(field, 16).unwrap())
}

/// Members of a `tracestate`.
pub fn tracestate(value: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(value).ok()?;
    let mut members = Vec::new();
    for member in text.split(',') {
        let member = member.trim_matches([' ', '\t']);
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        let start = "abcdefghijklmnopqrstuvwxyz0123456789";
        let key_ok = key
            .chars()
            .enumerate()
            .all(|(i, c)| start.contains(c) || (i > 0 && "_-*/@".contains(c)));
        let value_ok = value.chars().all(|c| (' '..='~').contains(&c) && c != '=');
        if !key_ok
            || !value_ok
            || !(1..=256).contains(&key.len())
            || !(1..=256).contains(&value.len())
        {
            return None;
        }
        members.push((key.to_owned(), value.to_owned()));
    }
    (members.len() <= 32).then_some(members)
}

/// Whole members of a `tracestate` until the text has at most `limit` bytes.
pub fn truncate(mut members: Vec<(String, String)>, limit: usize) -> String {
    let write = |members: &[(String, String)]| {
        let members: Vec<String> = members
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        members.join(",")
    };
    members.truncate(32);
    while write(&members).len() > limit {
        let long = members
            .iter()
            .rposition(|(key, value)| key.len() + value.len() + 1 > 128);
        members.remove(long.unwrap_or(members.len() - 1));
    }
    write(&members)
}

/// Key, decoded value and properties of a member of `baggage`.
pub type BaggageMember = (String, String, Vec<(String, Option<String>)>);

/// Members of a `baggage` value.
pub fn baggage(value: &[u8]) -> Option<Vec<BaggageMember>> {
    let text = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.len() <= 8192)?;
    let mut members = Vec::new();
    for member in text.split(',').filter(|member| !ows(member).is_empty()) {
        let mut parts = Vec::new();
        for part in member.split(';') {
            let (key, value) = match part.split_once('=') {
                Some((key, value)) => (ows(key), Some(ows(value))),
                None => (ows(part), None),
            };
            let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            let octet = |c: char| {
                c == '!'
                    || ('#'..='+').contains(&c)
                    || ('-'..=':').contains(&c)
                    || ('<'..='[').contains(&c)
                    || (']'..='~').contains(&c)
            };
            if key.is_empty() || !key.chars().all(token) || !value.unwrap_or("").chars().all(octet)
            {
                return None;
            }
            parts.push((key.to_owned(), value.map(percent_decode)));
        }
        let (key, value) = parts.remove(0);
        members.push((key, value?, parts));
    }
    (members.len() <= 64).then_some(members)
}

fn ows(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn percent_decode(text: &str) -> String {
    let text = text.as_bytes();
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let escape = (text[at] == b'%' && at + 2 < text.len())
            .then(|| std::str::from_utf8(&text[at + 1..at + 3]).unwrap())
            .filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))
            .map(|digits| u8::from_str_radix(digits, 16).unwrap());
        bytes.push(escape.unwrap_or(text[at]));
        at += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
