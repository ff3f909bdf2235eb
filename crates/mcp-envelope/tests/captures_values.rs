//! The text of arguments, results and errors, which is kept on demand.

mod oracle;
mod support;

use std::fmt;

use mcp_envelope::{AnswerWatcher, Excerpt, Id, Kind, RequestScanner};
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use oracle::Tree;
use support::{Dice, answer, chunks, or_batch, request, write};

/// The members of an object as they were written.
struct Members<'j>(Vec<(String, &'j RawValue)>);

impl<'j> Members<'j> {
    fn parse(json: &'j str) -> Option<Members<'j>> {
        serde_json::from_str(json).ok()
    }

    fn get(&self, key: &str) -> Option<&'j str> {
        let member = self.0.iter().find(|(name, _)| name == key);
        member.map(|(_, value)| value.get())
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// What of a message is to be kept.
fn arguments_in(message: &str) -> Option<&str> {
    Members::parse(Members::parse(message)?.get("params")?)?.get("arguments")
}

fn outcome_in(answer: &str) -> Option<&str> {
    let members = Members::parse(answer)?;
    let error = members.get("error").filter(|error| *error != "null");
    error.or(members.get("result"))
}

/// The elements of a batch, or the one message.
fn messages(json: &str) -> Vec<&str> {
    match serde_json::from_str::<Vec<&RawValue>>(json) {
        Ok(members) => members.into_iter().map(RawValue::get).collect(),
        Err(_) => vec![json],
    }
}

#[track_caller]
fn check(found: Option<&Excerpt>, expected: Option<&str>, limit: usize) {
    let expected = expected.filter(|_| limit > 0);
    assert_eq!(
        found.map(Excerpt::as_bytes),
        expected.map(|text| &text.as_bytes()[..limit.min(text.len())])
    );
    assert_eq!(
        found.map(Excerpt::is_truncated),
        expected.map(|text| text.len() > limit)
    );
    if let (Some(found), Some(expected)) = (found, expected) {
        let mut ends = (0..=limit.min(expected.len())).rev();
        let end = ends.find(|end| expected.is_char_boundary(*end));
        assert_eq!(found.text(), &expected[..end.unwrap_or(0)]);
    }
}

fn limit() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0), 3 => 1..40usize, 3 => Just(100_000)]
}

proptest! {
    #![proptest_config(support::config())]

    #[test]
    fn arguments_are_kept_as_they_were_written(
        tree in or_batch(request()), limit in limit(), seed: u64, plain: bool,
    ) {
        let mut dice = Dice(seed);
        let body = String::from_utf8(write(&tree, &mut dice, plain)).expect("the generator writes text");
        let mut whole = RequestScanner::new().capture_arguments(limit);
        whole.push(body.as_bytes());
        let mut cut = RequestScanner::new().capture_arguments(limit);
        for chunk in chunks(body.as_bytes(), &mut dice) {
            cut.push(chunk);
        }
        let mut without = RequestScanner::new();
        without.push(body.as_bytes());
        for scanner in [&mut whole, &mut cut, &mut without] {
            scanner.finish();
        }
        for scanner in [&whole, &cut] {
            let message = scanner.message();
            let members = if message.kind() == Kind::Batch {
                message.members()
            } else {
                std::slice::from_ref(message)
            };
            for (found, json) in members.iter().zip(messages(&body)) {
                if matches!(found.kind(), Kind::Request | Kind::Notification) {
                    check(found.arguments(), arguments_in(json), limit);
                }
                prop_assert!(found.arguments().is_none_or(|kept| kept.as_bytes().len() <= limit));
            }
        }
        let fields = |scanner: &RequestScanner| {
            let message = scanner.message();
            (message.kind(), message.id().cloned(), message.method().map(str::to_owned), format!("{:?}", message.trace().traceparent()))
        };
        prop_assert_eq!(fields(&whole), fields(&without));
        prop_assert_eq!(fields(&cut), fields(&without));
    }

    #[test]
    fn results_and_errors_are_kept_as_they_were_written(
        tree in or_batch(answer()), limit in limit(), number in 0..3i64, seed: u64, plain: bool,
    ) {
        let mut dice = Dice(seed);
        let body = String::from_utf8(write(&tree, &mut dice, plain)).expect("the generator writes text");
        let id = Some(Id::Number(number));
        let mine = messages(&body).into_iter().find(|message| {
            let tree = Tree::parse(message.as_bytes()).expect("it is JSON");
            oracle::outcome_of_body(&tree, id.as_ref()).is_some() && tree.is_object()
        });
        let expected = mine.and_then(outcome_in);

        let mut whole = AnswerWatcher::json(id.clone()).capture_result(limit);
        whole.push(body.as_bytes());
        check(whole.answer().and_then(|answer| answer.excerpt()), expected, limit);

        let mut cut = AnswerWatcher::json(id.clone()).capture_result(limit);
        for chunk in chunks(body.as_bytes(), &mut dice) {
            cut.push(chunk);
        }
        check(cut.answer().and_then(|answer| answer.excerpt()), expected, limit);

        // A line break in the JSON is one between lines of data.
        let mut stream = String::from(": first\n\ndata: {\"id\":9,\"result\":[\"other\"]}\n\n");
        for line in body.split(['\n', '\r']) {
            stream += ["data:", "data: "][usize::from(line.starts_with(' ') || dice.roll(2) == 0)];
            stream += line;
            stream += ["\n", "\r\n"][dice.roll(2) as usize];
        }
        stream += "\n";
        let expected = expected.map(|text| text.replace('\r', "\n"));
        let mut event = AnswerWatcher::sse(id).capture_result(limit);
        for chunk in chunks(stream.as_bytes(), &mut dice) {
            event.push(chunk);
        }
        check(event.answer().and_then(|answer| answer.excerpt()), expected.as_deref(), limit);
    }
}

