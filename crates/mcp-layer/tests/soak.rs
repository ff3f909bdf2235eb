//! Many requests at once, of which some are given up and some panic: as many spans end as
//! requests arrive, none stays open, and the memory comes back.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{End, SpanRecord, SpanSink};
use support::generator::Rng;
use support::wire::*;
use support::*;
use tokio::sync::Semaphore;
use tower::ServiceExt;

const REQUESTS: usize = 10_000;

/// Memory is measured of the whole process: one test at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Counts the spans by how they ended, so that they take no memory themselves.
#[derive(Debug, Default)]
struct Counts {
    complete: AtomicUsize,
    panicked: AtomicUsize,
    cancelled: AtomicUsize,
    detached: AtomicUsize,
}

impl Counts {
    fn all(&self) -> usize {
        [
            &self.complete,
            &self.panicked,
            &self.cancelled,
            &self.detached,
        ]
        .map(|count| count.load(Ordering::Relaxed))
        .iter()
        .sum()
    }
}

impl SpanSink for Counts {
    fn record(&self, span: SpanRecord) {
        let panicked = span.outcome.error_type.is_some_and(|text| text == "panic");
        let count = match span.end {
            _ if panicked => &self.panicked,
            End::Cancelled => &self.cancelled,
            End::Detached => &self.detached,
            _ => &self.complete,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Resident memory in KiB, where the system tells.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * 4)
}

/// Reads, waits a little, and answers, panics or streams as the request's number says.
async fn handler(request: Request) -> Response {
    let mut rng = Rng::new(
        request.headers()["x-case"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap(),
    );
    if !rng.one_in(10) {
        let _ = axum::body::to_bytes(request.into_body(), usize::MAX).await;
    }
    tokio::time::sleep(Duration::from_millis(rng.next() % 20)).await;
    assert!(!rng.one_in(10), "one of ten handlers panics");
    let content_type = *rng.pick(&["application/json", "text/event-stream"]);
    let answer = match content_type {
        "application/json" => ANSWER.to_owned(),
        _ => format!("data: {ANSWER}\n\n"),
    };
    let slow = futures_util::stream::once(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok::<_, std::convert::Infallible>(Bytes::from(answer))
    });
    Response::builder()
        .header("content-type", content_type)
        .body(Body::from_stream(slow))
        .unwrap()
}

fn request(number: usize) -> axum::http::Request<Body> {
    let version = ["2026-07-28", "2025-11-25"][number % 2];
    message(
        &[
            ("x-case", &number.to_string()),
            ("mcp-protocol-version", version),
        ],
        CALL,
    )
}

/// All requests at once, without sockets; one of ten is given up at some point.
async fn storm(app: &Router) {
    let tasks: Vec<_> = (0..REQUESTS)
        .map(|number| {
            let app = app.clone();
            tokio::spawn(async move {
                let work = async {
                    let response = app.oneshot(request(number)).await.unwrap();
                    let _ = axum::body::to_bytes(response.into_body(), usize::MAX).await;
                };
                let mut rng = Rng::new(number as u64 ^ 0xffff);
                if rng.one_in(10) {
                    let _ =
                        tokio::time::timeout(Duration::from_millis(rng.next() % 20), work).await;
                } else {
                    work.await;
                }
            })
        })
        .collect();
    for task in tasks {
        let _ = task.await; // the panicking ones
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_at_once() {
    let _alone = ALONE.lock().await;
    std::panic::set_hook(Box::new(|_| {})); // a thousand backtraces say nothing
    let sink = Arc::new(Counts::default());
    let layer = McpServerTraceLayer::new().with_sink(sink.clone());
    let stats = layer.stats();
    let app = Router::new().fallback(handler).layer(layer);
    storm(&app).await; // what the allocator keeps for good, it has now
    let (before, spans) = (resident(), sink.all());
    assert_eq!(spans, REQUESTS);
    let began = Instant::now();
    for _ in 0..3 {
        storm(&app).await;
    }
    assert_eq!(sink.all(), 4 * REQUESTS, "{sink:?}");
    for count in [
        &sink.complete,
        &sink.panicked,
        &sink.cancelled,
        &sink.detached,
    ] {
        assert!(count.load(Ordering::Relaxed) > 100, "{sink:?}");
    }
    let requests = 4 * REQUESTS as u64;
    assert_eq!(
        (stats.requests(), stats.spans(), stats.open()),
        (requests, requests, 0)
    );
    let after = resident();
    println!(
        "3 x {REQUESTS} requests at once: {:?}, {sink:?}, resident {before:?} -> {after:?} KiB",
        began.elapsed()
    );
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after < before + 16 * 1024, "{before} KiB -> {after} KiB");
    }
}

/// Every future and body is gone, so every handle to a span must be.
#[tokio::test]
async fn no_handle_outlives_its_request() {
    let _alone = ALONE.lock().await;
    let (layer, sink) = traced();
    let spans = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = spans.clone();
    let app = Router::new()
        .fallback(move |request: Request| {
            let span = request
                .extensions()
                .get::<Arc<mcp_trace::ActiveSpan>>()
                .unwrap();
            kept.lock().unwrap().push(Arc::downgrade(span));
            handler(request)
        })
        .layer(layer);
    for number in (0..200).filter(|&number| !panics(number)) {
        let response = app.clone().oneshot(request(number)).await.unwrap();
        if number % 3 != 0 {
            axum::body::to_bytes(response.into_body(), usize::MAX)
                .await
                .unwrap();
        }
    }
    let spans = spans.lock().unwrap();
    assert!(spans.len() > 100 && spans.len() == sink.len());
    assert!(spans.iter().all(|span| span.strong_count() == 0));
}

fn panics(number: usize) -> bool {
    let mut rng = Rng::new(number as u64);
    rng.one_in(10);
    rng.next();
    rng.one_in(10)
}

/// The memory of the layer does not depend on how many clients trickle, or on how much they
/// have sent: each costs the same as an idle one.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_slow_clients_cost_little_each() {
    let _alone = ALONE.lock().await;
    let sink = Arc::new(Counts::default());
    let entered = Arc::new(AtomicUsize::new(0));
    let (count, finish) = (entered.clone(), Arc::new(Semaphore::new(0)));
    let app = Router::new()
        .fallback(move |body: Body| {
            count.fetch_add(1, Ordering::Relaxed);
            async move { drop(axum::body::to_bytes(body, usize::MAX).await) }
        })
        .layer(McpServerTraceLayer::new().with_sink(sink.clone()));
    let before = resident();
    let clients: Vec<_> = (0..REQUESTS)
        .map(|number| {
            let (app, finish) = (app.clone(), finish.clone());
            let slow = futures_util::stream::unfold(Some(CALL), move |rest| {
                let finish = finish.clone();
                async move {
                    let (now, later) = rest?.split_at(20);
                    if later.len() < 60 {
                        let _ = finish.acquire().await;
                        return Some((Ok::<_, std::convert::Infallible>(Bytes::from(rest?)), None));
                    }
                    tokio::task::yield_now().await;
                    Some((Ok(Bytes::from(now)), Some(later)))
                }
            });
            let mut request = request(number);
            *request.body_mut() = Body::from_stream(slow);
            tokio::spawn(async move { app.oneshot(request).await.unwrap().status() })
        })
        .collect();
    while entered.load(Ordering::Relaxed) < REQUESTS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(sink.all(), 0, "all of them are open");
    let during = resident();
    finish.close();
    for client in clients {
        assert_eq!(client.await.unwrap(), 200);
    }
    assert_eq!(sink.all(), REQUESTS);
    println!("{REQUESTS} slow clients: resident {before:?} -> {during:?} KiB");
    if let (Some(before), Some(during)) = (before, during) {
        // Router, tasks and request included.
        assert!(
            during.saturating_sub(before) < 8 * REQUESTS as u64,
            "{before} -> {during} KiB"
        );
    }
}

