//! Handlers of axum that add to the span of their message.

mod support;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{any, post};
use axum::{Extension, Router};
use mcp_trace::{ActiveSpan, Attribute, InTraceExt, McpCall, Method, SpanKind, Value};
use support::wire::*;
use support::*;

fn json(answer: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], answer)
}

#[tokio::test]
async fn attributes_and_events_of_a_handler_are_the_spans() {
    async fn greet(
        Extension(span): Extension<Arc<ActiveSpan>>,
        _message: Bytes,
    ) -> impl IntoResponse {
        assert!(span.is_recording());
        span.set_attribute("tenant.tier", "silver");
        span.set_attribute("tenant.tier", "gold");
        span.set_attribute("cache.hit", false);
        span.add_event("retry", vec![Attribute::new("attempt", 2)]);
        json(ANSWER)
    }
    for http in Http::BOTH {
        let (layer, sink) = traced();
        let server = serve_axum(Router::new().route("/mcp", post(greet)).layer(layer)).await;
        let mut client = Client::connect(http, server.address).await;
        client.exchange(message(&[], CALL)).await.unwrap();
        let span = span(&sink).await;
        assert_eq!(span.name(), "tools/call greet");
        assert_eq!(
            span.attributes(),
            [
                Attribute::new("tenant.tier", "gold"),
                Attribute::new("cache.hit", false)
            ]
        );
        let [event] = span.events() else {
            panic!("{:?}", span.events())
        };
        assert_eq!(
            (event.name.as_str(), &event.attributes[0].value),
            ("retry", &Value::Int(2))
        );
        assert!(event.at <= span.duration);
    }
}

/// `Arc<ActiveSpan>` is in the request before its body has been read, and tells the message's
/// context after.
#[tokio::test]
async fn the_span_of_the_extension_is_the_one_that_is_recorded() {
    async fn greet(request: Request) -> impl IntoResponse {
        let span = request
            .extensions()
            .get::<Arc<ActiveSpan>>()
            .unwrap()
            .clone();
        let _ = axum::body::to_bytes(request.into_body(), usize::MAX).await;
        assert_eq!(mcp_trace::current().as_ref(), span.context());
        span.set_attribute("span", span.context().unwrap().span_id().to_string());
        json(ANSWER)
    }
    let (layer, sink) = traced();
    let server = serve_axum(Router::new().route("/mcp", post(greet)).layer(layer)).await;
    let mut client = Client::connect(Http::One, server.address).await;
    let body = call_with_meta(&format!(r#"{{"traceparent":"{META}"}}"#));
    client.exchange(message(&[], body)).await.unwrap();
    let span = span(&sink).await;
    assert_eq!(span.trace_id().to_string(), META[3..35]);
    assert_eq!(
        span.attributes(),
        [Attribute::new("span", span.span_id().to_string())]
    );
}

#[tokio::test]
async fn a_task_of_a_handler_is_in_its_trace_and_may_outlive_it() {
    async fn greet(
        Extension(span): Extension<Arc<ActiveSpan>>,
        _message: Bytes,
    ) -> impl IntoResponse {
        let later = span.clone();
        let work = async move {
            let child = ActiveSpan::builder(SpanKind::Client).start(McpCall::new(Method::Ping));
            // Until the answer has left.
            while later.is_recording() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            later.set_attribute("too", "late");
            child.end();
        };
        tokio::spawn(work.in_trace(span));
        json(ANSWER)
    }
    let (layer, sink) = traced();
    let server = serve_axum(Router::new().route("/mcp", post(greet)).layer(layer)).await;
    let mut client = Client::connect(Http::One, server.address).await;
    client.exchange(message(&[], CALL)).await.unwrap();
    let spans = spans(&sink, 2).await;
    let [call, ping] = spans.as_slice() else {
        panic!("{spans:?}")
    };
    assert_eq!(
        (call.name().as_ref(), ping.name().as_ref()),
        ("tools/call greet", "ping")
    );
    assert_eq!(ping.parent_id(), Some(call.span_id()));
    assert_eq!(ping.trace_id(), call.trace_id());
    assert!(call.attributes().is_empty(), "{:?}", call.attributes());
}

/// The standing stream and the end of a session have context, and no span to add to.
#[tokio::test]
async fn without_a_message_the_extension_passes_the_callers_context_on() {
    async fn other(request: Request) -> String {
        let span = request.extensions().get::<Arc<ActiveSpan>>().unwrap();
        assert!(!span.is_recording());
        span.set_attribute("lost", true);
        span.context().unwrap().traceparent().to_string()
    }
    let (layer, sink) = traced();
    let server = serve_axum(Router::new().route("/mcp", any(other)).layer(layer)).await;
    let mut client = Client::connect(Http::One, server.address).await;
    for method in ["GET", "DELETE"] {
        let mut request = message(&[("traceparent", HEADER), ("mcp-session-id", "s-1")], "");
        *request.method_mut() = method.parse().unwrap();
        let (_, seen) = client.exchange(request).await.unwrap();
        assert_eq!(seen, HEADER);
    }
    drop((client, server));
    assert!(sink.is_empty());
}
