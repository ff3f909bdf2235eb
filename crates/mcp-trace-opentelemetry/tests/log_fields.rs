//! Log lines inside a handler show where in the trace they are.
#![cfg(feature = "tracing")]

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use mcp_trace::{MemorySink, agent_span};
use mcp_trace_opentelemetry::OtelBridge;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_ids_are_fields_of_a_span() {
    let lines = Lines::default();
    let out = lines.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || out.clone())
        .init();
    let _bridge = OtelBridge::new()
        .context_only()
        .log_fields()
        .install()
        .unwrap();
    let sink = Arc::new(MemorySink::default());
    let agent = agent_span("a").with_sink(sink.clone());
    agent
        .run(async {
            tracing::info!("one");
            tokio::task::yield_now().await;
            tracing::info!("two");
        })
        .await;
    tracing::info!("three");
    let context = sink.take().remove(0).context;
    let fields = format!(
        "mcp{{trace_id={} span_id={}}}",
        context.trace_id(),
        context.span_id()
    );
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let with_fields: Vec<_> = text.lines().map(|line| line.contains(&fields)).collect();
    assert_eq!(with_fields, [true, true, false], "{text}");
}
