//! The process default sink: alone in its process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_trace::{TraceContext, agent_span, current, default_sink};
use mcp_trace_exporter::configure;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

// One test: what it looks at is one per process.
#[tokio::test]
async fn one_exporter_per_process() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .init();
    let warnings = || {
        String::from_utf8(log.0.lock().unwrap().clone())
            .unwrap()
            .matches("WARN")
            .count()
    };

    // Nothing configured: one warning, and contexts pass through unchanged.
    let guard = configure().service("test").install().unwrap();
    assert_eq!(warnings(), 1);
    assert!(default_sink().is_none());
    let incoming = TraceContext::new_root();
    let seen = agent_span("planner")
        .under(incoming.clone())
        .run(async { current() })
        .await;
    assert_eq!(seen, Some(incoming));
    drop(guard);
    assert_eq!(warnings(), 1);

    // A second one is an error that leaves the first in place.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let first = configure()
        .service("first")
        .push_url(&url)
        .shutdown_timeout(Duration::ZERO)
        .install()
        .unwrap();
    let error = configure()
        .service("second")
        .push_url(&url)
        .install()
        .unwrap_err();
    assert!(error.is_already_installed());
    assert_eq!(
        error.to_string(),
        "an exporter is already installed in this process"
    );
    agent_span("planner").run(async {}).await;
    assert_eq!(first.stats().destinations[0].recorded, 1);

    // After its end the next one may come.
    drop(first);
    assert!(default_sink().is_none());
    let third = configure()
        .service("third")
        .push_url(&url)
        .shutdown_timeout(Duration::ZERO)
        .install()
        .unwrap();
    agent_span("planner").run(async {}).await;
    assert_eq!(third.stats().destinations[0].recorded, 1);
}
