//! When a span ends, through real hyper.

mod support;

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post as on_post;
use http_body::Frame;
use http_body_util::StreamBody;
use mcp_trace::{End, SpanRecord};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const MODERN: &str = "mcp-protocol-version: 2026-07-28";
const LEGACY: &str = "mcp-protocol-version: 2025-11-25";

async fn span_of(response: impl Fn() -> Response + Clone + Send + Sync + 'static) -> SpanRecord {
    let (layer, sink) = traced();
    let handler = move |_body: String| {
        let response = response();
        async move { response }
    };
    let address = serve(Router::new().route("/mcp", on_post(handler)).layer(layer)).await;
    exchange(address, &post(&[MODERN], CALL.as_bytes())).await;
    span(&sink).await
}

fn json(body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.into()).into_response()
}

#[tokio::test]
async fn a_json_answer_completes_it() {
    let span = span_of(|| json(ANSWER)).await;
    assert_eq!((span.end, span.outcome.is_error()), (End::Complete, false));
}

#[tokio::test]
async fn an_answer_without_a_body_completes_it() {
    for status in [
        StatusCode::ACCEPTED,
        StatusCode::NO_CONTENT,
        StatusCode::NOT_MODIFIED,
    ] {
        let span = span_of(move || status.into_response()).await;
        assert_eq!(
            (span.end, span.outcome.is_error()),
            (End::Complete, false),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_body_with_content_length_and_no_size_hint_completes_it() {
    let span = span_of(|| {
        let frames = [Ok::<_, Infallible>(Frame::data(Bytes::from(ANSWER)))];
        let mut response = json(Body::new(StreamBody::new(tokio_stream(frames))));
        response
            .headers_mut()
            .insert("content-length", ANSWER.len().into());
        response
    })
    .await;
    assert_eq!((span.end, span.outcome.is_error()), (End::Complete, false));
}

#[tokio::test]
async fn is_error_is_a_tool_error() {
    let span = span_of(|| json(ANSWER.replace("false", "true"))).await;
    assert_eq!(span.outcome.error_type.unwrap(), "tool_error");
}

#[tokio::test]
async fn a_json_rpc_error_is_recorded_by_the_rule_for_servers() {
    let error = |code: i64| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"no"}}}}"#)
    };
    let span = span_of(move || json(error(-32603))).await;
    assert_eq!(span.outcome.error_type.unwrap(), "-32603");
    assert_eq!(span.outcome.message.unwrap(), "no");
    let span = span_of(move || json(error(-32602))).await;
    assert_eq!(
        (span.outcome.is_error(), span.outcome.rpc_code),
        (false, Some(-32602))
    );
}

#[tokio::test]
async fn a_server_error_without_an_answer_is_an_error() {
    let span = span_of(|| StatusCode::BAD_GATEWAY.into_response()).await;
    assert_eq!(span.outcome.error_type.unwrap(), "502");
    let span = span_of(|| StatusCode::UNAUTHORIZED.into_response()).await;
    assert!(!span.outcome.is_error());
}

#[tokio::test]
async fn a_failing_body_is_an_error() {
    let span = span_of(|| {
        let frames = [
            Ok(Frame::data(Bytes::from("{"))),
            Err(std::io::Error::other("broken")),
        ];
        json(Body::new(StreamBody::new(tokio_stream(frames))))
    })
    .await;
    assert_eq!(span.outcome.error_type.unwrap(), "response_body");
}

fn tokio_stream<T>(items: impl IntoIterator<Item = T>) -> impl futures_core::Stream<Item = T> {
    let mut items = items.into_iter().collect::<std::collections::VecDeque<_>>();
    futures_util::stream::poll_fn(move |_| std::task::Poll::Ready(items.pop_front()))
}

type Events = mpsc::UnboundedSender<&'static str>;

/// A server that answers with an event stream which the test feeds.
async fn event_stream() -> (
    std::net::SocketAddr,
    std::sync::Arc<mcp_trace::MemorySink>,
    mpsc::UnboundedReceiver<Events>,
) {
    let (layer, sink) = traced();
    let (open, opened) = mpsc::unbounded_channel::<Events>();
    let handler = move |_body: String| {
        let (events, mut feed) = mpsc::unbounded_channel::<&'static str>();
        open.send(events).unwrap();
        let frames = futures_util::stream::poll_fn(move |cx| {
            feed.poll_recv(cx)
                .map(|event| Some(Ok::<_, Infallible>(Frame::data(Bytes::from(event?)))))
        });
        async move {
            (
                [(CONTENT_TYPE, "text/event-stream")],
                Body::new(StreamBody::new(frames)),
            )
                .into_response()
        }
    };
    (
        serve(Router::new().route("/mcp", on_post(handler)).layer(layer)).await,
        sink,
        opened,
    )
}

