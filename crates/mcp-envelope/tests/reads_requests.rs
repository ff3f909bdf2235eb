//! What is read of a message from client to server.

use mcp_envelope::{Id, Kind, Message, MetaValue, Progress, RequestScanner, inspect};

fn read(body: &str) -> Message {
    inspect(body.as_bytes())
}

fn kind(body: &str) -> Kind {
    read(body).kind()
}

const LEGACY_CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":0,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01","tracestate":"wrap=client"},"name":"greet"}}"#;
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"_meta":{"tracestate":"wrap=client"},"capabilities":{},"clientInfo":{"name":"rmcp","version":"3.9.0"},"protocolVersion":"2026-07-28"}}"#;
const MODERN_CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"rmcp","version":"3.9.0"},"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":0,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01","tracestate":"wrap=client"},"name":"greet"}}"#;
const PYTHON_CALL: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp","version":"0.1.0"},"io.modelcontextprotocol/clientCapabilities":{},"traceparent":"00-723fb910d4c683562249a195c9c3e335-ab5c1ad40c87347b-03"}}}"#;

#[test]
fn a_legacy_call_of_rmcp() {
    let message = read(LEGACY_CALL);
    assert_eq!(message.kind(), Kind::Request);
    assert!(message.is_complete() && message.is_trace_settled() && !message.is_malformed());
    assert_eq!(message.id(), Some(&Id::Number(1)));
    assert_eq!(message.method(), Some("tools/call"));
    assert_eq!(message.name(), Some("greet"));
    assert_eq!(message.uri(), None);
    assert_eq!(message.protocol_version(), None);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
    assert_eq!(message.trace().traceparent(), MetaValue::Text(traceparent));
    assert_eq!(message.trace().tracestate().text(), Some("wrap=client"));
    assert_eq!(message.trace().baggage(), MetaValue::Absent);
}

#[test]
fn the_handshake_of_rmcp() {
    let message = read(INITIALIZE);
    assert_eq!(message.method(), Some("initialize"));
    assert_eq!(message.id(), Some(&Id::Number(0)));
    assert_eq!(message.protocol_version(), Some("2026-07-28"));
    assert_eq!(
        message.name(),
        None,
        "the client's name is not `params.name`"
    );
}

#[test]
fn a_modern_call_of_rmcp() {
    let message = read(MODERN_CALL);
    assert_eq!(message.name(), Some("greet"));
    assert_eq!(message.protocol_version(), Some("2026-07-28"));
    assert_eq!(message.trace().tracestate().text(), Some("wrap=client"));
}

#[test]
fn a_call_of_the_python_sdk_with_meta_behind_the_arguments() {
    let message = read(PYTHON_CALL);
    assert_eq!(message.id(), Some(&Id::Number(2)));
    assert_eq!(message.name(), Some("echo"));
    assert_eq!(message.protocol_version(), Some("2026-07-28"));
    let traceparent = "00-723fb910d4c683562249a195c9c3e335-ab5c1ad40c87347b-03";
    assert_eq!(message.trace().traceparent().text(), Some(traceparent));
}

#[test]
fn the_same_wherever_the_chunks_are_cut() {
    for body in [LEGACY_CALL, INITIALIZE, MODERN_CALL, PYTHON_CALL] {
        let whole = format!("{:?}", inspect(body.as_bytes()));
        for at in 0..=body.len() {
            let (front, back) = body.as_bytes().split_at(at);
            let mut scanner = RequestScanner::new();
            scanner.push(front);
            scanner.push(b"");
            scanner.push(back);
            scanner.finish();
            assert_eq!(format!("{:?}", scanner.message()), whole, "cut at {at}");
        }
    }
}

#[test]
fn members_in_any_order() {
    let message = read(
        r#"{"params":{"name":"t","_meta":{"baggage":"a=1"}},"method":"tools/call","id":7,"jsonrpc":"2.0"}"#,
    );
    assert_eq!(message.kind(), Kind::Request);
    assert_eq!(message.name(), Some("t"));
    assert_eq!(message.trace().baggage().text(), Some("a=1"));
}

#[test]
fn keys_and_values_with_escapes() {
    let message = read(
        r#"{"jsonrpc":"2\u002e0","i\u0064":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","\u006dethod":"tools\/call","params":{"n\u0061me":"caf\u00E9"}}"#,
    );
    assert_eq!(message.kind(), Kind::Request);
    assert_eq!(message.id(), Some(&Id::from("\"\\/\u{8}\u{c}\n\r\té😀")));
    assert_eq!(message.method(), Some("tools/call"));
    assert_eq!(message.name(), Some("café"));
}

#[test]
fn lone_surrogates_become_replacement_characters() {
    for (written, read_as) in [
        (r"\ud83d", "\u{FFFD}"),
        (r"\ude00", "\u{FFFD}"),
        (r"\ud83dx", "\u{FFFD}x"),
        (r"\ud83d\n", "\u{FFFD}\n"),
        (r"\ud83d\ud83d\ude00", "\u{FFFD}😀"),
        (r"\ud83d\u0041", "\u{FFFD}A"),
    ] {
        let message = read(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{written}"}}}}"#
        ));
        assert_eq!(message.name(), Some(read_as), "{written}");
    }
}

