//! Bodies that are too deep, too long or too many.

use mcp_envelope::{
    AnswerWatcher, Id, Kind, Message, MetaValue, Progress, RequestScanner, inspect,
};

fn call(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{params}}}}}"#)
}

/// Pushes in chunks that cut everything.
fn read_cut(body: &str, size: usize) -> RequestScanner {
    let mut scanner = RequestScanner::new();
    for chunk in body.as_bytes().chunks(size) {
        scanner.push(chunk);
    }
    scanner.finish();
    scanner
}

#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(body: &str, of: impl Fn(&Message) -> T, expected: &T) {
    assert_eq!(&of(&inspect(body.as_bytes())), expected);
    for size in [1, 7, 64] {
        assert_eq!(
            &of(read_cut(body, size).message()),
            expected,
            "in chunks of {size}"
        );
    }
}

#[test]
fn containers_are_nested_at_most_128_deep() {
    let nested = |depth: usize| {
        // The message and its params are two.
        let (open, close) = ("[{\"a\":".repeat(depth / 2), "}]".repeat(depth / 2));
        call(&format!(
            "\"name\":\"a\",\"arguments\":{open}1{close},\"_meta\":{{\"baggage\":\"b\"}}"
        ))
    };
    check(
        &nested(126),
        |m| (m.kind(), m.trace().baggage().text() == Some("b")),
        &(Kind::Request, true),
    );
    for depth in [128, 130, 100_000] {
        check(
            &nested(depth),
            |m| (m.kind(), m.is_malformed()),
            &(Kind::Unknown, true),
        );
    }
    let odd = |depth: usize| {
        call(&format!(
            "\"arguments\":{}{}",
            "[".repeat(depth),
            "]".repeat(depth)
        ))
    };
    check(&odd(126), Message::kind, &Kind::Request);
    check(&odd(127), Message::kind, &Kind::Unknown);
    let root = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check(&root(128), Message::kind, &Kind::Batch);
    check(&root(129), Message::kind, &Kind::Unknown);
}

#[test]
fn strings_beyond_their_limit_are_left_out() {
    fn at(limit: usize, of: impl Fn(&str) -> String, get: impl Fn(&Message) -> Option<usize>) {
        check(&of(&"x".repeat(limit)), &get, &Some(limit));
        check(&of(&"x".repeat(limit + 1)), &get, &None);
        // An escape takes six bytes and is one.
        check(&of(&"\\u0078".repeat(limit)), &get, &Some(limit));
        check(&of(&"\\u0078".repeat(limit + 1)), &get, &None);
        check(&of(&"é".repeat(limit / 2 + 1)), &get, &None);
    }
    let method = |text: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{text}"}}"#);
    at(256, method, |m| m.method().map(str::len));
    at(
        1024,
        |text| call(&format!("\"name\":\"{text}\"")),
        |m| m.name().map(str::len),
    );
    at(
        2048,
        |text| call(&format!("\"uri\":\"{text}\"")),
        |m| m.uri().map(str::len),
    );
    at(
        1024,
        |text| call(&format!("\"taskId\":\"{text}\"")),
        |m| m.task_id().map(str::len),
    );
    let meta =
        |key: &'static str| move |text: &str| call(&format!("\"_meta\":{{\"{key}\":\"{text}\"}}"));
    at(512, meta("traceparent"), |m| {
        m.trace().traceparent().text().map(str::len)
    });
    at(8192, meta("tracestate"), |m| {
        m.trace().tracestate().text().map(str::len)
    });
    at(8192, meta("baggage"), |m| {
        m.trace().baggage().text().map(str::len)
    });
    at(31, meta("io.modelcontextprotocol/protocolVersion"), |m| {
        m.protocol_version().map(str::len)
    });

    let message = inspect(meta("traceparent")(&"0".repeat(513)).as_bytes());
    assert_eq!(message.trace().traceparent(), MetaValue::Invalid);
    assert_eq!(
        inspect(method(&"x".repeat(257)).as_bytes()).kind(),
        Kind::Request
    );
}