async fn open(address: std::net::SocketAddr, version: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(&post(&[version], body.as_bytes()))
        .await
        .unwrap();
    stream
}

async fn read_until(stream: &mut TcpStream, needle: &str) {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(needle) {
        let mut buffer = [0; 1024];
        let len = stream.read(&mut buffer).await.unwrap();
        assert_ne!(len, 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..len]);
    }
}

#[tokio::test]
async fn the_event_with_the_answer_completes_it_though_the_stream_stays_open() {
    let (address, sink, mut opened) = event_stream().await;
    let mut stream = open(address, LEGACY, CALL).await;
    let events = opened.recv().await.unwrap();
    events.send("data: \nid: 0\nretry: 3000\n\n").unwrap();
    events.send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n: keep-alive\n\n").unwrap();
    // A request of the server, whose ids are its own.
    events
        .send("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{}}\n\n")
        .unwrap();
    events
        .send("data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n\n")
        .unwrap();
    read_until(&mut stream, "\"id\":7").await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(
        sink.is_empty(),
        "neither an answer with another id nor a request with this one may end it"
    );
    events.send("data: {\"jsonrpc\":\"2.0\",\"id\":1,").unwrap();
    events.send("\"result\":{\"isError\":true}}\n\n").unwrap();
    read_until(&mut stream, "isError").await;
    let span = span(&sink).await;
    assert_eq!(
        (span.end, span.outcome.error_type.unwrap().as_str()),
        (End::Complete, "tool_error")
    );
    assert!(span.duration >= Duration::from_millis(30));
    drop(events);
}

#[tokio::test]
async fn a_client_that_leaves_cancels_under_2026_07_28_and_detaches_before_it() {
    for (version, end, error) in [
        (MODERN, End::Cancelled, Some("cancelled")),
        (LEGACY, End::Detached, None),
    ] {
        let (address, sink, mut opened) = event_stream().await;
        let mut stream = open(address, version, CALL).await;
        let events = opened.recv().await.unwrap();
        events.send("data: \nid: 0\n\n").unwrap();
        read_until(&mut stream, "id: 0").await;
        drop(stream);
        // hyper notices when it writes next.
        while sink.is_empty() {
            let _ = events.send(": keep-alive\n\n");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let span = span(&sink).await;
        assert_eq!(span.end, end, "{version}");
        assert_eq!(
            span.outcome.error_type.as_ref().map(|text| text.as_str()),
            error
        );
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_cancels_or_detaches_too() {
    for (version, end) in [(MODERN, End::Cancelled), (LEGACY, End::Detached)] {
        let (layer, sink) = traced();
        let (entered, mut has_entered) = mpsc::unbounded_channel();
        let handler = move |_body: String| {
            entered.send(()).unwrap();
            std::future::pending::<()>()
        };
        let address = serve(Router::new().route("/mcp", on_post(handler)).layer(layer)).await;
        let stream = open(address, version, CALL).await;
        has_entered.recv().await.unwrap();
        drop(stream);
        assert_eq!(span(&sink).await.end, end, "{version}");
    }
}

async fn panics(_body: String) {
    panic!("expected by the test")
}

#[tokio::test]
async fn a_panicking_service_ends_it_with_an_error() {
    let (layer, sink) = traced();
    let address = serve(Router::new().route("/mcp", on_post(panics)).layer(layer)).await;
    exchange(address, &post(&[MODERN], CALL.as_bytes())).await;
    assert_eq!(span(&sink).await.outcome.error_type.unwrap(), "panic");
}

#[tokio::test]
async fn a_subscription_does_not_stay_open() {
    let (address, sink, mut opened) = event_stream().await;
    let listen =
        r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"_meta":{}}}"#;
    let mut stream = open(address, MODERN, listen).await;
    let events = opened.recv().await.unwrap();
    events.send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\"}\n\n").unwrap();
    read_until(&mut stream, "acknowledged").await;
    let span = span(&sink).await;
    assert_eq!(
        (span.name().as_ref(), span.end),
        ("subscriptions/listen", End::Complete)
    );
}

#[tokio::test]
async fn what_is_no_message_gets_context_and_no_span() {
    let (layer, sink) = traced();
    let app = Router::new()
        .fallback(|_body: Bytes| async { mcp_trace::current().unwrap().traceparent().to_string() })
        .layer(layer);
    let address = serve(app).await;
    let header = format!("traceparent: {HEADER}");
    let get =
        format!("GET /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n\r\n");
    let delete = get.replace("GET", "DELETE");
    for request in [
        get.into_bytes(),
        delete.into_bytes(),
        post(&[&header], b"{\"hello\":1}"),
        post(&[&header], ANSWER.as_bytes()),
    ] {
        let answer = exchange(address, &request).await;
        assert!(
            answer.ends_with(HEADER.as_bytes()),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert!(sink.is_empty(), "{:?}", sink.spans());
}