#[test]
fn the_first_of_two_equal_keys_counts() {
    let message = read(
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","method":"x","params":{"name":"a","name":"b","_meta":{"traceparent":7,"traceparent":"00-"},"_meta":{"tracestate":"x=1"}},"params":{"uri":"u"}}"#,
    );
    assert_eq!(message.id(), Some(&Id::Number(1)));
    assert_eq!(message.method(), Some("tools/call"));
    assert_eq!(message.name(), Some("a"));
    assert_eq!(message.trace().traceparent(), MetaValue::Invalid);
    assert_eq!(message.trace().tracestate(), MetaValue::Absent);
    assert_eq!(message.uri(), None);
}

#[test]
fn a_second_meta_is_skipped_whole() {
    for meta in ["{}", "{\"tracestate\":\"x=1\"}", "7"] {
        let message = read(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{meta},"_meta":{{"name":"x","traceparent":"00-"}},"name":"greet"}}}}"#
        ));
        assert_eq!(message.name(), Some("greet"));
        assert_eq!(message.trace().traceparent(), MetaValue::Absent);
    }
}

#[test]
fn each_method_has_its_target() {
    let message =
        read(r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a"}}"#);
    assert_eq!(message.uri(), Some("file:///a"));
    let message =
        read(r#"{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t-1"}}"#);
    assert_eq!(message.task_id(), Some("t-1"));
    let message = read(r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}}"#);
    assert_eq!(message.name(), Some("p"));
}

#[test]
fn the_kinds_of_messages() {
    assert_eq!(
        kind(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
        Kind::Request
    );
    assert_eq!(
        kind(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#),
        Kind::Request
    );
    assert_eq!(
        kind(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
        Kind::Notification
    );
    assert_eq!(
        kind(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        Kind::Response
    );
    assert_eq!(
        kind(r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#),
        Kind::Response
    );
    assert_eq!(
        kind(r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
        Kind::Response
    );
    assert_eq!(
        kind(r#"{"result":1,"jsonrpc":"2.0","id":1,"method":"ping"}"#),
        Kind::Request
    );
    assert_eq!(kind("[]"), Kind::Batch);
}

#[test]
fn what_is_no_json_rpc_message() {
    for body in [
        "",
        " ",
        "null",
        "7",
        "\"jsonrpc\"",
        "{}",
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
    ] {
        assert_eq!(kind(body), Kind::Unknown, "{body}");
    }
}

#[test]
fn malformed_bodies_are_said_to_be() {
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping""#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"#,
        r#"{"jsonrpc":"2.0" "id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":01x,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"pi\xng"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"pi\u12g4"}"#,
        r#"{"jsonrpc":"2.0","id":01,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":-,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1e,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[\]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[\"]}}"#,
        r#"{"jsonrpc":"2.0",}"#,
        r#"{"jsonrpc"}"#,
        r#"{jsonrpc:"2.0"}"#,
        r#"{"jsonrpc":"2.0","id":nope,"method":"ping"}"#,
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        "[,]",
        "[1,]",
        "hello",
    ] {
        let message = read(body);
        assert!(message.is_malformed(), "{body}");
        assert!(!message.is_complete() && message.is_trace_settled());
        assert_eq!(message.kind(), Kind::Unknown);
    }
}

#[test]
fn ids_of_every_sort() {
    let id = |id: &str| {
        read(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#))
            .id()
            .cloned()
    };
    assert_eq!(id("-7"), Some(Id::Number(-7)));
    assert_eq!(id("9223372036854775807"), Some(Id::Number(i64::MAX)));
    assert_eq!(id("\"7\""), Some(Id::from("7")));
    assert_eq!(id("\"\""), Some(Id::from("")));
    assert_eq!(id("null"), None);
    for other in ["1.5", "1e3", "-0.5E+10", "0e-1", "9223372036854775808"] {
        let id = id(other).unwrap();
        assert!(matches!(id, Id::Other(_)));
        assert_eq!(id.to_string(), other);
        assert!(id.answers(&id.clone()));
    }
    assert_ne!(id("1.5"), id("1.25"));
    assert_ne!(id("1.5"), id("\"1.5\""));
}

#[test]
fn trace_members_that_are_no_strings_are_invalid() {
    for value in [
        "42",
        "null",
        "true",
        "[]",
        "{}",
        "[\"00-\"]",
        "{\"traceparent\":\"00-\"}",
    ] {
        let message = read(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{{"traceparent":{value}}}}}}}"#
        ));
        assert_eq!(message.trace().traceparent(), MetaValue::Invalid, "{value}");
        assert_eq!(message.kind(), Kind::Request);
    }
}

#[test]
fn strings_that_are_not_utf8_are_invalid() {
    let mut body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"?","_meta":{"baggage":"?"},"arguments":"?"}}"#.to_vec();
    for byte in &mut body {
        if *byte == b'?' {
            *byte = 0xFF;
        }
    }
    for cut in [false, true] {
        let mut scanner = RequestScanner::new();
        for chunk in body.chunks(if cut { 1 } else { body.len() }) {
            scanner.push(chunk);
        }
        let message = scanner.message();
        assert_eq!(message.kind(), Kind::Request);
        assert_eq!(message.name(), None);
        assert_eq!(message.trace().baggage(), MetaValue::Invalid);
    }
}

#[test]
fn members_of_a_batch() {
    let message = read(
        r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"traceparent":"00-a"}}}, 7, {"jsonrpc":"2.0","method":"notifications/initialized"},[{}],{"jsonrpc":"2.0","id":"x","result":{}},{"jsonrpc":"2.0","id":true,"method":"m"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"b"}}]"#,
    );
    assert_eq!(message.kind(), Kind::Batch);
    assert!(message.is_complete());
    assert_eq!(message.member_count(), 7);
    let kinds: Vec<Kind> = message.members().iter().map(Message::kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Request,
            Kind::Unknown,
            Kind::Notification,
            Kind::Unknown,
            Kind::Response,
            Kind::Unknown,
            Kind::Request
        ],
    );
    assert!(
        message
            .members()
            .iter()
            .all(|member| member.is_complete() && member.is_trace_settled())
    );
    assert_eq!(
        message.members()[0].trace().traceparent().text(),
        Some("00-a")
    );
    assert_eq!(message.members()[6].name(), Some("b"));
    assert_eq!(
        message.members()[6].trace().traceparent(),
        MetaValue::Absent
    );
    assert_eq!(message.members()[4].id(), Some(&Id::from("x")));
}

