//! Beside the layers of tower-http, outside and inside of each.

mod support;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, SpanRecord};
use support::wire::message;
use support::*;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

const FAILED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"a text that is long enough to be compressed"}],"isError":true}}"#;

async fn fails(_body: Bytes) -> Response {
    let answer = Response::builder().header("content-type", "application/json");
    answer.body(Body::from(FAILED)).unwrap()
}

fn layer() -> (McpServerTraceLayer, Arc<MemorySink>) {
    traced()
}

async fn send(app: Router, request: Request<Body>) -> (StatusCode, Bytes) {
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    (
        status,
        axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap(),
    )
}

fn only(sink: &MemorySink) -> SpanRecord {
    let [span] = sink.take().try_into().unwrap();
    span
}

fn error_type(span: &SpanRecord) -> Option<&str> {
    span.outcome.error_type.as_ref().map(|text| text.as_str())
}

fn gzipped_call() -> Request<Body> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(CALL.as_bytes()).unwrap();
    message(&[("content-encoding", "gzip")], gzip.finish().unwrap())
}

#[tokio::test]
async fn inside_compression_the_answer_is_read() {
    let (layer, sink) = layer();
    let stats = layer.stats();
    let app = Router::new()
        .fallback(fails)
        .layer(layer)
        .layer(CompressionLayer::new());
    let (_, body) = send(app, message(&[("accept-encoding", "gzip")], CALL)).await;
    assert_eq!(body[..2], [0x1f, 0x8b], "the client got gzip");
    assert_eq!(error_type(&only(&sink)), Some("tool_error"));
    assert_eq!(stats.unreadable_answers(), 0);
}

#[tokio::test]
async fn outside_compression_the_status_stays_unset_and_is_counted() {
    let (layer, sink) = layer();
    let stats = layer.stats();
    let app = Router::new()
        .fallback(fails)
        .layer(CompressionLayer::new())
        .layer(layer);
    let (_, body) = send(app, message(&[("accept-encoding", "gzip")], CALL)).await;
    assert_eq!(body[..2], [0x1f, 0x8b], "the client got gzip");
    let span = only(&sink);
    assert_eq!(
        (span.name().as_ref(), error_type(&span)),
        ("tools/call greet", None)
    );
    assert_eq!(stats.unreadable_answers(), 1);
}

#[tokio::test]
async fn inside_decompression_the_message_is_read() {
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(fails)
        .layer(layer)
        .layer(RequestDecompressionLayer::new());
    send(app, gzipped_call()).await;
    assert_eq!(only(&sink).name(), "tools/call greet");
}

#[tokio::test]
async fn outside_decompression_the_message_cannot_be_read() {
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(|body: String| async move { assert_eq!(body, CALL) })
        .layer(RequestDecompressionLayer::new())
        .layer(layer.clone());
    let (status, _) = send(app, gzipped_call()).await;
    assert_eq!(
        (status, sink.len()),
        (StatusCode::OK, 0),
        "nothing says that it is a message"
    );
    let app = Router::new()
        .fallback(fails)
        .layer(RequestDecompressionLayer::new())
        .layer(layer);
    let mut request = gzipped_call();
    request
        .headers_mut()
        .insert("mcp-method", "tools/call".parse().unwrap());
    send(app, request).await;
    assert_eq!(only(&sink).name(), "tools/call", "the header does");
}

async fn sleeps(_body: Bytes) {
    std::future::pending().await
}

fn modern() -> Request<Body> {
    message(&[("mcp-protocol-version", "2026-07-28")], CALL)
}

#[tokio::test]
async fn inside_a_timeout_the_call_is_cancelled() {
    let (layer, sink) = layer();
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(10));
    let app = Router::new().fallback(sleeps).layer(layer).layer(timeout);
    assert_eq!(send(app, modern()).await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(error_type(&only(&sink)), Some("cancelled"));
}

#[tokio::test]
async fn outside_a_timeout_the_status_is_the_error() {
    let (layer, sink) = layer();
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(10));
    let app = Router::new().fallback(sleeps).layer(timeout).layer(layer);
    assert_eq!(send(app, modern()).await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(error_type(&only(&sink)), Some("504"));
}

