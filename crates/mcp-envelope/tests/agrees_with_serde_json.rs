//! The scanners against a slow reading with `serde_json`, over random messages in random chunks.

mod oracle;
mod support;

use mcp_envelope::{AnswerWatcher, Excerpt, Id, Kind, RequestScanner, inspect};
use proptest::prelude::*;

use oracle::{Outcome, Tree, check_body, events, outcome_of_body};
use support::{Dice, answer, chunks, or_batch, request, write};

fn scan(body: &[u8], dice: &mut Dice) -> RequestScanner {
    let mut scanner = RequestScanner::new();
    for chunk in chunks(body, dice) {
        scanner.push(chunk);
    }
    scanner.finish();
    scanner
}

fn wanted() -> impl Strategy<Value = Option<Id>> {
    prop_oneof![
        1 => Just(None),
        3 => (0..3i64).prop_map(|number| Some(Id::Number(number))),
        1 => support::string().prop_map(|text| Some(Id::from(text.as_str()))),
    ]
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
            check_body(&found, &tree);
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
    fn compact_messages_mean_the_same_byte_by_byte(
        body in compact(), capture in prop::option::of(0..80usize),
    ) {
        let whole = inspect(&body);
        let mut scanner = RequestScanner::new();
        for byte in body.chunks(1) {
            scanner.push(byte);
        }
        scanner.finish();
        prop_assert_eq!(format!("{:?}", scanner.message()), format!("{whole:?}"));

        let mut at_once = AnswerWatcher::json(Some(Id::from(1)));
        at_once.push(&body);
        let mut watcher = AnswerWatcher::json(Some(Id::from(1)));
        for byte in body.chunks(1) {
            watcher.push(byte);
        }
        if let Some(limit) = capture {
            let request = |pieces: usize| {
                let mut scanner = RequestScanner::new().capture_arguments(limit);
                for piece in body.chunks(pieces) {
                    let _ = scanner.push(piece);
                }
                scanner.finish();
                (format!("{:?}", scanner.message()), scanner.message().arguments().cloned())
            };
            prop_assert_eq!(request(1), request(body.len().max(1)));
            let answer = |pieces: usize| {
                let mut watcher = AnswerWatcher::json(Some(Id::from(1))).capture_result(limit);
                for piece in body.chunks(pieces) {
                    let _ = watcher.push(piece);
                }
                watcher.answer().map(|answer| (Outcome::from(answer), answer.excerpt().cloned()))
            };
            let captured = answer(1);
            prop_assert_eq!(&captured, &answer(body.len().max(1)));
            // Whether it is captured changes nothing else.
            let told = captured.map(|(outcome, _)| outcome);
            prop_assert_eq!(told, at_once.answer().map(Outcome::from));
        }
        let outcome = at_once.answer().map(Outcome::from);
        prop_assert_eq!(&watcher.answer().map(Outcome::from), &outcome);
        if let Some(tree) = Tree::parse(&body) {
            check_body(&whole, &tree);
            prop_assert_eq!(outcome, outcome_of_body(&tree, Some(&Id::from(1))));
        }
    }

    #[test]
    fn any_bytes_mean_the_same_in_any_chunks(body in anything(), wanted in wanted(), seed: u64) {
        let mut dice = Dice(seed);
        let chunked = scan(&body, &mut dice);
        prop_assert_eq!(format!("{:?}", chunked.message()), format!("{:?}", inspect(&body)));
        prop_assert_eq!(arguments(&body, Some(&mut dice)), arguments(&body, None));

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

/// Objects of these members, which may be there in any order, and twice. Some are `due`.
fn object_of(
    members: Vec<BoxedStrategy<String>>,
    due: std::ops::Range<usize>,
) -> BoxedStrategy<String> {
    let member = prop::strategy::Union::new(members.clone());
    let due: Vec<_> = members.into_iter().take(due.end).skip(due.start).collect();
    (due, prop::collection::vec(member, 0..4))
        .prop_map(|(mut due, more)| {
            due.extend(more);
            due
        })
        .prop_shuffle()
        .prop_map(|members| format!("{{{}}}", members.join(",")))
        .boxed()
}

/// Members with this key.
fn members(
    key: &'static str,
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<String> {
    value
        .prop_map(move |value| format!("\"{key}\":{value}"))
        .boxed()
}

fn any_of(values: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(values).prop_map(str::to_owned).boxed()
}

/// Requests and answers without white space, of few members, with a slip now and then.
fn compact() -> impl Strategy<Value = Vec<u8>> {
    let text = || {
        let odd = any_of(&["\"\\u0078\"", "7", "null", "{\"name\":\"y\"}", "[\"z\"]"]);
        prop_oneof![8 => any_of(&["\"x\"", "\"00-\"", "\"\""]), 2 => long(), 1 => odd].boxed()
    };
    let usually =
        |usual: &'static str, odd| prop_oneof![9 => Just(usual.to_owned()), 1 => any_of(odd)];
    let meta = object_of(
        vec![
            members("traceparent", text()),
            members("tracestate", text()),
            members("io.modelcontextprotocol/protocolVersion", text()),
            members("name", text()),
        ],
        0..0,
    );
    let params = object_of(
        vec![
            members("_meta", prop_oneof![9 => meta, 1 => text()]),
            members("name", text()),
            members("uri", text()),
            members("arguments", text()),
            members("protocolVersion", text()),
        ],
        0..1,
    );
    let head = || {
        vec![
            members("jsonrpc", usually("\"2.0\"", &["\"1.0\"", "2"])),
            members(
                "id",
                usually("1", &["\"1\"", "2", "null", "-0", "1.5", "{}"]),
            ),
        ]
    };
    let mut request = head();
    request.push(members(
        "method",
        usually("\"tools/call\"", &["\"resources/read\"", "\"ping\"", "7"]),
    ));
    request.push(members("params", prop_oneof![9 => params, 1 => text()]));
    let result = object_of(
        vec![
            members("isError", usually("true", &["false", "7"])),
            members("resultType", text()),
            members("protocolVersion", text()),
            members("content", prop_oneof![3 => content(), 1 => text()]),
        ],
        0..0,
    );
    let error = object_of(
        vec![
            members("code", usually("1", &["-32602", "1.5", "\"x\""])),
            members("message", text()),
            members("data", text()),
        ],
        0..0,
    );
    let mut answer = head();
    answer.push(members("result", prop_oneof![9 => result, 1 => text()]));
    answer.push(members("error", prop_oneof![9 => error, 1 => text()]));
    let message = prop_oneof![2 => object_of(request, 0..4), 1 => object_of(answer, 1..3)];
    let slip = prop::option::weighted(0.1, any::<prop::sample::Index>());
    (message, slip).prop_map(|(message, slip)| {
        let mut body = message.into_bytes();
        if let Some(at) = slip {
            body.remove(at.index(body.len()));
        }
        body
    })
}

/// A string of some length, which may have something in it.
fn long() -> BoxedStrategy<String> {
    let inside = prop::sample::select(vec!["", "\\\"", "\\\\", "\\n", "é", "}]", "\"", "\\"]);
    (0..40usize, inside, 0..120usize)
        .prop_map(|(before, inside, behind)| {
            format!("\"{}{inside}{}\"", "x".repeat(before), "y".repeat(behind))
        })
        .boxed()
}

/// What a tool answers.
fn content() -> BoxedStrategy<String> {
    let rest = any_of(&["}", "}", "},{}", ",\"annotations\":{\"a\":[]}}", "}}", ""]);
    (long(), rest)
        .prop_map(|(text, rest)| format!("[{{\"type\":\"text\",\"text\":{text}{rest}]"))
        .boxed()
}

/// What is kept of the arguments, whole or in random chunks.
fn arguments(body: &[u8], dice: Option<&mut Dice>) -> Option<Excerpt> {
    let mut scanner = RequestScanner::new().capture_arguments(50);
    for chunk in dice.map_or_else(|| vec![body], |dice| chunks(body, dice)) {
        scanner.push(chunk);
    }
    scanner.finish();
    scanner.message().arguments().cloned()
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
    let message = prop_oneof![or_batch(request()), or_batch(answer())];
    let hurt = (message, any::<u64>(), any::<bool>(), 0..4usize).prop_map(hurt);
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..200), 3 => soup, 3 => hurt]
}

/// A message in which a few bytes are others, missing or there twice.
fn hurt((tree, seed, plain, wounds): (Tree, u64, bool, usize)) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut body = write(&tree, &mut dice, plain);
    for _ in 0..wounds {
        if body.is_empty() {
            break;
        }
        let at = dice.roll(body.len() as u64) as usize;
        match dice.roll(4) {
            0 => body[at] = dice.roll(256) as u8,
            1 => body[at] = b"\"\\{}[],: 0e-"[dice.roll(12) as usize],
            2 => drop(body.remove(at)),
            _ => body.insert(at, body[at]),
        }
    }
    body
}
