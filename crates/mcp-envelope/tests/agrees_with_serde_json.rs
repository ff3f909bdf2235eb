//! The scanners against a slow reading with `serde_json`, over random messages in random chunks.

mod support;

use mcp_envelope::{Answer, AnswerWatcher, Id, Kind, Message, MetaValue, RequestScanner, inspect};
use proptest::prelude::*;

use support::{Dice, Tree, answer, chunks, or_batch, request, write};

fn scan(body: &[u8], dice: &mut Dice) -> RequestScanner {
    let mut scanner = RequestScanner::new();
    for chunk in chunks(body, dice) {
        scanner.push(chunk);
    }
    scanner.finish();
    scanner
}

// === requests ===

fn kind(message: &Tree) -> Kind {
    let is_id = |id: &Tree| !matches!(id, Tree::Bool(_) | Tree::Array(_) | Tree::Object(_));
    if !message.is_object()
        || message.get("jsonrpc").and_then(Tree::text) != Some("2.0")
        || !message.get("id").is_none_or(is_id)
    {
        return Kind::Unknown;
    }
    let outcome = message.get("result").or(message.get("error"));
    match (message.get("method"), message.get("id"), outcome) {
        (Some(Tree::Text(_)), Some(_), _) => Kind::Request,
        (Some(Tree::Text(_)), None, _) => Kind::Notification,
        (None, _, Some(_)) => Kind::Response,
        _ => Kind::Unknown,
    }
}

fn short(value: Option<&Tree>, limit: usize) -> Option<&str> {
    value
        .and_then(Tree::text)
        .filter(|text| text.len() <= limit)
}

fn meta_value(value: Option<&Tree>, limit: usize) -> MetaValue<'_> {
    match (value, short(value, limit)) {
        (None, _) => MetaValue::Absent,
        (_, Some(text)) => MetaValue::Text(text),
        _ => MetaValue::Invalid,
    }
}

fn check_id(found: Option<&Id>, expected: Option<&Tree>) -> Result<(), TestCaseError> {
    match expected {
        None | Some(Tree::Null) => prop_assert_eq!(found, None),
        Some(Tree::Int(number)) => prop_assert_eq!(found, Some(&Id::Number(*number))),
        Some(Tree::Text(text)) => {
            prop_assert_eq!(found, Some(&Id::from(text.as_str())));
            let shown = found.map(Id::to_string).unwrap_or_default();
            prop_assert!(text.starts_with(&shown) && shown.len() <= 256);
            prop_assert!(text.len() > 256 || *text == shown);
        }
        Some(_) => prop_assert!(matches!(found, Some(Id::Other(_)))),
    }
    Ok(())
}

fn check_message(found: &Message, tree: &Tree) -> Result<(), TestCaseError> {
    prop_assert!(found.is_complete() && !found.is_malformed() && found.is_trace_settled());
    prop_assert_eq!(found.kind(), kind(tree));
    if found.kind() == Kind::Unknown {
        return Ok(());
    }
    let method = short(tree.get("method"), 256);
    prop_assert_eq!(found.method(), method);
    check_id(found.id(), tree.get("id"))?;

    let params = tree.get("params");
    let param = |key, limit| short(params.and_then(|params| params.get(key)), limit);
    for (found, expected, methods) in [
        (
            found.name(),
            param("name", 1024),
            &["tools/call", "prompts/get"][..],
        ),
        (found.uri(), param("uri", 2048), &["resources/read"]),
        (found.task_id(), param("taskId", 1024), &["tasks/get"]),
    ] {
        // Of other methods the scanner may have stopped before it.
        let must = method.is_some_and(|method| methods.contains(&method));
        prop_assert!(
            found == expected || !must && found.is_none(),
            "{:?} {:?}",
            found,
            expected
        );
    }

    let meta = params.and_then(|params| params.get("_meta"));
    let meta = |key| meta.and_then(|meta| meta.get(key));
    let trace = found.trace();
    prop_assert_eq!(trace.traceparent(), meta_value(meta("traceparent"), 512));
    prop_assert_eq!(trace.tracestate(), meta_value(meta("tracestate"), 8192));
    prop_assert_eq!(trace.baggage(), meta_value(meta("baggage"), 8192));
    let version = short(meta("io.modelcontextprotocol/protocolVersion"), 31);
    let offered = param("protocolVersion", 31).filter(|_| method == Some("initialize"));
    prop_assert_eq!(found.protocol_version(), version.or(offered));
    Ok(())
}

fn check_body(found: &Message, tree: &Tree) -> Result<(), TestCaseError> {
    let Tree::Array(members) = tree else {
        return check_message(found, tree);
    };
    prop_assert_eq!(found.kind(), Kind::Batch);
    prop_assert_eq!(found.member_count(), members.len());
    prop_assert_eq!(found.members().len(), members.len().min(64));
    for (found, tree) in found.members().iter().zip(members) {
        check_message(found, tree)?;
    }
    Ok(())
}

