//! What the exporter does is not traced by itself: alone in its process.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_trace::{ActiveSpan, McpCall, Method, Operation, SpanKind, Text};
use mcp_trace_exporter::{Guard, configure};
use tower::ServiceExt;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Records every `tracing` span of the program, as a bridge from `tracing` does, and keeps the
/// warnings.
#[derive(Clone, Default)]
struct Everything {
    warnings: Arc<Mutex<Vec<String>>>,
}

fn record(name: &str) {
    let name = Text::new(name);
    ActiveSpan::builder(SpanKind::Internal)
        .start(Operation::Internal { name })
        .end();
}

impl<S: Subscriber> Layer<S> for Everything {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        record(span.metadata().name());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        record(event.metadata().name());
        if *event.metadata().level() <= Level::WARN {
            let mut said = self.warnings.lock().unwrap();
            said.push(format!(
                "{:?}",
                event.fields().map(|f| f.name()).collect::<Vec<_>>()
            ));
        }
    }
}

/// Answers 503 for a while, then 200.
fn receiver(refuses: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let (mut stream, mut request) = (stream, Vec::new());
            let length = |head: &str| {
                let line = head
                    .lines()
                    .find(|line| line.starts_with("content-length:"))?;
                line.split(' ').nth(1)?.parse::<usize>().ok()
            };
            let mut buffer = [0; 65_536];
            loop {
                let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
                if let Some((head, _)) = text.split_once("\r\n\r\n") {
                    if request.len() >= head.len() + 4 + length(head).unwrap() {
                        break;
                    }
                }
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            let status = if number < refuses { 503 } else { 200 };
            let answer =
                format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

/// An exporter whose transport records a span for every request, as a client under a layer does.
fn installed(url: &str) -> Guard {
    configure()
        .service("test")
        .otlp_endpoint(url)
        .flush_interval(Duration::from_millis(20))
        .transport(|| {
            let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
            tower::service_fn(move |request: Request<Full<Bytes>>| {
                let client = client.clone();
                async move {
                    let span = ActiveSpan::builder(SpanKind::Client);
                    let span = span.start(McpCall::new(Method::Ping));
                    tracing::info!("a request");
                    let answer = client.oneshot(request).await;
                    span.end();
                    answer
                }
            })
        })
        .install()
        .unwrap()
}

fn watched(time: Duration) {
    let everything = Everything::default();
    tracing_subscriber::registry()
        .with(everything.clone())
        .init();
    let guard = installed(&receiver(3));
    let start = Instant::now();
    let mut own = 0;
    while start.elapsed() < time || guard.stats().destinations[0].exported == 0 {
        record("own");
        own += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    let report = guard.force_flush_blocking(Duration::from_secs(10));
    assert!(report.complete);
    let stats = &report.stats.destinations[0];
    let warnings = everything.warnings.lock().unwrap();
    // What the exporter says to the program, it says as anybody does: one line each minute.
    assert_eq!(stats.recorded, own + warnings.len() as u64);
    let minutes = 1 + time.as_secs() as usize / 60;
    assert!((1..=minutes).contains(&warnings.len()), "{warnings:?}");
    assert_eq!((stats.exported, stats.imbalance()), (stats.recorded, 0));
    assert!(stats.failed_requests >= 1);
}

#[test]
fn f25_the_exporter_makes_no_spans() {
    watched(Duration::from_secs(2));
}

#[test]
#[ignore = "slow"]
fn slow_f25_the_exporter_makes_no_spans_in_a_minute() {
    watched(Duration::from_secs(61));
}
