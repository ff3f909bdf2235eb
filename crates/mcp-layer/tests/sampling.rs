//! Which traces are recorded: the caller's decision, else that for the method, else the sink's.

mod support;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, Method, Sampler, SpanRecord, SpanSink, Trust, current};
use support::wire::message;
use support::*;
use tower::{Layer, ServiceExt, service_fn};

/// Records no trace unless it is told otherwise.
#[derive(Debug, Default)]
struct Never(MemorySink);

impl SpanSink for Never {
    fn record(&self, span: SpanRecord) {
        self.0.record(span);
    }

    fn sampler(&self) -> Sampler {
        Sampler::NEVER
    }
}

const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;

fn layer() -> (McpServerTraceLayer, Arc<Never>) {
    let sink = Arc::new(Never::default());
    let layer = McpServerTraceLayer::new()
        .with_sink(sink.clone())
        .sampler_for(|method| match method {
            Method::ToolsCall => Some(Sampler::ALWAYS),
            _ => None,
        });
    (layer, sink)
}

fn recorded(sink: &Never) -> Vec<String> {
    let spans = sink.0.take();
    spans.iter().map(|span| span.name().into_owned()).collect()
}

#[tokio::test]
async fn a_trace_that_begins_here_is_the_methods_affair() {
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(|_: Bytes| async {
            current()
                .is_some_and(|context| context.is_sampled())
                .to_string()
        })
        .layer(layer);
    for (body, sampled) in [(CALL, "true"), (PING, "false")] {
        let response = app.clone().oneshot(message(&[], body)).await.unwrap();
        let seen = axum::body::to_bytes(response.into_body(), 64)
            .await
            .unwrap();
        assert_eq!(seen, sampled, "{body}");
    }
    assert_eq!(recorded(&sink), ["tools/call greet"]);
    let batch = format!("[{PING},{CALL},{PING}]");
    app.oneshot(message(&[], batch)).await.unwrap();
    assert_eq!(recorded(&sink), ["tools/call greet"]);
}

#[tokio::test]
async fn a_trace_that_is_continued_is_its_callers_affair() {
    let off = HEADER.replace("-01", "-00");
    let meta = |traceparent: &str| call_with_meta(&format!(r#"{{"traceparent":"{traceparent}"}}"#));
    for (headers, body, names) in [
        (vec![("traceparent", HEADER)], PING.to_owned(), vec!["ping"]),
        (vec![("traceparent", &*off)], CALL.to_owned(), vec![]),
        (vec![], meta(&off), vec![]),
    ] {
        let (layer, sink) = layer();
        let app = Router::new().fallback(|_: Bytes| async {}).layer(layer);
        app.oneshot(message(&headers, body)).await.unwrap();
        assert_eq!(recorded(&sink), names, "{headers:?}");
    }
    // Whom nobody trusts does not continue, and begins.
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(|_: Bytes| async {})
        .layer(layer.trust(Trust::RestartAndLink));
    app.oneshot(message(&[("traceparent", &off)], CALL))
        .await
        .unwrap();
    assert_eq!(recorded(&sink), ["tools/call greet"]);
}

#[tokio::test]
async fn of_a_message_whose_headers_name_the_method() {
    let named = |method| {
        [
            ("mcp-method", method),
            ("mcp-protocol-version", "2026-07-28"),
        ]
    };
    for (method, body, count) in [("tools/call", CALL, 1), ("ping", PING, 0)] {
        // Nobody reads it.
        let (layer, sink) = layer();
        let app = Router::new().fallback(|| async { StatusCode::UNAUTHORIZED });
        let app = app.layer(layer);
        app.oneshot(message(&named(method), body)).await.unwrap();
        assert_eq!(recorded(&sink).len(), count, "{method}");
        // The layer is not to read it.
        let (layer, sink) = self::layer();
        let inner = service_fn(|_: Request<Body>| async {
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let service = layer.headers_only().layer(inner);
        service
            .oneshot(message(&named(method), body))
            .await
            .unwrap();
        assert_eq!(recorded(&sink).len(), count, "{method}");
    }
}

#[tokio::test]
async fn who_asks_before_the_message_is_read_has_the_sinks_decision() {
    let (layer, sink) = layer();
    let app = Router::new()
        .fallback(|request: Request<Body>| async {
            let before = current().unwrap();
            let _ = axum::body::to_bytes(request.into_body(), 4096).await;
            assert_eq!(current(), Some(before));
        })
        .layer(layer);
    app.oneshot(message(&[], CALL)).await.unwrap();
    assert_eq!(recorded(&sink), [""; 0]);
}

/// Nobody records it: an id of our own would stand for a span that does not exist.
#[tokio::test]
async fn what_the_headers_tell_not_to_sample_is_passed_on_unchanged() {
    const CALLERS: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let (layer, sink) = traced();
    let stats = layer.stats();
    let app = layer
        .headers_only()
        .layer(service_fn(|_: Request<Body>| async {
            let seen = current().map(|context| context.traceparent().to_string());
            Ok::<_, Infallible>(Response::new(Body::from(seen.unwrap_or_default())))
        }));
    let request = message(&[("traceparent", CALLERS), ("mcp-method", "ping")], PING);
    let response = app.oneshot(request).await.unwrap();
    assert_eq!((stats.requests(), stats.open()), (1, 1));
    let body = Body::new(response.into_body());
    let seen = axum::body::to_bytes(body, 64).await.unwrap();
    assert_eq!(seen, CALLERS);
    assert_eq!((stats.open(), stats.spans(), sink.len()), (0, 0, 0));
}
