//! What changes where `tracing-opentelemetry` does not activate contexts.

use std::sync::Arc;

use mcp_trace::{MemorySink, agent_span};
use mcp_trace_opentelemetry::OtelBridge;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test]
async fn spans_of_tracing_are_children_but_not_parents() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("application"))
        .with_context_activation(false);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    let _bridge = OtelBridge::new().context_only().install().unwrap();
    let sink = Arc::new(MemorySink::default());

    let agent = agent_span("outer").with_sink(sink.clone());
    agent
        .run(async {
            tracing::info_span!("first").in_scope(|| {
                tracing::info_span!("second").in_scope(|| agent_span("inner").start().end());
            });
        })
        .await;

    let spans = exporter.get_finished_spans().unwrap();
    let find = |name: &str| -> &SpanData { spans.iter().find(|span| span.name == name).unwrap() };
    let [inner, outer] = sink.take().try_into().unwrap();
    let first = find("first");
    assert_eq!(first.parent_span_id.to_bytes(), outer.span_id().to_bytes());
    assert_eq!(
        first.span_context.trace_id().to_bytes(),
        outer.trace_id().to_bytes()
    );
    assert_eq!(find("second").parent_span_id, first.span_context.span_id());
    // The function's span is not the current context: what is made inside is its sibling.
    assert_eq!(inner.parent_id(), Some(outer.span_id()));
    assert_eq!(inner.trace_id(), outer.trace_id());
}
