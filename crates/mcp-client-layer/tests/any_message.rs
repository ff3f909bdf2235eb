//! Any message comes out as it went in, but for the trace members.

mod support;

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use mcp_trace::{ActiveSpan, ScopeGuard, TraceContext};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::traced;
use tower::{Layer, Service, service_fn};

/// What the layer makes of a body.
fn through(body: &str, here: &TraceContext) -> String {
    let (layer, _sink) = traced();
    let mut seen = None;
    let mut client = layer.layer(service_fn(|request: Request<String>| {
        seen = Some(request.into_body());
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    }));
    let request = Request::post("http://localhost/mcp")
        .body(body.to_owned())
        .unwrap();
    let _scope = ScopeGuard::enter(ActiveSpan::propagating(Some(here.clone())));
    drop(client.call(request));
    drop(client);
    seen.unwrap()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any_key(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,8}",
        prop::sample::select(vec![
            "_meta",
            "name",
            "uri",
            "traceparent",
            "tracestate",
            "params",
            "id",
            "method"
        ])
        .prop_map(str::to_owned),
    ]
}

/// `value` as JSON, with white space and escapes where JSON allows them.
fn write(value: &Value, seed: u64) -> String {
    let compact = if seed % 2 == 0 {
        value.to_string()
    } else {
        serde_json::to_string_pretty(value).unwrap()
    };
    if seed % 3 == 0 {
        compact.replace("\"a", "\"\\u0061")
    } else {
        compact
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_parses_to_the_original_and_the_trace_members(
        params in prop::option::of(prop::collection::hash_map(any_key(), any_json(), 0..6)),
        meta in prop::option::of(prop::collection::hash_map(".{0,8}", any_json(), 0..4)),
        foreign in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut message = json!({"jsonrpc": "2.0", "id": seed, "method": "tools/call"});
        if let Some(params) = params {
            let mut params: Value = Value::Object(params.into_iter().filter(|(key, _)| key != "_meta").collect());
            if let Some(meta) = meta {
                params["_meta"] = Value::Object(meta.into_iter().collect());
                if foreign {
                    params["_meta"]["traceparent"] = support::FOREIGN.into();
                }
            }
            message["params"] = params;
        }
        let body = write(&message, seed);
        let bytes = through(&body, &TraceContext::new_root());
        if !foreign {
            let same = |(a, b): &(u8, u8)| a == b;
            let before = bytes.bytes().zip(body.bytes()).take_while(same).count();
            let after = bytes.bytes().rev().zip(body.bytes().rev()).take_while(same).count();
            prop_assert!(before + after >= body.len(), "one insertion: {}", bytes);
        }
        let sent: Value = serde_json::from_str(&bytes).unwrap();
        let mut expected: Value = serde_json::from_str(&body).unwrap();
        let traceparent = sent["params"]["_meta"]["traceparent"].as_str().unwrap().to_owned();
        prop_assert_ne!(&traceparent, support::FOREIGN);
        expected["params"]["_meta"]["traceparent"] = traceparent.into();
        prop_assert_eq!(sent, expected);
    }

    #[test]
    fn any_text_is_sent(body in ".{0,200}") {
        prop_assert_eq!(through(&body, &TraceContext::new_root()), body);
    }

    #[test]
    fn any_json_that_is_no_message_is_sent_as_it_is(value in any_json(), seed in any::<u64>()) {
        let body = write(&value, seed);
        prop_assert_eq!(through(&body, &TraceContext::new_root()), body);
    }
}
