//! Arguments and results are recorded as far as a function of the program lets them through.

mod support;

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_client_layer::McpClientTraceLayer;
use mcp_trace::{Capture, MemorySink};
use support::*;
use tower::{Layer, ServiceExt};

const ARGUMENTS: &str = "gen_ai.tool.call.arguments";
const RESULT: &str = "gen_ai.tool.call.result";

async fn send(layer: McpClientTraceLayer, path: &str, message: &str) {
    let server = Server::start().await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = Request::post(server.url(path))
        .header("content-type", "application/json")
        .body(Full::from(message.to_owned()))
        .unwrap();
    let answer = layer.layer(client).oneshot(request).await.unwrap();
    if path == "/sse" {
        // Its stream stays open.
        let mut body = answer.into_body();
        for _ in 0..3 {
            body.frame().await.unwrap().unwrap();
        }
    } else {
        answer.into_body().collect().await.unwrap();
    }
}

fn traced(capture: Capture) -> (McpClientTraceLayer, Arc<MemorySink>) {
    let (layer, sink) = support::traced();
    (layer.capture(capture), sink)
}

#[tokio::test]
async fn as_they_were_sent_in_json_and_in_an_event_stream() {
    for path in ["/mcp", "/sse", "/sse-in-pieces"] {
        let (layer, sink) = traced(Capture::new(|captured| Some(captured.json.to_owned())));
        send(layer, path, &call(1, "greet")).await;
        let all = attributes(&only_span(&sink).await);
        assert_eq!(all[ARGUMENTS], r#"{"to":"Ada"}"#, "{path}");
        assert!(
            all[RESULT].contains(r#""isError":false"#),
            "{path}: {all:?}"
        );
    }
}

#[tokio::test]
async fn what_the_function_drops_does_not_leave() {
    let (layer, sink) = traced(Capture::new(|_| None));
    send(layer, "/mcp", &call(1, "greet")).await;
    let all = attributes(&only_span(&sink).await);
    assert!(!all.contains_key(ARGUMENTS) && !all.contains_key(RESULT));
}

#[tokio::test]
async fn by_default_neither_is_recorded_and_errors_never() {
    let all = |capture: Option<Capture>, tool: &'static str| async move {
        let (layer, sink) = support::traced();
        let layer = match capture {
            Some(capture) => layer.capture(capture),
            None => layer,
        };
        send(layer, "/mcp", &call(1, tool)).await;
        attributes(&only_span(&sink).await)
    };
    let plain = all(None, "greet").await;
    assert!(!plain.contains_key(ARGUMENTS) && !plain.contains_key(RESULT));
    let everything = Capture::new(|captured| Some(captured.json.to_owned()));
    let refused = all(Some(everything), "missing").await;
    assert!(refused.contains_key(ARGUMENTS) && !refused.contains_key(RESULT));
}

#[tokio::test]
async fn the_limit_and_a_panic() {
    let (layer, sink) = traced(Capture::new(|captured| Some(captured.json.to_owned())).limit(5));
    send(layer, "/mcp", &call(1, "greet")).await;
    let all = attributes(&only_span(&sink).await);
    assert_eq!(
        (all[ARGUMENTS].as_str(), all[RESULT].len()),
        (r#"{"to""#, 5)
    );
    assert_eq!(all["mcp_trace.arguments_truncated"], "true");

    std::panic::set_hook(Box::new(|_| {}));
    let capture = Capture::new(|_| panic!("a bug"));
    let (layer, sink) = traced(capture.clone());
    send(layer, "/mcp", &call(1, "greet")).await;
    let _ = std::panic::take_hook();
    let span = only_span(&sink).await;
    assert!(!span.outcome.is_error() && !attributes(&span).contains_key(ARGUMENTS));
    // The arguments and the result.
    assert_eq!(capture.panics(), 2);
}
