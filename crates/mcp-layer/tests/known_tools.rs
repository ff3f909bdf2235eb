//! Tools that there are not have no names in spans, whichever part of a message named them.

mod support;

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::routing::post as on_post;
use mcp_trace::SpanRecord;
use support::wire::message;
use support::*;
use tower::{Layer, ServiceExt, service_fn};

const NAMED: [(&str, &str); 2] = [("mcp-method", "tools/call"), ("mcp-name", "made-up")];

#[track_caller]
fn assert_other(span: &SpanRecord) {
    assert_eq!(span.name(), "tools/call _OTHER");
    assert_eq!(attributes::attributes(span)["gen_ai.tool.name"], "_OTHER");
}

#[tokio::test]
async fn of_a_message_that_nobody_reads() {
    let (layer, sink) = traced();
    let app = Router::new()
        .route("/mcp", on_post(async || StatusCode::UNAUTHORIZED))
        .layer(layer.known_tools(["greet"]));
    app.oneshot(message(&NAMED, CALL)).await.unwrap();
    assert_other(&span(&sink).await);
}

#[tokio::test]
async fn of_a_message_that_cannot_be_read() {
    let (layer, sink) = traced();
    let app = Router::new()
        .route("/mcp", on_post(async || ANSWER))
        .layer(layer.known_tools(["greet"]));
    let headers = [NAMED[0], NAMED[1], ("content-encoding", "gzip")];
    app.oneshot(message(&headers, "\u{1f}")).await.unwrap();
    assert_other(&span(&sink).await);
}

#[tokio::test]
async fn of_headers_only() {
    let (layer, sink) = traced();
    let inner =
        service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
    let service = layer.known_tools(["greet"]).headers_only().layer(inner);
    service.oneshot(message(&NAMED, CALL)).await.unwrap();
    assert_other(&span(&sink).await);
}

#[tokio::test]
async fn of_a_member_of_a_batch() {
    let (layer, sink) = traced();
    let app = Router::new()
        .route("/mcp", on_post(async |_: String| ANSWER))
        .layer(layer.known_tools(["greet"]));
    let batch = format!("[{},{CALL}]", CALL.replace("greet", "made-up"));
    app.oneshot(message(&[], batch)).await.unwrap();
    assert_other(&spans(&sink, 2).await[0]);
}
