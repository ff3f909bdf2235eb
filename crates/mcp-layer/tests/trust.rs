//! Callers whose context is not to be continued.

mod support;

use axum::Router;
use axum::routing::post as on_post;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{SpanRecord, Trust};
use support::*;

async fn call(layer: McpServerTraceLayer, authorized: bool) -> SpanRecord {
    let sink = std::sync::Arc::new(mcp_trace::MemorySink::default());
    let handler = |_body: String| async { mcp_trace::current().unwrap().trace_id().to_string() };
    let app = Router::new()
        .route("/mcp", on_post(handler))
        .layer(layer.with_sink(sink.clone()));
    let address = serve(app).await;
    let header = format!("traceparent: {HEADER}");
    let mut headers = vec![header.as_str(), "tracestate: vendor=1"];
    if authorized {
        headers.push("authorization: Bearer x");
    }
    let body = call_with_meta(&format!(r#"{{"traceparent":"{META}"}}"#));
    let answer = exchange(address, &post(&headers, body.as_bytes())).await;
    let span = span(&sink).await;
    assert!(answer.ends_with(span.trace_id().to_string().as_bytes()));
    span
}

fn linked(span: &SpanRecord) -> Vec<String> {
    span.links()
        .iter()
        .map(|link| link.traceparent().to_string())
        .collect()
}

#[tokio::test]
async fn restart_and_link_begins_a_new_trace() {
    let span = call(
        McpServerTraceLayer::new().trust(Trust::RestartAndLink),
        false,
    )
    .await;
    assert_eq!((span.parent, span.context.tracestate()), (None, None));
    assert_eq!(linked(&span), [HEADER, META]);
}

#[tokio::test]
async fn ignore_leaves_no_mark() {
    let span = call(McpServerTraceLayer::new().trust(Trust::Ignore), false).await;
    assert_eq!((span.parent, linked(&span).len()), (None, 0));
}

#[tokio::test]
async fn a_closure_decides_by_the_head() {
    let layer = McpServerTraceLayer::new().trust_with(|head| {
        if head.headers.contains_key("authorization") {
            Trust::Continue
        } else {
            Trust::RestartAndLink
        }
    });
    assert!(call(layer.clone(), true).await.parent.is_some());
    assert!(call(layer, false).await.parent.is_none());
}