async fn panics(_body: Bytes) {
    panic!("expected by the test")
}

#[tokio::test]
async fn inside_catch_panic_it_is_a_panic() {
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(panics)
        .layer(layer)
        .layer(CatchPanicLayer::new());
    assert_eq!(
        send(app, modern()).await.0,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(error_type(&only(&sink)), Some("panic"));
}

#[tokio::test]
async fn outside_catch_panic_it_is_the_status() {
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(panics)
        .layer(CatchPanicLayer::new())
        .layer(layer);
    assert_eq!(
        send(app, modern()).await.0,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(error_type(&only(&sink)), Some("500"));
}

/// With a length a body is refused at once, without one when the limit is read.
#[tokio::test]
async fn outside_a_body_limit_it_refuses_as_before() {
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(fails)
        .layer(RequestBodyLimitLayer::new(20))
        .layer(layer);
    let length = CALL.len().to_string();
    for headers in [&[("content-length", length.as_str())][..], &[]] {
        let (status, _) = send(app.clone(), message(headers, CALL)).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert!(sink.take().iter().all(|span| !span.outcome.is_error()));
}

/// axum's extractors look for the limit's error below two errors of axum, and every layer of a
/// router that wraps the body of requests adds one: the limit goes inside.
#[tokio::test]
async fn inside_a_body_limit_of_the_router_it_refuses_with_another_status() {
    let (layer, _sink) = layer();
    let app = Router::new()
        .fallback(fails)
        .layer(layer)
        .layer(RequestBodyLimitLayer::new(20));
    assert_eq!(limited(app).await, [413, 400]);
}

/// Or both go into one stack, or the body is left alone.
#[tokio::test]
async fn inside_a_body_limit_of_the_same_stack_it_refuses_as_before() {
    let (layer, _sink) = layer();
    let limit = RequestBodyLimitLayer::new(20);
    let stack = tower::ServiceBuilder::new()
        .layer(limit)
        .layer(layer.clone());
    let app = Router::new().fallback(fails).layer(stack);
    assert_eq!(limited(app).await, [413, 413]);
    let app = Router::new()
        .fallback(fails)
        .layer(layer.headers_only())
        .layer(limit);
    assert_eq!(limited(app).await, [413, 413]);
}

/// The statuses of a message that is too long, with a length and without.
async fn limited(app: Router) -> [u16; 2] {
    let length = CALL.len().to_string();
    let declared = message(&[("content-length", length.as_str())], CALL);
    let declared = send(app.clone(), declared).await.0;
    let (streamed, _) = send(app, message(&[], CALL)).await;
    [declared.as_u16(), streamed.as_u16()]
}

#[tokio::test]
async fn a_preflight_request_has_no_span_and_its_answer_is_untouched() {
    for inside in [true, false] {
        let (layer, sink) = layer();
        let cors = CorsLayer::permissive();
        let app = Router::new().fallback(fails);
        let app = match inside {
            true => app.layer(layer).layer(cors),
            false => app.layer(cors).layer(layer),
        };
        let preflight = Request::options("/mcp")
            .header("origin", "https://inspector.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "traceparent,mcp-protocol-version",
            );
        let response = app
            .clone()
            .oneshot(preflight.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert!(
            response
                .headers()
                .contains_key("access-control-allow-headers")
        );
        drop(response);
        assert!(sink.is_empty());
        let (status, body) = send(
            app,
            message(&[("origin", "https://inspector.example")], CALL),
        )
        .await;
        assert_eq!((status, body.as_ref()), (StatusCode::OK, FAILED.as_bytes()));
        assert_eq!(error_type(&only(&sink)), Some("tool_error"));
    }
}

#[tokio::test]
async fn beside_the_http_trace_layer() {
    for inside in [true, false] {
        let (layer, sink) = layer();
        let trace = TraceLayer::new_for_http();
        let app = Router::new().fallback(fails);
        let app = match inside {
            true => app.layer(layer).layer(trace),
            false => app.layer(trace).layer(layer),
        };
        send(app, message(&[], CALL)).await;
        assert_eq!(error_type(&only(&sink)), Some("tool_error"));
    }
}
