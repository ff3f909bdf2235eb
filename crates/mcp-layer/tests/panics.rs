//! What panics ends its span as such, is not made worse, and leaves nothing open.

mod support;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use axum::routing::post as on_post;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use mcp_layer::{RequestBody, Stats};
use support::wire::{Client, Http, message, serve_hyper};
use support::*;
use tower::{Layer, ServiceExt, service_fn};

/// Hands out the beginning of an answer and panics.
#[derive(Default)]
struct Panics {
    has_begun: bool,
}

impl http_body::Body for Panics {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        assert!(!self.has_begun, "expected by the test");
        self.has_begun = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from("{\"jsonrpc\":")))))
    }
}

/// Panics when it is dropped before its end.
struct PanicsAtLast;

impl http_body::Body for PanicsAtLast {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

impl Drop for PanicsAtLast {
    fn drop(&mut self) {
        panic!("expected by the test");
    }
}

#[tokio::test]
async fn a_body_that_panics_when_it_is_dropped_leaves_nothing_open() {
    let (layer, sink) = traced();
    let stats = layer.stats();
    let app = layer.layer(service_fn(|request: http::Request<RequestBody<_>>| async {
        let _ = request.into_body().collect().await;
        let response = Response::builder().header("content-type", "application/json");
        Ok::<_, Infallible>(response.body(PanicsAtLast).unwrap())
    }));
    let response = app.oneshot(message(&[], CALL)).await.unwrap();
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(response)));
    assert!(dropped.is_err());
    assert_eq!((stats.open(), sink.len()), (0, 1));
    assert_eq!(sink.take()[0].outcome.error_type.as_ref().unwrap(), "panic");
}

async fn none_open(stats: &Arc<Stats>) {
    while stats.open() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_body_that_panics_is_no_caller_that_leaves() {
    for http in Http::BOTH {
        let (layer, sink) = traced();
        let stats = layer.stats();
        let inner = service_fn(|request: http::Request<RequestBody<_>>| async {
            let _ = request.into_body().collect().await;
            let response = Response::builder().header("content-type", "application/json");
            Ok::<_, Infallible>(response.body(Panics::default()).unwrap())
        });
        let server = serve_hyper(http, layer.layer(inner)).await;
        let mut client = Client::connect(http, server.address).await;
        client.exchange(message(&[], CALL)).await;
        assert_eq!(
            span(&sink).await.outcome.error_type.unwrap(),
            "panic",
            "{http:?}"
        );
        none_open(&stats).await;
        assert_eq!(sink.len(), 1);
    }
}

/// It is asked again about a message that its first panic has left unsettled, at the worst while that
/// unwinds: a second panic there would end the process.
#[tokio::test]
async fn a_filter_that_panics_does_not_end_the_process() {
    let (layer, sink) = traced();
    let layer = layer.spans_for(|_| panic!("expected by the test"));
    let stats = layer.stats();
    let app = Router::new()
        .route("/mcp", on_post(|_: Bytes| async { ANSWER }))
        .layer(layer);
    let headers = [("mcp-method", "tools/call"), ("mcp-name", "greet")];
    let sent = tokio::spawn(app.clone().oneshot(message(&headers, CALL))).await;
    assert!(sent.unwrap_err().is_panic());
    assert_eq!((stats.open(), sink.len()), (0, 1));
    // Asked when the answer ends, of a service that has not read the message.
    let (layer, sink) = traced();
    let layer = layer.spans_for(|_| panic!("expected by the test"));
    let stats = layer.stats();
    let app = Router::new()
        .route("/mcp", on_post(|| async { Body::from(ANSWER) }))
        .layer(layer);
    let sent = tokio::spawn(async move {
        let response = app.oneshot(message(&headers, CALL)).await.unwrap();
        axum::body::to_bytes(response.into_body(), 4096).await
    });
    assert!(sent.await.unwrap_err().is_panic());
    assert_eq!((stats.requests(), stats.open(), sink.len()), (1, 0, 1));
}