// === answers ===

#[derive(Clone, Debug, Default, PartialEq)]
struct Outcome {
    error: Option<(i64, String)>,
    tool_error: bool,
    protocol_version: Option<String>,
    result_type: Option<String>,
}

impl From<&Answer> for Outcome {
    fn from(answer: &Answer) -> Outcome {
        Outcome {
            error: answer
                .error()
                .map(|error| (error.code(), error.message().to_owned())),
            tool_error: answer.is_tool_error(),
            protocol_version: answer.protocol_version().map(str::to_owned),
            result_type: answer.result_type().map(str::to_owned),
        }
    }
}

fn outcome(tree: &Tree, wanted: Option<&Id>) -> Option<Outcome> {
    let error = tree
        .get("error")
        .filter(|error| !matches!(error, Tree::Null));
    if tree.get("method").is_some() || error.is_none() && tree.get("result").is_none() {
        return None;
    }
    let is_mine = match (tree.get("id"), wanted) {
        (_, None) => true,
        (None | Some(Tree::Null), Some(_)) => error.is_some(),
        (Some(Tree::Int(number)), Some(id)) => Id::Number(*number).answers(id),
        (Some(Tree::Text(text)), Some(id)) => Id::from(text.as_str()).answers(id),
        _ => false,
    };
    let error = error.map(|error| {
        let code = if let Some(Tree::Int(code)) = error.get("code") {
            *code
        } else {
            0
        };
        let message = error
            .get("message")
            .and_then(Tree::text)
            .unwrap_or_default();
        let end = (0..=message.len().min(1024))
            .rev()
            .find(|end| message.is_char_boundary(*end));
        (code, message[..end.unwrap_or(0)].to_owned())
    });
    let result = tree.get("result");
    let word = |key| {
        let text = short(result.and_then(|result| result.get(key)), 31)?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    is_mine.then(|| Outcome {
        error,
        tool_error: result.and_then(|result| result.get("isError")) == Some(&Tree::Bool(true)),
        protocol_version: word("protocolVersion"),
        result_type: word("resultType"),
    })
}

fn outcome_of_body(tree: &Tree, wanted: Option<&Id>) -> Option<Outcome> {
    match tree {
        Tree::Array(members) => members.iter().find_map(|member| outcome(member, wanted)),
        _ => outcome(tree, wanted),
    }
}

fn wanted() -> impl Strategy<Value = Option<Id>> {
    prop_oneof![
        1 => Just(None),
        3 => (0..3i64).prop_map(|number| Some(Id::Number(number))),
        1 => support::string().prop_map(|text| Some(Id::from(text.as_str()))),
    ]
}

/// The data of each event and where it is dispatched: at the first byte of the end of its blank line.
fn events(stream: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let mut events = Vec::new();
    let mut data: Option<Vec<u8>> = None;
    let mut at = if stream.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    while let Some(len) = stream[at..]
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))
    {
        let (line, end) = (&stream[at..at + len], at + len);
        at = end
            + if stream[end..].starts_with(b"\r\n") {
                2
            } else {
                1
            };
        if line.is_empty() {
            events.extend(data.take().map(|data| (data, end)));
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if name == b"data" {
            match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend(value);
                }
                None => data = Some(value.to_vec()),
            }
        }
    }
    events
}

/// Frames a message as an event in one of the many ways.
fn write_event(json: &[u8], dice: &mut Dice, out: &mut Vec<u8>) {
    let noise: [&[u8]; 10] = [
        b": keep-alive",
        b":",
        b"event: message",
        b"id: 0/1",
        b"retry: 3000",
        b"dat",
        b"datax: {}",
        b"data",
        b"data:",
        b"data: ",
    ];
    let end_line = |dice: &mut Dice, out: &mut Vec<u8>| {
        // A line feed behind a carriage return would be no line of its own.
        let ends: &[&[u8]] = if out.ends_with(b"\r") {
            &[b"\r", b"\r\n"]
        } else {
            &[b"\n", b"\r\n", b"\r"]
        };
        out.extend(ends[dice.roll(ends.len() as u64) as usize]);
    };
    let add_noise = |dice: &mut Dice, out: &mut Vec<u8>| {
        while dice.roll(3) == 0 {
            out.extend(noise[dice.roll(10) as usize]);
            end_line(dice, out);
            if dice.roll(4) == 0 {
                end_line(dice, out);
            }
        }
    };
    add_noise(dice, out);
    for line in json.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend(b"data:");
        out.extend(&b" "[dice.roll(2) as usize..]);
        out.extend(line);
        end_line(dice, out);
        if dice.roll(20) == 0 {
            add_noise(dice, out);
        }
    }
    end_line(dice, out);
}