#[test]
fn a_value_without_its_end_is_truncated() {
    let mut scanner = RequestScanner::new().capture_arguments(100);
    scanner.push(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"a":"#);
    let arguments = scanner.message().arguments().unwrap();
    assert_eq!(
        (arguments.as_bytes(), arguments.is_truncated()),
        (&br#"{"a":"#[..], true)
    );
    scanner.finish();
    assert!(scanner.message().arguments().is_none(), "malformed");
}

#[test]
fn nothing_is_kept_unless_it_is_asked_for() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{}}}"#;
    assert!(mcp_envelope::inspect(body).arguments().is_none());
    let mut watcher = AnswerWatcher::json(None);
    assert!(
        watcher
            .push(br#"{"id":1,"result":{}}"#)
            .unwrap()
            .excerpt()
            .is_none()
    );
}

#[test]
fn arguments_behind_meta_and_name_are_waited_for() {
    let mut scanner = RequestScanner::new().capture_arguments(100);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{},"name":"a","arguments":{"b":[1]},"#;
    let done = body
        .bytes()
        .position(|byte| scanner.push(&[byte]) == mcp_envelope::Progress::Done);
    assert_eq!(done, Some(body.len() - 2));
    assert_eq!(
        scanner.message().arguments().unwrap().text(),
        r#"{"b":[1]}"#
    );
}

#[test]
fn secrets_are_not_in_debug_output() {
    for secret in [r#"{"a":"hunter2"}"#, r#""hunter2""#, r#""hunter2\n""#] {
        let mut scanner = RequestScanner::new().capture_arguments(100);
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"arguments":{secret}}}}}"#);
        scanner.push(body.as_bytes());
        let debug = format!("{scanner:?}");
        assert!(debug.contains("Excerpt"), "{debug}");
        assert!(
            !debug.contains("hunter2") && !debug.contains("104, 117"),
            "{debug}"
        );
    }
}

#[test]
fn arguments_that_are_no_json_are_none_in_one_piece_either() {
    for arguments in [r#""\q""#, "01", "tru", "-", "1e", "nul"] {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"arguments":{arguments}}}}}"#
        );
        for size in [1, body.len()] {
            let mut scanner = RequestScanner::new().capture_arguments(100);
            for chunk in body.as_bytes().chunks(size) {
                scanner.push(chunk);
            }
            let message = scanner.message();
            assert!(message.is_malformed(), "{body} by {size}");
            assert!(message.arguments().is_none(), "{body} by {size}");
        }
    }
}

#[test]
fn an_error_that_is_null_is_none() {
    for (body, expected) in [
        (r#"{"id":1,"error":null,"result":{"a":1}}"#, r#"{"a":1}"#),
        (r#"{"id":1,"result":{"a":1},"error":null}"#, r#"{"a":1}"#),
        (
            r#"{"id":1,"result":{"a":1},"error":{"code":1}}"#,
            r#"{"code":1}"#,
        ),
        (
            r#"{"id":1,"error":{"code":1},"result":{"a":1}}"#,
            r#"{"code":1}"#,
        ),
        (r#"{"id":1,"error":"no","result":7}"#, r#""no""#),
    ] {
        let mut watcher = AnswerWatcher::json(None).capture_result(100);
        let answer = watcher.push(body.as_bytes()).unwrap();
        assert_eq!(answer.excerpt().unwrap().text(), expected, "{body}");
    }
}

#[test]
fn of_a_long_value_no_more_than_the_limit_is_held() {
    let piece = b"0123456789".repeat(1000);
    let mut watcher = AnswerWatcher::json(None).capture_result(5000);
    watcher.push(br#"{"id":1,"result":""#);
    for _ in 0..1000 {
        assert!(watcher.push(&piece).is_none());
    }
    let excerpt = watcher.push(br#""}"#).unwrap().excerpt().unwrap();
    assert_eq!(excerpt.as_bytes().len(), 5000);
    assert!(excerpt.is_truncated());
}
