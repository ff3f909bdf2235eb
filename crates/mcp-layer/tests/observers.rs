//! What a service sees that asks for the context before it reads the message, and after.

mod support;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use mcp_trace::{ActiveSpan, current};
use support::wire::message;
use support::*;
use tower::ServiceExt;

/// Asks before, if told so, and after; the handle in the extensions answers as what is current does.
async fn seen(header: bool, asks_before: bool) -> ([Option<String>; 2], mcp_trace::SpanRecord) {
    let (layer, sink) = traced();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let app = Router::new()
        .fallback(move |request: Request| async move {
            let span = request
                .extensions()
                .get::<Arc<ActiveSpan>>()
                .unwrap()
                .clone();
            let ask = || current().map(|context| context.trace_id().to_string());
            let before = if asks_before { ask() } else { None };
            let _ = axum::body::to_bytes(request.into_body(), usize::MAX).await;
            let after = ask();
            let handle = span.context().map(|context| context.trace_id().to_string());
            assert_eq!(after, handle);
            tell.send([before, after]).unwrap();
        })
        .layer(layer);
    let headers = [("traceparent", HEADER)];
    let headers = if header { &headers[..] } else { &[] };
    let body = call_with_meta(&format!(r#"{{"traceparent":"{META}"}}"#));
    app.oneshot(message(headers, body)).await.unwrap();
    (told.recv().await.unwrap(), span(&sink).await)
}

fn trace(traceparent: &str) -> Option<String> {
    Some(traceparent[3..35].to_owned())
}

#[tokio::test]
async fn after_the_message_it_is_the_messages() {
    for header in [false, true] {
        let (seen, span) = seen(header, false).await;
        assert_eq!(seen, [None, trace(META)]);
        assert_eq!(span.parent_id().unwrap().to_string(), META[36..52]);
        assert_eq!(span.links().len(), usize::from(header));
    }
}

#[tokio::test]
async fn before_the_message_it_is_the_headers_and_stays_so() {
    let (seen, span) = seen(true, true).await;
    assert_eq!(seen, [trace(HEADER), trace(HEADER)]);
    assert_eq!(span.parent_id().unwrap().to_string(), HEADER[36..52]);
    assert_eq!(span.links()[0].traceparent().to_string(), META);
}

#[tokio::test]
async fn before_the_message_without_a_header_it_is_a_new_trace_and_stays_so() {
    let ([before, after], span) = seen(false, true).await;
    assert!(before.is_some() && before != trace(META));
    assert_eq!(after, before);
    assert_eq!(span.parent_id(), None);
    assert_eq!(span.links()[0].traceparent().to_string(), META);
}
