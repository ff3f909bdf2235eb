//! JSON-RPC batches of MCP 2025-03-26.

mod support;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post as on_post;
use mcp_trace::{MemorySink, SpanRecord};
use support::*;

async fn send(
    request: &str,
    answer: &'static str,
    content_type: &'static str,
) -> std::sync::Arc<MemorySink> {
    let (layer, sink) = traced();
    let handler = move |_body: String| async move { ([(CONTENT_TYPE, content_type)], answer) };
    let address = serve(Router::new().route("/mcp", on_post(handler)).layer(layer)).await;
    exchange(
        address,
        &post(&[&format!("traceparent: {HEADER}")], request.as_bytes()),
    )
    .await;
    sink
}

fn named(spans: &[SpanRecord], name: &str) -> SpanRecord {
    spans
        .iter()
        .find(|span| span.name() == name)
        .unwrap()
        .clone()
}

const BATCH: &str = r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}},
 {"jsonrpc":"2.0","method":"notifications/initialized"},
 {"jsonrpc":"2.0","id":"two","method":"tools/call","params":{"name":"b","_meta":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01"}}},
 {"jsonrpc":"2.0","id":9,"result":{}}, 7]"#;

#[tokio::test]
async fn each_member_has_a_span_with_its_own_parent_and_answer() {
    for (answer, content_type) in [
        (
            r#"[{"jsonrpc":"2.0","id":"two","result":{"isError":true}},{"jsonrpc":"2.0","id":1,"result":{}}]"#,
            "application/json",
        ),
        (
            "data: {\"jsonrpc\":\"2.0\",\"id\":\"two\",\"result\":{\"isError\":true}}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n",
            "text/event-stream",
        ),
    ] {
        let sink = send(BATCH, answer, content_type).await;
        let spans = spans(&sink, 3).await;
        assert_eq!(spans.len(), 3, "{spans:?}");
        let (a, b) = (named(&spans, "tools/call a"), named(&spans, "tools/call b"));
        assert_eq!(a.trace_id().to_string(), HEADER[3..35]);
        assert_eq!(b.parent_id().unwrap().to_string(), META[36..52]);
        assert!(!a.outcome.is_error());
        assert_eq!(
            b.outcome.error_type.unwrap(),
            "tool_error",
            "{content_type}"
        );
        named(&spans, "notifications/initialized");
    }
}

#[tokio::test]
async fn a_batch_of_more_than_64_has_one_span() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let sink = send(
        &format!("[{}]", vec![call; 65].join(",")),
        "[]",
        "application/json",
    )
    .await;
    let span = span(&sink).await;
    assert_eq!(span.name(), "POST");
    assert_eq!(span.attributes()[0].value, 65.into());
    let sink = send(
        &format!("[{}]", vec![call; 64].join(",")),
        "[]",
        "application/json",
    )
    .await;
    assert_eq!(spans(&sink, 64).await.len(), 64);
}

#[tokio::test]
async fn members_end_when_the_body_does() {
    let sink = send(BATCH, "[", "application/json").await;
    assert_eq!(spans(&sink, 3).await.len(), 3);
}
