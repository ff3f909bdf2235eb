//! Members go into `params._meta`, and nowhere else.

mod oracle;
mod support;

use mcp_envelope::{Kind, Outgoing, SpliceError, splice};
use proptest::prelude::*;

use oracle::Tree;
use support::{Dice, or_batch, request, string, write};

const PARENT: (&str, &str) = (
    "traceparent",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
);

#[track_caller]
fn check(before: &str, after: &str) {
    let spliced =
        splice(before.as_bytes(), &[PARENT]).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(
        spliced.as_deref(),
        Ok(after
            .replace(
                '@',
                "\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\""
            )
            .as_str())
    );
}

#[test]
fn members_go_first_into_meta_that_is_there() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","_meta":{"progressToken":0}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","_meta":{@,"progressToken":0}}}"#,
    );
}

#[test]
fn members_go_into_empty_meta() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{ } ,"name":"greet"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{@ } ,"name":"greet"}}"#,
    );
}

#[test]
fn meta_is_made_first_in_params() {
    check(
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"_meta":{@},"progress":1}}"#,
    );
    check(
        r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{"_meta":{@}}}"#,
    );
}

#[test]
fn params_are_made_last_in_the_message() {
    check(
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/list\"\n}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/list\"\n,\"params\":{\"_meta\":{@}}}\n",
    );
}

#[test]
fn members_that_are_there_stay() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"tr\u0061ceparent":null,"a":"1"}}}"#;
    let outgoing = Outgoing::scan(body);
    let members = [PARENT, ("a", "2")];
    let splice = outgoing.splice(&members).unwrap();
    assert!(splice.is_noop());
    assert_eq!(splice.added_len(), 0);
    assert_eq!(splice.apply(), body);

    let members = [
        PARENT,
        ("a", "2"),
        ("tracestate", "x=1"),
        ("b", ""),
        ("b", "twice"),
    ];
    let spliced = outgoing.splice(&members).unwrap().apply();
    assert_eq!(
        String::from_utf8(spliced).unwrap(),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"tracestate":"x=1","b":"","tr\u0061ceparent":null,"a":"1"}}}"#,
    );
}

#[test]
fn members_can_be_taken_out() {
    for (params, expected) in [
        (r#"{}"#, r#"{}"#),
        (r#"{"gone":"x"}"#, r#"{"gone":"x"}"#),
        (r#"{"_meta":{}}"#, r#"{"_meta":{}}"#),
        (r#"{"_meta":[{"gone":"x"}]}"#, r#"{"_meta":[{"gone":"x"}]}"#),
        (r#"{"_meta":{"gone":"x"}}"#, r#"{"_meta":{}}"#),
        (r#"{"_meta":{"gone":"x","a":1}}"#, r#"{"_meta":{"a":1}}"#),
        (r#"{"_meta":{"a":1,"gone":"x"}}"#, r#"{"_meta":{"a":1}}"#),
        (
            r#"{"_meta":{"a":1,"lost":"","b":2,"gone":[{}]}}"#,
            r#"{"_meta":{"a":1,"b":2}}"#,
        ),
        (
            r#"{"_meta":{"gone":true,"lost":null,"b":2,"gone":1,"lost":0,"c":{}}}"#,
            r#"{"_meta":{"b":2,"c":{}}}"#,
        ),
        (
            r#"{"_meta":{ "gone" : "x" , "a" : 1 } }"#,
            r#"{"_meta":{ "a" : 1 } }"#,
        ),
        (
            r#"{"_meta":{"a":"\"gone\":\"\\","\u0067one":"\"\\\\\"" }}"#,
            r#"{"_meta":{"a":"\"gone\":\"\\" }}"#,
        ),
        (
            r#"{"arguments":{"_meta":{"gone":"n"}},"_meta":{"gone":"x"}}"#,
            r#"{"arguments":{"_meta":{"gone":"n"}},"_meta":{}}"#,
        ),
    ] {
        let message =
            |params| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{params}}}"#);
        let body = message(params);
        let without = Outgoing::scan(body.as_bytes()).without(&["gone", "lost"]);
        assert_eq!(String::from_utf8(without).unwrap(), message(expected));
    }
}

#[test]
fn nothing_to_add_makes_no_meta() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(splice(body, &[]).unwrap(), body);
}

#[test]
fn values_are_escaped() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let spliced = splice(body, &[("a\"b\\", "\u{1}\t\u{1f}é\u{7f}\"")]).unwrap();
    assert_eq!(
        String::from_utf8(spliced).unwrap(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"_meta\":{\"a\\\"b\\\\\":\"\\u0001\\u0009\\u001fé\u{7f}\\\"\"}}}",
    );
}

#[test]
fn every_character_is_written_so_that_it_reads_back() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for character in ('\0'..='\u{100}').chain(['\u{2028}', '😀']) {
        for (before, after) in [(0, 0), (0, 7), (7, 0), (10, 10)] {
            let value = ["x".repeat(before), character.to_string(), "x".repeat(after)].concat();
            let spliced = splice(body, &[("a", &value)]).unwrap();
            let message: serde_json::Value = serde_json::from_slice(&spliced).unwrap();
            assert_eq!(message["params"]["_meta"]["a"], value);
        }
    }
}

#[test]
fn the_first_params_and_the_first_meta_count() {
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{},"_meta":{"traceparent":""}},"params":[]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{@},"_meta":{"traceparent":""}},"params":[]}"#,
    );
}