#[test]
fn long_ids_are_compared_whole() {
    let body = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"ping"}}"#);
    let id = |id: &str| inspect(body(id).as_bytes()).id().cloned().unwrap();
    let long = "x".repeat(10_000);
    let (one, two) = (format!("{long}1"), format!("{long}2"));
    assert_eq!(id(&one), id(&one));
    assert_ne!(id(&one), id(&two));
    assert_eq!(id(&one), Id::from(one.as_str()));
    assert_eq!(id(&one).to_string(), "x".repeat(256));
    assert!(matches!(id(&"x".repeat(256)), Id::Text(_)));
    check(&body(&one), |m| m.id().cloned(), &Some(id(&one)));

    let mut watcher = AnswerWatcher::json(Some(id(&one)));
    assert!(
        watcher
            .push(format!(r#"{{"id":"{two}","result":{{}}}}"#).as_bytes())
            .is_none()
    );
    let mut watcher = AnswerWatcher::json(Some(id(&one)));
    let answer = format!(r#"{{"id":"{one}","result":{{}}}}"#);
    assert_eq!(
        answer
            .as_bytes()
            .chunks(100)
            .filter(|chunk| watcher.push(chunk).is_some())
            .count(),
        1
    );

    // A limit in the middle of a character.
    assert_eq!(id(&"é".repeat(200)).to_string(), "é".repeat(128));
    assert_eq!(
        id(&format!("a{}", "é".repeat(200))).to_string(),
        format!("a{}", "é".repeat(127))
    );
}

#[test]
fn of_a_batch_64_members_are_kept_and_the_rest_counted() {
    for count in [0, 1, 63, 64, 65, 10_000] {
        let members: Vec<_> = (0..count)
            .map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#))
            .collect();
        let body = format!("[{}]", members.join(", "));
        check(
            &body,
            |m| (m.kind(), m.member_count(), m.members().len()),
            &(Kind::Batch, count, count.min(64)),
        );
    }
}

#[test]
fn a_batch_keeps_no_more_than_a_message_could() {
    let baggage = "x".repeat(8000);
    let member = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{{"baggage":"{baggage}"}}}}}}"#
    );
    let body = format!("[{}]", vec![member; 64].join(","));
    let message = inspect(body.as_bytes());
    let kept: usize = message
        .members()
        .iter()
        .filter_map(|m| m.trace().baggage().text())
        .map(str::len)
        .sum();
    assert_eq!(kept, 7 * 8000);
    assert!(
        message
            .members()
            .iter()
            .all(|m| m.trace().baggage() != MetaValue::Absent)
    );
}

#[test]
fn a_large_message_leaves_nothing_behind() {
    let mut scanner = RequestScanner::new();
    scanner.push(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"data":[""#);
    let chunk = b"0123456789abcdef\\\"\\u00e9\",{\"k\":[1,2]},\"".repeat(400);
    for _ in 0..1000 {
        assert_eq!(scanner.push(&chunk), Progress::More);
    }
    assert_eq!(
        scanner.push(br#""]},"_meta":{"traceparent":"00-"}}}"#),
        Progress::Done
    );
    assert_eq!(scanner.message().trace().traceparent().text(), Some("00-"));
    assert!(
        std::mem::size_of::<RequestScanner>() <= 224,
        "{}",
        std::mem::size_of::<RequestScanner>()
    );
    assert!(
        std::mem::size_of::<AnswerWatcher>() <= 96,
        "{}",
        std::mem::size_of::<AnswerWatcher>()
    );
}

#[test]
fn long_keys_are_no_keys() {
    let key = "k".repeat(100_000);
    let body = call(&format!(
        "\"{key}\":1,\"{key}\\u0041\":{{\"_meta\":1}},\"name\":\"a\""
    ));
    check(
        &body,
        |m| m.name().map(str::to_owned),
        &Some("a".to_owned()),
    );
}

#[test]
fn the_types_can_be_shared_and_sent() {
    fn shared<T: Send + Sync + std::fmt::Debug + Unpin + 'static>() {}
    shared::<RequestScanner>();
    shared::<AnswerWatcher>();
    shared::<Message>();
    shared::<Id>();
    shared::<mcp_envelope::Answer>();
    shared::<mcp_envelope::Outgoing<'static>>();
    shared::<mcp_envelope::Splice<'static>>();
    shared::<mcp_envelope::SpliceError>();
}
