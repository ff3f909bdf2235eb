//! When has a response ended? One test per row of the rule, over HTTP/1.1 and HTTP/2, served
//! by plain hyper and by axum.
//!
//! Most answers here are plain text, so that nothing but the transport can end the span.

mod support;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use mcp_trace::{End, MemorySink, SpanRecord, current};
use support::wire::*;
use support::*;
use tokio::sync::mpsc;
use tower::{Layer, service_fn};

const MODERN: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const LEGACY: (&str, &str) = ("mcp-protocol-version", "2025-11-25");

/// A body that knows as much about itself as a test wants.
#[derive(Default)]
struct Scripted {
    frames: VecDeque<Frame<Bytes>>,
    /// What comes after the frames: an error, or else the end.
    fails: bool,
    knows_its_end: bool,
    hint: SizeHint,
}

impl Scripted {
    fn data(frames: &[&'static str]) -> Self {
        Self {
            frames: frames
                .iter()
                .map(|frame| Frame::data(Bytes::from_static(frame.as_bytes())))
                .collect(),
            ..Self::default()
        }
    }
}

impl http_body::Body for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.frames.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None if self.fails => Some(Err(io::Error::other("broken"))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

fn answer(status: StatusCode, headers: &[(&'static str, &str)], body: Scripted) -> Response<Body> {
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "text/plain");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::new(body)).unwrap()
}

/// Reads the request and answers as `make` says, behind the layer, on the given server.
async fn serve_answer(
    http: Http,
    axum: bool,
    make: fn() -> Response<Body>,
) -> (Server, Arc<MemorySink>) {
    let (layer, sink) = traced();
    let server = if axum {
        serve_axum(
            Router::new()
                .fallback(move |_body: Bytes| async move { make() })
                .layer(layer),
        )
        .await
    } else {
        let inner = service_fn(
            move |request: Request<mcp_layer::RequestBody<_>>| async move {
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(make())
            },
        );
        serve_hyper(http, layer.layer(inner)).await
    };
    (server, sink)
}

async fn span_of(http: Http, axum: bool, make: fn() -> Response<Body>) -> SpanRecord {
    let (server, sink) = serve_answer(http, axum, make).await;
    let mut client = Client::connect(http, server.address).await;
    client.exchange(message(&[MODERN], CALL)).await;
    let first = span(&sink).await;
    drop((client, server));
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(sink.len(), 1, "a span ends once");
    first
}

macro_rules! rows {
    ($($row:ident: $make:expr => $end:ident, $error:expr;)+) => {
        $(mod $row {
            use super::*;

            async fn check(http: Http, axum: bool) {
                let span = span_of(http, axum, $make).await;
                let error = span.outcome.error_type.as_ref().map(|text| text.as_str());
                assert_eq!((span.end, error), (End::$end, $error), "{span:?}");
            }

            #[tokio::test]
            async fn http1_hyper() {
                check(Http::One, false).await;
            }

            #[tokio::test]
            async fn http1_axum() {
                check(Http::One, true).await;
            }

            #[tokio::test]
            async fn http2_hyper() {
                check(Http::Two, false).await;
            }

            #[tokio::test]
            async fn http2_axum() {
                check(Http::Two, true).await;
            }
        })+
    };
}

rows! {
    status_204: || answer(StatusCode::NO_CONTENT, &[], Scripted::data(&["never sent"])) => Complete, None;
    status_304: || answer(StatusCode::NOT_MODIFIED, &[], Scripted::data(&["never sent"])) => Complete, None;
    content_length_without_size_hint:
        || answer(StatusCode::OK, &[("content-length", "4")], Scripted::data(&["te", "xt"])) => Complete, None;
    content_length_zero: || answer(StatusCode::OK, &[("content-length", "0")], Scripted::default()) => Complete, None;
    exact_size_hint:
        || answer(StatusCode::OK, &[], Scripted { hint: SizeHint::with_exact(4), ..Scripted::data(&["te", "xt"]) }) => Complete, None;
    end_stream_at_the_head:
        || answer(StatusCode::OK, &[], Scripted { knows_its_end: true, ..Scripted::default() }) => Complete, None;
    end_stream_after_a_frame:
        || answer(StatusCode::OK, &[], Scripted { knows_its_end: true, ..Scripted::data(&["text"]) }) => Complete, None;
    trailers: || {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "1".parse().unwrap());
        let mut body = Scripted::data(&["text"]);
        body.frames.push_back(Frame::trailers(trailers));
        answer(StatusCode::OK, &[("trailer", "x-checksum")], body)
    } => Complete, None;
    none_with_unknown_length: || answer(StatusCode::OK, &[], Scripted::data(&["te", "xt"])) => Complete, None;
    none_while_bytes_are_due:
        || answer(StatusCode::OK, &[("content-length", "9")], Scripted::data(&["te", "xt"])) => Complete, Some("response_body");
    body_error: || answer(StatusCode::OK, &[], Scripted { fails: true, ..Scripted::data(&["text"]) }) => Complete, Some("response_body");
    body_error_while_bytes_are_due:
        || answer(StatusCode::OK, &[("content-length", "9")], Scripted { fails: true, ..Scripted::data(&["text"]) })
        => Complete, Some("response_body");
    server_error: || answer(StatusCode::SERVICE_UNAVAILABLE, &[], Scripted::data(&["later"])) => Complete, Some("503");
    legacy_accepted: || answer(StatusCode::ACCEPTED, &[], Scripted::data(&["Accepted"])) => Complete, None;
}

/// Bodies that must not be sent are not even polled, whatever they claim to owe.
#[tokio::test]
async fn head_requests_get_context_and_no_span() {
    for http in Http::BOTH {
        let (layer, sink) = traced();
        let inner = service_fn(|_: Request<_>| async {
            let seen = current().unwrap().traceparent().to_string();
            let mut response = answer(
                StatusCode::OK,
                &[("content-length", "4")],
                Scripted::data(&["text"]),
            );
            response
                .headers_mut()
                .insert("x-seen", seen.parse().unwrap());
            Ok::<_, Infallible>(response)
        });
        let server = serve_hyper(http, layer.layer(inner)).await;
        let mut client = Client::connect(http, server.address).await;
        let mut request = message(&[("traceparent", HEADER)], Body::empty());
        *request.method_mut() = axum::http::Method::HEAD;
        let response = client.send(request).await.unwrap();
        assert_eq!(response.headers()["x-seen"], HEADER);
        drop((response, client, server));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(sink.is_empty());
    }
}

#[tokio::test]
async fn inner_error() {
    for http in Http::BOTH {
        let (layer, sink) = traced();
        let inner = service_fn(|_: Request<mcp_layer::RequestBody<_>>| async {
            Err::<Response<Body>, _>(io::Error::other("down"))
        });
        let server = serve_hyper(http, layer.layer(inner)).await;
        let mut client = Client::connect(http, server.address).await;
        assert!(client.exchange(message(&[MODERN], CALL)).await.is_none());
        let span = span(&sink).await;
        assert_eq!(
            (span.end, span.outcome.error_type.unwrap().as_str()),
            (End::Complete, "service")
        );
    }
}

/// What a stream's test sends as events.
type Events = mpsc::UnboundedSender<&'static str>;

/// A server that answers every request with an event stream which the test feeds.
async fn event_stream(http: Http) -> (Server, Arc<MemorySink>, mpsc::UnboundedReceiver<Events>) {
    let (layer, sink) = traced();
    let (open, opened) = mpsc::unbounded_channel::<Events>();
    let inner = service_fn(move |request: Request<mcp_layer::RequestBody<_>>| {
        let open = open.clone();
        async move {
            let _ = request.into_body().collect().await;
            let (events, mut feed) = mpsc::unbounded_channel::<&'static str>();
            open.send(events).unwrap();
            let frames = futures_util::stream::poll_fn(move |cx| {
                feed.poll_recv(cx)
                    .map(|event| Some(Ok::<_, Infallible>(Frame::data(Bytes::from(event?)))))
            });
            let body = Body::new(http_body_util::StreamBody::new(frames));
            Ok::<_, Infallible>(
                Response::builder()
                    .header("content-type", "text/event-stream")
                    .body(body)
                    .unwrap(),
            )
        }
    });
    (serve_hyper(http, layer.layer(inner)).await, sink, opened)
}

#[tokio::test]
async fn sse_id_match() {
    for http in Http::BOTH {
        let (server, sink, mut opened) = event_stream(http).await;
        let mut client = Client::connect(http, server.address).await;
        let response = client.send(message(&[LEGACY], CALL)).await.unwrap();
        let mut body = response.into_body();
        let events = opened.recv().await.unwrap();
        events
            .send("data: \nid: 0\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n\n")
            .unwrap();
        body.frame().await.unwrap().unwrap();
        assert!(sink.is_empty(), "another id's answer must not end it");
        events
            .send("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")
            .unwrap();
        body.frame().await.unwrap().unwrap();
        assert_eq!(span(&sink).await.end, End::Complete, "{http:?}");
        // The stream goes on, and its end adds nothing.
        events.send(": more\n\n").unwrap();
        body.frame().await.unwrap().unwrap();
        drop(events);
        while body.frame().await.is_some() {}
        assert_eq!(sink.len(), 1);
    }
}

#[tokio::test]
async fn dropped_in_the_body() {
    for http in Http::BOTH {
        for (version, end) in [(MODERN, End::Cancelled), (LEGACY, End::Detached)] {
            let (server, sink, mut opened) = event_stream(http).await;
            let mut client = Client::connect(http, server.address).await;
            let mut response = client.send(message(&[version], CALL)).await.unwrap();
            let events = opened.recv().await.unwrap();
            events.send(": begins\n\n").unwrap();
            response.body_mut().frame().await.unwrap().unwrap();
            drop(response);
            if http == Http::One {
                drop(client); // HTTP/1.1 has no other way to give up
            }
            while sink.is_empty() {
                // hyper notices when it writes next.
                let _ = events.send(": keep-alive\n\n");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(span(&sink).await.end, end, "{http:?} {version:?}");
        }
    }
}

#[tokio::test]
async fn dropped_in_the_future() {
    for http in Http::BOTH {
        for (version, end) in [(MODERN, End::Cancelled), (LEGACY, End::Detached)] {
            let (layer, sink) = traced();
            let (entered, mut has_entered) = mpsc::unbounded_channel();
            let inner = service_fn(move |request: Request<mcp_layer::RequestBody<_>>| {
                let entered = entered.clone();
                async move {
                    let _ = request.into_body().collect().await;
                    entered.send(()).unwrap();
                    std::future::pending::<Result<Response<Body>, Infallible>>().await
                }
            });
            let server = serve_hyper(http, layer.layer(inner)).await;
            let mut client = Client::connect(http, server.address).await;
            let asking = tokio::spawn(async move { client.send(message(&[version], CALL)).await });
            has_entered.recv().await.unwrap();
            asking.abort();
            assert_eq!(span(&sink).await.end, end, "{http:?} {version:?}");
        }
    }
}

#[tokio::test]
async fn dropped_before_the_first_poll() {
    let (layer, sink) = traced();
    let inner = service_fn(|_: Request<mcp_layer::RequestBody<Body>>| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let mut service = layer.layer(inner);
    drop(tower::Service::call(&mut service, message(&[MODERN], CALL)));
    assert_eq!(span(&sink).await.end, End::Cancelled);
}
