//! Each reason for a loss or a delay is told once a minute, whatever happens how often, and no secret is.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mcp_trace::agent_span;
use mcp_trace_exporter::{ExporterBuilder, configure};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Answers everything with this status.
fn receiver(status: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // One request a connection: its head, and as much of its body as comes with that.
            let _ = stream.read(&mut [0; 64 * 1024]);
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// Makes an exporter fail so often.
fn fail(exporter: ExporterBuilder, times: u64) {
    let guard = exporter
        .headers([("authorization", "Bearer s3cret")])
        .flush_interval(Duration::from_millis(5))
        .build()
        .unwrap();
    let sink = guard.sink().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while guard.stats().destinations[0].failed_requests < times {
        assert!(Instant::now() < end, "{:?}", guard.stats());
        agent_span("a").with_sink(sink.clone()).start().end();
        // What is new hurries the pace.
        let _ = guard.force_flush_blocking(Duration::from_millis(20));
    }
    let _ = guard.shutdown_blocking(Duration::ZERO);
}

#[test]
fn each_reason_is_told_once() {
    let lines = Lines::default();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone())
        .init();
    fail(configure().otlp_endpoint(receiver(401)), 5);
    fail(configure().otlp_endpoint(receiver(503)), 5);
    fail(configure().otlp_endpoint(receiver(400)), 5);
    fail(
        configure()
            .otlp_endpoint(receiver(503))
            .max_queue_spans(1)
            .batch_size(1),
        5,
    );

    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let told = |subject: &str| lines.matches(&format!("subject=\"{subject}\"")).count();
    assert_eq!(told("unauthorized"), 1, "{lines}");
    assert_eq!(told("refused"), 1, "{lines}");
    // Once for each exporter.
    assert_eq!(told("unavailable"), 2, "{lines}");
    assert_eq!(told("queue_full"), 1, "{lines}");
    assert!(!lines.contains("s3cret"), "{lines}");
    assert!(
        lines
            .lines()
            .all(|line| line.contains("mcp_trace_exporter")),
        "of the libraries below nothing is told: {lines}"
    );
}
