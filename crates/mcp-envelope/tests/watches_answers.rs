//! When an answer has been seen whole, and what it says.

use mcp_envelope::{Answer, AnswerWatcher, Id};

fn json(id: i64, body: &str) -> Option<Answer> {
    let mut watcher = AnswerWatcher::json(Some(Id::Number(id)));
    let answer = watcher.push(body.as_bytes()).cloned();
    assert!(watcher.finish().is_none());
    assert_eq!(answer.is_some(), watcher.answer().is_some());
    answer
}

/// The text up to the byte that completed the answer.
fn sse(id: Option<Id>, stream: &str) -> Option<(&str, Answer)> {
    let mut watcher = AnswerWatcher::sse(id);
    for (at, byte) in stream.bytes().enumerate() {
        if let Some(answer) = watcher.push(&[byte]).cloned() {
            assert!(
                watcher.push(&stream.as_bytes()[at + 1..]).is_none(),
                "an answer is reported once"
            );
            assert!(watcher.answer().is_some());
            return Some((&stream[..=at], answer));
        }
    }
    assert!(watcher.finish().is_none() && watcher.answer().is_none());
    None
}

const LEGACY_INITIALIZE: &str = "data: \nid: 0\nretry: 3000\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"rmcp\",\"version\":\"3.9.0\"}}}\n\n";
const LEGACY_CALL: &str = "data: \nid: 0/0\nretry: 3000\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"isError\":false}}\nid: 1/0\n\n";
const MODERN_CALL: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"isError\":false}}\n\n";

#[test]
fn the_answers_of_rmcp() {
    let (seen, answer) = sse(Some(Id::Number(0)), LEGACY_INITIALIZE).unwrap();
    assert_eq!(seen, LEGACY_INITIALIZE);
    assert_eq!(answer.protocol_version(), Some("2025-11-25"));

    let (seen, answer) = sse(Some(Id::Number(1)), LEGACY_CALL).unwrap();
    assert_eq!(seen, LEGACY_CALL);
    assert!(!answer.is_tool_error() && answer.error().is_none());
    assert_eq!(answer.result_type(), None);

    let (seen, answer) = sse(Some(Id::Number(1)), MODERN_CALL).unwrap();
    assert_eq!(seen, MODERN_CALL);
    assert_eq!(answer.result_type(), Some("complete"));
    assert_eq!(answer.protocol_version(), None);
}

#[test]
fn the_answers_of_rmcp_cut_anywhere() {
    for stream in [LEGACY_INITIALIZE, LEGACY_CALL, MODERN_CALL] {
        for at in 0..stream.len() {
            let mut watcher = AnswerWatcher::sse(None);
            assert!(watcher.push(&stream.as_bytes()[..at]).is_none());
            assert!(
                watcher.push(&stream.as_bytes()[at..]).is_some(),
                "cut at {at}"
            );
        }
    }
}

#[test]
fn an_error() {
    let answer = json(1, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no \"x\"\u0021","data":{"code":1}}}"#).unwrap();
    let error = answer.error().unwrap();
    assert_eq!(error.code(), -32602);
    assert_eq!(error.message(), "no \"x\"!");
    assert!(!answer.is_tool_error());
}

