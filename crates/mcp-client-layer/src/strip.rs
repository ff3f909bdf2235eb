//! Takes a foreign context out of a message.

use mcp_envelope::{Message, MetaValue, RequestScanner};

/// A message with more copies of a key than this is left as it is.
const MAX_MEMBERS: usize = 8;

/// Bytes that are scanned at once while the place of a value is looked for.
const STRIDE: usize = 4096;

/// `body` without the members `traceparent` and `tracestate` of its `_meta`; every other byte
/// stays. `None` where one of them is no string.
pub(crate) fn strip_context(body: &[u8]) -> Option<Vec<u8>> {
    let mut body = body.to_vec();
    for _ in 0..MAX_MEMBERS {
        let traceparent: Key = ("traceparent", |message| message.trace().traceparent());
        let tracestate: Key = ("tracestate", |message| message.trace().tracestate());
        let mut done = true;
        for key in [traceparent, tracestate] {
            if let Some(member) = find(&body, key)? {
                body.drain(member);
                done = false;
            }
        }
        if done {
            return Some(body);
        }
    }
    None
}

type Key = (&'static str, fn(&Message) -> MetaValue<'_>);

/// Where the first member with this key lies, together with one comma beside it.
fn find(body: &[u8], (name, value): Key) -> Option<Option<std::ops::Range<usize>>> {
    let Some(end) = end_of_value(body, value) else {
        return Some(None);
    };
    let quote = body.get(..end)?.strip_suffix(b"\"")?.len();
    let value = open_quote(body, quote)?;
    let colon = body
        .get(..value)?
        .trim_ascii_end()
        .strip_suffix(b":")?
        .trim_ascii_end();
    let key = open_quote(body, colon.strip_suffix(b"\"")?.len())?;
    // A key may be written with escapes; then it is longer, never shorter.
    if colon.len() < key + name.len() + 2 {
        return None;
    }
    let before = body.get(..key)?.trim_ascii_end();
    if let Some(before) = before.strip_suffix(b",") {
        return Some(Some(before.len()..end));
    }
    let after = body.get(end..)?.trim_ascii_start();
    let next = after.strip_prefix(b",").unwrap_or(after).trim_ascii_start();
    Some(Some(key..body.len() - next.len()))
}

/// The offset behind the value: the scanner knows it as soon as it has seen so much.
fn end_of_value(body: &[u8], value: fn(&Message) -> MetaValue<'_>) -> Option<usize> {
    let mut scanner = RequestScanner::new();
    let mut from = 0;
    for stride in body.chunks(STRIDE) {
        scanner.push(stride);
        if value(scanner.message()) != MetaValue::Absent {
            break;
        }
        from += stride.len();
    }
    let mut scanner = RequestScanner::new();
    scanner.push(body.get(..from)?);
    for (at, byte) in body.iter().enumerate().skip(from) {
        scanner.push(std::slice::from_ref(byte));
        if value(scanner.message()) != MetaValue::Absent {
            return Some(at + 1);
        }
    }
    None
}

/// The quote that opens the string which the quote at `close` closes: the nearest one before
/// it that is not escaped.
fn open_quote(body: &[u8], close: usize) -> Option<usize> {
    let mut end = close;
    loop {
        let quote = body.get(..end)?.iter().rposition(|&b| b == b'"')?;
        let escapes = body
            .get(..quote)?
            .iter()
            .rev()
            .take_while(|&&b| b == b'\\')
            .count();
        if escapes % 2 == 0 {
            return Some(quote);
        }
        end = quote;
    }
}

#[cfg(test)]
mod tests {
    use super::strip_context;

    fn stripped(params: &str) -> Option<String> {
        let message =
            |params| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{params}}}"#);
        let (before, after) = (message(""), strip_context(message(params).as_bytes()));
        let after = String::from_utf8(after?).unwrap();
        let at = before.len() - 1;
        Some(after[at..after.len() - 1].to_owned())
    }

    #[test]
    fn the_members_go_and_everything_else_stays() {
        for (params, expected) in [
            (r#"{}"#, r#"{}"#),
            (r#"{"traceparent":"x"}"#, r#"{"traceparent":"x"}"#),
            (r#"{"_meta":{"traceparent":"x"}}"#, r#"{"_meta":{}}"#),
            (
                r#"{"_meta":{"traceparent":"x","a":1}}"#,
                r#"{"_meta":{"a":1}}"#,
            ),
            (
                r#"{"_meta":{"a":1,"traceparent":"x"}}"#,
                r#"{"_meta":{"a":1}}"#,
            ),
            (
                r#"{"_meta":{"a":1,"tracestate":"","b":2,"traceparent":"x"}}"#,
                r#"{"_meta":{"a":1,"b":2}}"#,
            ),
            (
                r#"{"_meta":{ "traceparent" : "x" , "a" : 1 } }"#,
                r#"{"_meta":{ "a" : 1 } }"#,
            ),
            (
                r#"{"_meta":{"a":"\"traceparent\":\"\\","\u0074raceparent":"\"\\\\\"" }}"#,
                r#"{"_meta":{"a":"\"traceparent\":\"\\" }}"#,
            ),
            (
                r#"{"_meta":{"traceparent":"x","traceparent":"y"},"name":"z"}"#,
                r#"{"_meta":{},"name":"z"}"#,
            ),
            (
                r#"{"arguments":{"_meta":{"traceparent":"n"}},"_meta":{"traceparent":"x"}}"#,
                r#"{"arguments":{"_meta":{"traceparent":"n"}},"_meta":{}}"#,
            ),
        ] {
            assert_eq!(stripped(params).as_deref(), Some(expected), "{params}");
        }
    }

    #[test]
    fn a_value_that_is_no_string_stays() {
        for value in ["42", "null", "{}", "[\"x\"]", "true"] {
            assert_eq!(
                stripped(&format!(r#"{{"_meta":{{"traceparent":{value}}}}}"#)),
                None,
                "{value}"
            );
        }
    }

    #[test]
    fn far_behind_long_arguments() {
        for len in [4090, 4096, 5000, 9000] {
            let padding = "x".repeat(len);
            let params = format!(r#"{{"arguments":"{padding}","_meta":{{"traceparent":"y"}}}}"#);
            assert_eq!(
                stripped(&params).unwrap(),
                format!(r#"{{"arguments":"{padding}","_meta":{{}}}}"#)
            );
        }
    }
}