#[test]
fn scanning_stops_when_enough_is_known() {
    fn done_at(body: &str) -> Option<&str> {
        let mut scanner = RequestScanner::new();
        let at = body
            .bytes()
            .position(|byte| scanner.push(&[byte]) == Progress::Done);
        at.map(|at| &body[..=at])
    }
    // `_meta` and the name have been seen: the arguments do not matter.
    assert_eq!(
        done_at(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{},"name":"a","arguments":{}}}"#
        ),
        Some(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{},"name":"a""#),
    );
    // `_meta` may still come.
    assert_eq!(
        done_at(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{},"_meta":{}}}"#
        ),
        Some(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{},"_meta":{}"#
        ),
    );
    // Without `_meta` it takes all of `params` to know that.
    assert_eq!(
        done_at(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"x":[]}"#),
        Some(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}"#),
    );
    // An id may come last.
    assert_eq!(
        done_at(r#"{"jsonrpc":"2.0","method":"ping","params":{},"id":1 } "#),
        Some(r#"{"jsonrpc":"2.0","method":"ping","params":{},"id":1 "#),
    );
    // Only the end shows that there is none.
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(done_at(notification), Some(notification));
    assert_eq!(
        done_at(r#"{"jsonrpc":"1.0","id":1}"#),
        Some(r#"{"jsonrpc":"1.0""#)
    );
    assert_eq!(done_at("{\"jsonrpc\" 1}"), Some("{\"jsonrpc\" 1"));
    assert_eq!(done_at("{\"jsonrpc\":\"2.0\""), None);
}

#[test]
fn what_is_known_so_far_can_be_asked_at_any_time() {
    let mut scanner = RequestScanner::default();
    assert_eq!(scanner.message().kind(), Kind::Unknown);
    scanner.push(br#"{"method":"tools/call","params":{"_meta":{"traceparent":"00-a"}"#);
    let message = scanner.message();
    assert_eq!(message.kind(), Kind::Unknown);
    assert_eq!(message.method(), Some("tools/call"));
    assert!(message.is_trace_settled() && !message.is_complete());
    assert_eq!(message.trace().traceparent().text(), Some("00-a"));
    assert_eq!(
        scanner.push(br#","name":"a"},"jsonrpc":"2.0","id":3"#),
        Progress::More
    );
    assert_eq!(scanner.push(b","), Progress::Done);
    assert_eq!(scanner.message().kind(), Kind::Request);
    // Nothing changes any more.
    assert_eq!(scanner.push(b"}}}}"), Progress::Done);
    scanner.finish();
    assert_eq!(scanner.message().kind(), Kind::Request);
    assert!(!scanner.message().is_malformed());
}

#[test]
fn an_empty_string_between_halves_of_a_character_is_empty() {
    let body = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"name\":\"a\xC3\",\"uri\":\"\",\"taskId\":\"\xA9\"}}";
    for size in [1, body.len()] {
        let mut scanner = RequestScanner::new();
        for chunk in body.chunks(size) {
            scanner.push(chunk);
        }
        let message = scanner.message();
        let found = (message.name(), message.uri(), message.task_id());
        assert_eq!(found, (None, Some(""), None), "by {size}");
    }
}