#[test]
fn an_error_of_the_wrong_shape() {
    for (error, code, message) in [
        (r#"{"code":"x","message":7}"#, 0, ""),
        (r#"{"code":1.5}"#, 0, ""),
        (r#"{"message":"m","code":-1,"code":2}"#, -1, "m"),
        ("{}", 0, ""),
        ("[]", 0, ""),
        (r#""text""#, 0, ""),
        ("true", 0, ""),
    ] {
        let answer = json(1, &format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#)).unwrap();
        let found = answer.error().unwrap();
        assert_eq!((found.code(), found.message()), (code, message), "{error}");
    }
    let answer = json(
        1,
        r#"{"jsonrpc":"2.0","id":1,"error":null,"result":{"isError":true}}"#,
    )
    .unwrap();
    assert!(answer.error().is_none() && answer.is_tool_error());
}

#[test]
fn a_long_error_message_is_cut_between_characters() {
    for text in ["é".repeat(600), "\\u00e9".repeat(600)] {
        let answer = json(
            1,
            &format!(r#"{{"id":1,"error":{{"code":1,"message":"{text}"}}}}"#),
        )
        .unwrap();
        assert_eq!(answer.error().unwrap().message(), "é".repeat(512));
    }
    let text = format!("a{}", "é".repeat(600));
    let answer = json(
        1,
        &format!(r#"{{"id":1,"error":{{"code":1,"message":"{text}"}}}}"#),
    )
    .unwrap();
    assert_eq!(
        answer.error().unwrap().message(),
        format!("a{}", "é".repeat(511))
    );
}

#[test]
fn a_tool_error_is_true_and_in_the_result_itself() {
    let tool_error = |result: &str| {
        json(
            1,
            &format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#),
        )
        .unwrap()
        .is_tool_error()
    };
    assert!(tool_error(r#"{"isError":true}"#));
    assert!(tool_error(
        r#"{"content":[{"type":"text","text":"\"isError\":false"}],"isError" : true }"#
    ));
    assert!(tool_error(
        r#"{"structuredContent":{"isError":false},"is\u0045rror":true,"isError":false}"#
    ));
    for result in [
        r#"{"isError":false}"#,
        r#"{"isError":"true"}"#,
        r#"{"isError":1}"#,
        r#"{"isError":[true]}"#,
        r#"{"structuredContent":{"isError":true}}"#,
        r#"{"isError":false,"isError":true}"#,
        r#"[{"isError":true}]"#,
        "true",
        "null",
    ] {
        assert!(!tool_error(result), "{result}");
    }
}

#[test]
fn more_input_is_asked_for() {
    let answer = json(
        1,
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{}}}"#,
    )
    .unwrap();
    assert_eq!(answer.result_type(), Some("input_required"));
}

#[test]
fn only_the_wanted_id_is_answered() {
    assert!(json(1, r#"{"jsonrpc":"2.0","id":2,"result":{}}"#).is_none());
    assert!(
        json(1, r#"{"jsonrpc":"2.0","id":"1","result":{}}"#).is_some(),
        "some servers make ids strings"
    );
    assert!(json(1, r#"{"jsonrpc":"2.0","id":"+1","result":{}}"#).is_none());
    assert!(json(1, r#"{"jsonrpc":"2.0","id":1.0,"result":{}}"#).is_none());
    assert!(json(1, r#"{"jsonrpc":"2.0","id":[1],"result":{}}"#).is_none());
    assert!(json(1, r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#).is_some());
    assert!(json(1, r#"{"jsonrpc":"2.0","result":{}}"#).is_none());
    assert!(
        json(1, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).is_none(),
        "a request of the server"
    );
    assert!(json(1, r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#).is_none());
    assert!(json(1, r#"{"jsonrpc":"2.0","id":1}"#).is_none());

    let mut watcher = AnswerWatcher::json(Some(Id::from("1")));
    assert!(
        watcher
            .push(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
            .is_none()
    );
    let mut watcher = AnswerWatcher::json(None);
    assert!(
        watcher
            .push(br#"{"jsonrpc":"2.0","id":"any","result":{}}"#)
            .is_some()
    );
}

#[test]
fn an_error_without_id_answers_every_request() {
    for id in ["", r#""id":null,"#] {
        let error =
            format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":-32700,"message":"parse error"}}}}"#);
        assert_eq!(json(1, &error).unwrap().error().unwrap().code(), -32700);
        let result = format!(r#"{{"jsonrpc":"2.0",{id}"result":{{}}}}"#);
        assert!(json(1, &result).is_none());
    }
}

#[test]
fn a_json_answer_ends_with_its_bracket() {
    let body = r#"{"jsonrpc":"2.0","id":1,"result":{"a":"}"}}"#;
    for at in 0..body.len() {
        let mut watcher = AnswerWatcher::json(Some(Id::Number(1)));
        assert!(watcher.push(&body.as_bytes()[..at]).is_none());
        assert!(watcher.answer().is_none());
        assert!(watcher.push(&body.as_bytes()[at..]).is_some());
        assert!(watcher.push(body.as_bytes()).is_none());
    }
    let mut watcher = AnswerWatcher::json(Some(Id::Number(1)));
    watcher.push(&body.as_bytes()[..body.len() - 1]);
    assert!(watcher.finish().is_none() && watcher.answer().is_none());
    assert!(watcher.push(b"}").is_none(), "the body has ended");
}

#[test]
fn an_answer_in_a_batch() {
    let batch = r#"[{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","id":1,"error":{"code":3}},{"jsonrpc":"2.0","id":2,"result":{"isError":true}},{"jsonrpc":"2.0","id":3,"result":{}}]"#;
    assert_eq!(json(1, batch).unwrap().error().unwrap().code(), 3);
    let answer = json(2, batch).unwrap();
    assert!(answer.is_tool_error() && answer.error().is_none());
    assert!(!json(3, batch).unwrap().is_tool_error());
    assert!(json(4, batch).is_none());
    assert!(json(3, &batch[..batch.len() - 1]).is_none());
    assert!(json(1, "[]").is_none());
    assert!(json(1, r#"[{"id":1,"result":{}} 7]"#).is_none());
}

#[test]
fn line_ends_comments_marks_and_lines_of_data() {
    for stream in [
        "data: {\"id\":1,\"result\":{}}\n\n|",
        "data: {\"id\":1,\"result\":{}}\r\r|",
        "data: {\"id\":1,\"result\":{}}\r\n\r|\n",
        "data:{\"id\":1,\"result\":{}}\n\n|",
        "\u{feff}data:{\"id\":1,\"result\":{}}\n\n|",
        ":\n: data: {\n\n\n\r\ndata: {\"id\":1,\"result\":{}}\n\n|",
        "data: {\"id\":1,\r\ndata:\"result\":\rdata: {}\ndata: }\n\n|",
        "data\ndata: {\"id\":1,\"result\":{}}\ndata:\n\n|",
        "event: message\ndata: {\"id\":1,\"result\":{}}\nid: 7\nretry: 1\nx\n\n|",
        "data: not JSON\n\ndata: {\"id\":1,\"result\":{}}\n\n|",
        "data: {\"id\":1,\ndata: }\n\ndata: {\"id\":1,\"result\":{}}\n\n|",
        "data: {\"id\":1,\"result\":\n\ndata: {\"id\":1,\"result\":{}}\n\n|",
        "data: {\"id\":2,\"result\":{}}\n\ndata: {\"id\":1,\"method\":\"m\"}\n\ndata: {\"id\":1,\"result\":{}}\n\n|",
        "data: [{\"id\":1,\"result\":{}}\n\ndata: {\"id\":1,\"result\":{}}\n\n|",
    ] {
        let (due, after) = stream.split_once('|').unwrap();
        let stream = format!("{due}{after}");
        let (seen, _) = sse(Some(Id::Number(1)), &stream).unwrap_or_else(|| panic!("{stream:?}"));
        assert_eq!(seen, due);
    }
}

#[test]
fn what_is_not_dispatched_is_no_answer() {
    for stream in [
        "data: {\"id\":1,\"result\":{}}\n",
        "data: {\"id\":1,\"result\":{}}\r\n",
        "data: {\"id\":1,\"result\":{}}",
        " data: {\"id\":1,\"result\":{}}\n\n",
        "Data: {\"id\":1,\"result\":{}}\n\n",
        "dat: {\"id\":1,\"result\":{}}\n\n",
        "datum: {\"id\":1,\"result\":{}}\n\n",
        "data : {\"id\":1,\"result\":{}}\n\n",
        ": data: {\"id\":1,\"result\":{}}\n\n",
        "\u{feff}\u{feff}data: {\"id\":1,\"result\":{}}\n\n",
        "{\"id\":1,\"result\":{}}\n\n",
        "data: {\"id\":1,\n\ndata: \"result\":{}}\n\n",
        "",
    ] {
        assert!(sse(Some(Id::Number(1)), stream).is_none(), "{stream:?}");
    }
}

#[test]
fn nothing_of_one_event_reaches_the_next() {
    let stream = "data: {\"id\":2,\"error\":{\"code\":5}}\n\ndata: {\"id\":9,\"result\":{\"isError\":true,\"resultType\":\"x\"}}\n\ndata: {\"id\":1,\"result\":{}}\n\n";
    let (_, answer) = sse(Some(Id::Number(1)), stream).unwrap();
    assert!(answer.error().is_none() && !answer.is_tool_error() && answer.result_type().is_none());
}

#[test]
fn half_a_byte_order_mark_is_part_of_a_name() {
    for start in [&b"\xEF"[..], b"\xEF\xBB"] {
        let stream = [start, b"data: {\"id\":1,\"result\":{}}\n\n"].concat();
        let mut watcher = AnswerWatcher::sse(Some(Id::Number(1)));
        assert!(watcher.push(&stream).is_none());
    }
}
