//! The usual way to write a message: no white space, no escapes where it matters, and all of it in
//! one chunk.
//!
//! Of such a message everything is where it can be looked up, so that no state has to be kept
//! between two bytes, which saves two thirds of the time. What is written in any other way, broken
//! or cut, is refused here before anything has been noted, and left to the
//! [`Reader`](crate::reader::Reader), with the same result.

mod answer;
mod cursor;
mod request;

pub(crate) use self::{answer::answer, request::request};

/// Whether it is worth a try: what is cut by the end of the chunk would be read in vain.
pub(crate) fn may_be_whole(chunk: &[u8]) -> bool {
    matches!(chunk, [b'{', .., b'}'])
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::{answer, request};
    use crate::{id::Id, message::Message};

    fn is_read(message: &str) -> bool {
        request(message.as_bytes(), 0, &mut Message::default()).is_some()
    }

    fn is_answer_read(message: &str) -> bool {
        answer(message.as_bytes(), Some(&Id::from(1)), 0).is_some()
    }

    #[test]
    fn what_the_usual_peers_write_is_read_here() {
        for message in [
            // rmcp, before and since 2026-07-28.
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":0,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01","tracestate":"wrap=client"},"name":"greet"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"rmcp","version":"3.9.0"},"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":0,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01","tracestate":"wrap=client"},"name":"greet"}}"#,
            r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"capabilities":{},"clientInfo":{"name":"rmcp","version":"3.9.0"},"protocolVersion":"2026-07-28"}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            // The Python SDK.
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"h\"i"},"_meta":{"traceparent":"00-723fb910d4c683562249a195c9c3e335-ab5c1ad40c87347b-03"}}}"#,
            // The TypeScript SDK.
            r#"{"method":"tools/call","params":{"name":"echo","arguments":{}},"jsonrpc":"2.0","id":3}"#,
            r#"{"jsonrpc":"2.0","id":"a-1","method":"resources/read","params":{"uri":"file:///a"}}"#,
        ] {
            assert!(is_read(message), "{message}");
        }
        for message in [
            r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"h\"i"}],"isError":false}}"#,
            r#"{"result":{"content":[],"structuredContent":{"a":[1]},"isError":true},"jsonrpc":"2.0","id":"1"}"#,
            r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"who?","data":{"a":1}}}"#,
        ] {
            assert!(is_answer_read(message), "{message}");
        }
    }

    #[test]
    fn what_is_refused_leaves_no_trace() {
        fn check(bytes: &[u8]) {
            let mut message = Message::default();
            let shown = format!("{message:?}");
            assert!(
                request(bytes, 0, &mut message).is_none(),
                "{}",
                bytes.escape_ascii()
            );
            assert_eq!(format!("{message:?}"), shown);
        }
        for message in [
            r#"{"jsonrpc": "2.0","id":1,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"a","name":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"\u006d"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":01,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":{},"id":1.5}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"traceparent":1}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"id":1,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{},"_meta":{"name":"x"}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":"method":"m"}"#,
        ] {
            check(message.as_bytes());
        }
        check(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\xFF\"}");
    }

    #[test]
    fn a_traceparent_ends_at_its_first_quote() {
        // With a quote where that of a usual one is.
        let rest_of_usual = "x".repeat(55 - r#"00","tracestate":""#.len());
        for (meta, traceparent) in [
            (
                format!(r#""traceparent":"00","tracestate":"{rest_of_usual}""#),
                "00",
            ),
            (
                format!(r#""traceparent":"{}""#, "x".repeat(55)),
                &*"x".repeat(55),
            ),
            (
                format!(r#""traceparent":"{}""#, "x".repeat(56)),
                &*"x".repeat(56),
            ),
        ] {
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{{{meta}}}}}}}"#
            );
            let mut message = Message::default();
            assert!(
                request(text.as_bytes(), 0, &mut message).is_some(),
                "{text}"
            );
            assert_eq!(message.trace().traceparent().text(), Some(traceparent));
        }
        // This quote is escaped, and none ends the string.
        assert!(!is_read(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{{"traceparent":"{}\"}}}}}}"#,
            "x".repeat(54)
        )));
    }

    #[test]
    fn content_ends_where_its_bracket_does() {
        for content in [
            r#"[{"type":"text","text":""}]"#,
            r#"[{"type":"text","text":"}]\"}]"}]"#,
            r#"[{"type":"text","text":"a\}],"}]"#,
            r#"[{"type":"text","text":"a","b":[]},{"isError":false}]"#,
        ] {
            let message = format!(r#"{{"id":1,"result":{{"content":{content},"isError":true}}}}"#);
            let found = answer(message.as_bytes(), Some(&Id::from(1)), 0);
            assert!(
                found.is_some_and(|found| found.answer.tool_error),
                "{message}"
            );
        }
        assert!(!is_answer_read(
            r#"{"id":1,"result":{"content":[{"type":"text","text":"a"}],"isError":1}}"#
        ));
    }

    #[test]
    fn a_second_key_is_not_taken_for_what_follows_it() {
        for answer in [
            r#"{"jsonrpc":"2.0","id":1,"id":"result":{}}"#,
            r#"{"id":1,"result":{},"result":{"isError":true}}"#,
            r#"{"id":1,"error":{},"error":{"code":1}}"#,
        ] {
            assert!(!is_answer_read(answer), "{answer}");
        }
    }
}