#[test]
fn no_member_goes_where_it_cannot() {
    for (body, error) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
            SpliceError::Params,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
            SpliceError::Params,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":"{}"}"#,
            SpliceError::Params,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":[]}}"#,
            SpliceError::Meta,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":null}}"#,
            SpliceError::Meta,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":7}}"#,
            SpliceError::Meta,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            SpliceError::Response,
        ),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
            SpliceError::Batch,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping""#,
            SpliceError::NotAMessage,
        ),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            SpliceError::NotAMessage,
        ),
        (r#"{"id":1,"method":"ping"}"#, SpliceError::NotAMessage),
        (r#"{"query":"{ hero }"}"#, SpliceError::NotAMessage),
        ("", SpliceError::NotAMessage),
    ] {
        assert_eq!(splice(body.as_bytes(), &[PARENT]), Err(error), "{body}");
        assert!(!error.to_string().is_empty());
    }
    let many: Vec<(String, &str)> = (0..65).map(|n| (n.to_string(), "")).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(splice(body, &many), Err(SpliceError::TooMany));
    assert!(splice(body, &many[..64]).is_ok());
}

#[test]
fn one_allocation_of_the_right_size() {
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":1}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"traceparent":""}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"traceparent":"","b":1}}}"#,
    ] {
        for members in [&[PARENT][..], &[PARENT, ("b", "2")]] {
            let spliced = splice(body.as_bytes(), members).unwrap();
            assert_eq!(spliced.capacity(), spliced.len(), "{body}");
        }
    }
}

fn members() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((support::key(), string()), 0..5)
}

proptest! {
    #![proptest_config(support::config())]

    #[test]
    fn spliced_bytes_are_the_message_and_the_members(
        tree in or_batch(request()), members in members(), seed: u64, plain: bool,
    ) {
        let body = write(&tree, &mut Dice(seed), plain);
        let members: Vec<(&str, &str)> = members.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();

        oracle::check_splice(&body, &members);
    }

    #[test]
    fn members_are_taken_out_and_nothing_else(tree in or_batch(request()), seed: u64, plain: bool) {
        const KEYS: [&str; 3] = ["traceparent", "baggage", "a"];
        let body = write(&tree, &mut Dice(seed), plain);
        let outgoing = Outgoing::scan(&body);
        let without = outgoing.without(&KEYS);
        let is_message = matches!(outgoing.message().kind(), Kind::Request | Kind::Notification);
        let mut expected = Tree::parse(&body).expect("the generator writes JSON");
        if !is_message {
            return Ok(());
        }
        if let Some(Tree::Object(meta)) = expected.get_mut("params").and_then(|params| params.get_mut("_meta")) {
            meta.retain(|(key, _)| !KEYS.contains(&key.as_str()));
        }
        prop_assert_eq!(Tree::parse(&without), Some(expected));
        // What is left is there in the same order.
        let mut rest = body.iter();
        prop_assert!(without.iter().all(|byte| rest.any(|other| other == byte)));
    }
}