/// The tee keeps nothing of a body, however large, and finds `_meta` behind it.
#[tokio::test]
async fn a_hundred_megabytes_before_meta_take_no_memory() {
    let _alone = ALONE.lock().await;
    const MIB: usize = 1024 * 1024;
    let (layer, sink) = traced();
    let app = Router::new()
        .fallback(|body: Body| async move {
            let mut body = body.into_data_stream();
            let mut len = 0;
            while let Some(Ok(piece)) = futures_util::StreamExt::next(&mut body).await {
                len += piece.len();
            }
            len.to_string()
        })
        .layer(layer);
    let (head, tail) = (
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"data":""#,
        format!(r#""}},"_meta":{{"traceparent":"{META}"}}}}}}"#),
    );
    let piece = Bytes::from(vec![b'x'; MIB]);
    let pieces = std::iter::once(Bytes::from(head))
        .chain(std::iter::repeat_n(piece, 100))
        .chain([Bytes::from(tail)])
        .map(Ok::<_, std::convert::Infallible>);
    let mut request = message(&[], Body::empty());
    *request.body_mut() = Body::from_stream(futures_util::stream::iter(pieces));
    let before = resident();
    app.oneshot(request).await.unwrap();
    let after = resident();
    let span = span(&sink).await;
    assert_eq!(span.parent_id().unwrap().to_string(), META[36..52]);
    println!("100 MiB body: resident {before:?} -> {after:?} KiB");
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after < before + 4 * 1024, "{before} KiB -> {after} KiB");
    }
}
