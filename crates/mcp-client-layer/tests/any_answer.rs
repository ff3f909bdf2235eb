//! Any answer means the same, wherever it is cut.

mod support;

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use mcp_trace::{End, Outcome};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{call, traced};
use tower::{Layer, Service, service_fn};

/// What the span of a call says whose answer comes in these pieces.
fn outcome(content_type: &str, pieces: &[&[u8]]) -> (End, Outcome) {
    let (layer, sink) = traced();
    let frames = pieces.iter().map(|piece| Bytes::copy_from_slice(piece));
    let frames: Vec<_> = frames
        .map(|piece| Ok::<_, Infallible>(Frame::data(piece)))
        .collect();
    let response = Response::builder()
        .header("content-type", content_type)
        .body(StreamBody::new(stream::iter(frames)))
        .unwrap();
    let mut response = Some(response);
    let mut client = layer.layer(service_fn(|_: Request<String>| {
        ready(Ok::<_, Infallible>(response.take().unwrap()))
    }));
    let request = Request::post("http://localhost/mcp")
        .body(call(7, "greet"))
        .unwrap();
    let read = async {
        client
            .call(request)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
    };
    let whole = read
        .now_or_never()
        .expect("nothing waits")
        .unwrap()
        .to_bytes();
    assert_eq!(whole, pieces.concat(), "every byte is passed on");
    let span = sink.take().remove(0);
    (span.end, span.outcome)
}

fn any_message() -> impl Strategy<Value = Value> {
    let id = prop_oneof![
        Just(json!(7)),
        Just(json!("7")),
        Just(json!(8)),
        Just(Value::Null)
    ];
    let content = prop::collection::vec(".{0,20}", 0..4);
    let body = prop_oneof![
        (content, any::<bool>()).prop_map(|(content, failed)| {
            json!({"result": {"content": content, "isError": failed}})
        }),
        (any::<i16>(), ".{0,40}")
            .prop_map(|(code, message)| { json!({"error": {"code": code, "message": message}}) }),
        ".{0,20}".prop_map(|text| json!({"method": "notifications/message", "params": text})),
    ];
    (id, body).prop_map(|(id, mut message)| {
        message["jsonrpc"] = "2.0".into();
        message["id"] = id;
        message
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_pieces(
        messages in prop::collection::vec(any_message(), 1..4),
        streams in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let (content_type, body) = if streams {
            let events = messages.iter().map(|message| format!("id: 1\ndata: {message}\n\n"));
            ("text/event-stream", events.collect::<String>())
        } else {
            ("application/json", messages[0].to_string())
        };
        let body = body.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();
        prop_assert_eq!(outcome(content_type, &pieces), outcome(content_type, &[body]));
    }
}

#[test]
fn the_outcomes_are_not_all_alike() {
    let of = |message: Value| outcome("application/json", &[message.to_string().as_bytes()]).1;
    let tool = |failed: bool| json!({"jsonrpc": "2.0", "id": 7, "result": {"isError": failed}});
    assert!(!of(tool(false)).is_error());
    assert_eq!(of(tool(true)).error_type.unwrap(), "tool_error");
    let error = json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -1, "message": "no"}});
    assert_eq!(of(error).rpc_code, Some(-1));
}