proptest! {
    #![proptest_config(support::config())]

    #[test]
    fn requests_are_read_as_serde_json_reads_them(tree in or_batch(request()), seed: u64, plain: bool) {
        let mut dice = Dice(seed);
        let body = write(&tree, &mut dice, plain);
        let tree = Tree::parse(&body).expect("the generator writes JSON");
        let found = inspect(&body);
        // A scalar as the whole body is not closed by anything, and no message either.
        if matches!(tree, Tree::Array(_) | Tree::Object(_)) {
            check_body(&found, &tree)?;
        } else {
            prop_assert_eq!(found.kind(), Kind::Unknown);
        }
        let chunked = scan(&body, &mut dice);
        prop_assert_eq!(format!("{:?}", chunked.message()), format!("{found:?}"));
    }

    #[test]
    fn json_answers_are_read_as_serde_json_reads_them(
        tree in or_batch(answer()), wanted in wanted(), seed: u64, plain: bool,
    ) {
        let mut dice = Dice(seed);
        let body = write(&tree, &mut dice, plain);
        let tree = Tree::parse(&body).expect("the generator writes JSON");
        let mut watcher = AnswerWatcher::json(wanted.clone());
        let mut found = None;
        for chunk in chunks(&body, &mut dice) {
            if let Some(answer) = watcher.push(chunk) {
                prop_assert!(found.is_none());
                found = Some(Outcome::from(answer));
            }
        }
        prop_assert!(watcher.finish().is_none());
        prop_assert_eq!(&found, &outcome_of_body(&tree, wanted.as_ref()));
        prop_assert_eq!(&found, &watcher.answer().map(Outcome::from));
    }

    #[test]
    fn event_streams_are_read_as_serde_json_reads_them(
        trees in prop::collection::vec(or_batch(answer()), 0..4), wanted in wanted(), seed: u64, mark: bool, cut: bool,
    ) {
        let mut dice = Dice(seed);
        let mut stream = if mark { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        for tree in &trees {
            let json = write(tree, &mut dice, false);
            write_event(&json, &mut dice, &mut stream);
        }
        if cut {
            stream.truncate(dice.roll(stream.len() as u64 + 1) as usize);
        }
        let expected = events(&stream).into_iter().find_map(|(data, at)| {
            let outcome = outcome_of_body(&Tree::first(&data)?, wanted.as_ref())?;
            Some((outcome, at))
        });
        let mut found = None;
        let mut watcher = AnswerWatcher::sse(wanted);
        let mut at = 0;
        for chunk in chunks(&stream, &mut dice) {
            let before = at;
            at += chunk.len();
            if let Some(answer) = watcher.push(chunk) {
                prop_assert!(found.is_none());
                found = Some(Outcome::from(answer));
                prop_assert!(expected.is_some(), "{:?}", String::from_utf8_lossy(&stream));
                let (_, end) = expected.as_ref().expect("an answer that the slow reading does not see");
                prop_assert!((before..at).contains(end));
            }
        }
        prop_assert!(watcher.finish().is_none());
        prop_assert_eq!(found, expected.map(|(outcome, _)| outcome));
    }

    #[test]
    fn any_bytes_mean_the_same_in_any_chunks(body in anything(), wanted in wanted(), seed: u64) {
        let mut dice = Dice(seed);
        let chunked = scan(&body, &mut dice);
        prop_assert_eq!(format!("{:?}", chunked.message()), format!("{:?}", inspect(&body)));

        for new in [AnswerWatcher::json, AnswerWatcher::sse] {
            let mut whole = new(wanted.clone());
            whole.push(&body);
            let mut watcher = new(wanted.clone());
            for chunk in chunks(&body, &mut dice) {
                watcher.push(chunk);
            }
            prop_assert_eq!(format!("{:?}", watcher.answer()), format!("{:?}", whole.answer()));
        }
    }
}

/// Arbitrary bytes, and messages with a few bytes gone wrong.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let tokens = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "d83d",
        "\\ude00",
        " ",
        "\n",
        "\r",
        "1",
        "-",
        "e5",
        "true",
        "null",
        "\"id\":",
        "\"method\":",
        "\"params\":{",
        "\"_meta\":{",
        "\"traceparent\":\"",
        "\"jsonrpc\":\"2.0\",",
        "data:",
        "\"result\":",
        "\"error\":{",
    ]);
    let soup = prop::collection::vec(tokens, 0..60).prop_map(|tokens| tokens.concat().into_bytes());
    let hurt = (or_batch(request()), any::<u64>(), 0..4usize).prop_map(|(tree, seed, wounds)| {
        let mut dice = Dice(seed);
        let mut body = write(&tree, &mut dice, false);
        for _ in 0..wounds {
            let at = dice.roll(body.len() as u64) as usize;
            body[at] = dice.roll(256) as u8;
        }
        body
    });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..200), 3 => soup, 3 => hurt]
}
