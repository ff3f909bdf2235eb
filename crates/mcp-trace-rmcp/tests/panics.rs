//! A handler that panics never answers. Its span ends all the same.

mod support;

use std::sync::Arc;
use std::time::Duration;

use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, SpanRecord};
use mcp_trace_rmcp::TracedHandler;
use serde_json::json;
use support::{Mode, Raw, Server, Tools, serve, server_span, sink};

const META: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";

/// Calls the tool that panics, waits for its span while the client still waits for the answer,
/// and sees that the server goes on.
async fn call_panic(mode: Mode, server: &Server, sink: &Arc<MemorySink>) -> SpanRecord {
    let client = Arc::new(Raw::connect(mode, server).await);
    let waiting = tokio::spawn({
        let client = client.clone();
        let message = client.tool_call(7, "panic", json!({}), &json!({"traceparent": META}));
        async move { client.post(&message).send().await?.text().await }
    });
    let span = server_span(sink).await;
    waiting.abort();
    let _ = sink.take();
    let answer = client
        .call("get_weather", json!({"city": "Vienna"}), &[], &json!({}))
        .await;
    assert_eq!(
        answer["result"]["content"][0]["text"], "22 °C in Vienna",
        "{mode:?}"
    );
    let after = server_span(sink).await;
    assert!(!after.outcome.is_error(), "{mode:?}: {:?}", after.outcome);
    span
}

fn assert_panic(mode: Mode, span: &SpanRecord) {
    assert_eq!(
        span.outcome.error_type.as_ref().unwrap(),
        "panic",
        "{mode:?}"
    );
    assert_eq!(span.trace_id().to_string(), &META[3..35], "{mode:?}");
    assert_eq!(
        span.parent_id().unwrap().to_string(),
        &META[36..52],
        "{mode:?}"
    );
    assert_eq!(span.name(), "tools/call panic", "{mode:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_the_traced_handler_the_span_ends_with_an_error() {
    for mode in Mode::ALL {
        let sink = sink();
        let server = serve(
            mode,
            TracedHandler::new(Tools).with_sink(sink.clone()),
            |router| router,
        )
        .await;
        assert_panic(mode, &call_panic(mode, &server, &sink).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_layer_and_the_traced_handler_the_layers_span_ends_with_an_error() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let server = serve(mode, TracedHandler::new(Tools), |router| {
            router.layer(layer)
        })
        .await;
        assert_panic(mode, &call_panic(mode, &server, &sink).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_adapter_the_span_ends_when_the_client_leaves() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let server = serve(mode, Tools, |router| router.layer(layer)).await;
        let client = Raw::connect(mode, &server).await;
        let message = client.tool_call(7, "panic", json!({}), &json!({"traceparent": META}));
        let left = tokio::time::timeout(Duration::from_millis(200), async {
            client.post(&message).send().await?.text().await
        });
        // rmcp may close the stream without an answer, or keep the client waiting.
        let _ = left.await;
        let span = server_span(&sink).await;
        assert_ne!(
            span.outcome.error_type.as_ref().map(|kind| kind.as_str()),
            Some("panic"),
            "{mode:?}"
        );
    }
}
