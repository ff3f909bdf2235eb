//! Many calls at once through rmcp in each of its modes, of which some are given up and some
//! panic: as many spans end as requests arrive, none stays open, and memory and tasks come back.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use mcp_layer::{McpServerTraceLayer, Stats};
use mcp_trace::{End, SpanRecord, SpanSink};
use mcp_trace_rmcp::TracedHandler;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::model::{ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;
use support::{Mode, Raw, Server, serve, until};
use tokio::sync::watch;
use tower::ServiceExt;

/// Memory is measured of the whole process: one test at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const PANIC: &str = "one of ten tools panics";

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
        let counts = [
            &self.complete,
            &self.panicked,
            &self.cancelled,
            &self.detached,
        ];
        counts
            .map(|count| count.load(Ordering::Relaxed))
            .iter()
            .sum()
    }

    async fn have_panicked(&self, spans: u64) {
        for _ in 0..1200 {
            if self.panicked.load(Ordering::Relaxed) as u64 >= spans {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl SpanSink for Counts {
    fn record(&self, span: SpanRecord) {
        let panicked = span.outcome.error_type.is_some_and(|kind| kind == "panic");
        let count = match span.end {
            _ if panicked => &self.panicked,
            End::Cancelled => &self.cancelled,
            End::Detached => &self.detached,
            _ => &self.complete,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a call does, by its number.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Fate {
    Answered,
    /// The tool panics, which ends the span; the caller waits in vain until all of them have.
    Panics,
    /// The caller leaves while the tool works.
    Leaves,
}

fn fate(number: u64) -> Fate {
    match number % 10 {
        3 => Fate::Panics,
        7 => Fate::Leaves,
        _ => Fate::Answered,
    }
}

/// Spreads numbers over `0..20` ms.
fn jitter(number: u64) -> Duration {
    Duration::from_millis((number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 20)
}

/// Its tool waits until the storm that its call belongs to has gathered.
#[derive(Clone)]
struct Tools {
    released: watch::Receiver<u64>,
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let (storm, number) = (
            arguments["storm"].as_u64().unwrap(),
            arguments["number"].as_u64().unwrap(),
        );
        let mut released = self.released.clone();
        let _ = released.wait_for(|&latest| latest >= storm).await;
        tokio::time::sleep(jitter(number)).await;
        if fate(number) == Fate::Panics {
            std::panic::panic_any(PANIC);
        }
        let trace = mcp_trace::current().unwrap().trace_id().to_string();
        Ok(CallToolResult::success(vec![ContentBlock::text(trace)]).into())
    }
}

/// A server whose connections are calls of its router: what hyper does when a caller leaves is to
/// drop the future and the body.
struct Soak {
    mode: Mode,
    server: Server,
    router: Router,
    sink: Arc<Counts>,
    stats: Arc<Stats>,
    release: watch::Sender<u64>,
    storms: u64,
}

impl Soak {
    async fn start(mode: Mode) -> Self {
        let (release, released) = watch::channel(0);
        let sink = Arc::new(Counts::default());
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let stats = layer.stats();
        let mut router = Router::new();
        let handler = TracedHandler::new(Tools { released });
        let server = serve(mode, handler, |plain| {
            router = plain.layer(layer);
            router.clone()
        })
        .await;
        Self {
            mode,
            server,
            router,
            sink,
            stats,
            release,
            storms: 0,
        }
    }

    fn request(&self, client: &Raw, number: u64) -> http::Request<Body> {
        let arguments = json!({"storm": self.storms, "number": number});
        let message = client.tool_call(number, "work", arguments, &json!({}));
        let request = client.post(&message).header("host", "localhost");
        let request = http::Request::try_from(request.build().unwrap()).unwrap();
        request.map(Body::new)
    }

    /// All calls are open before any may go on.
    async fn storm(&mut self, calls: u64) {
        self.storms += 1;
        let mut clients = Vec::new();
        for _ in 0..calls.div_ceil(100) {
            clients.push(Raw::connect(self.mode, &self.server).await);
        }
        until("the handshakes are over", || self.stats.open() == 0).await;
        let tasks: Vec<_> = (0..calls)
            .map(|number| {
                let client = &clients[usize::try_from(number).unwrap() % clients.len()];
                let call = self.router.clone().oneshot(self.request(client, number));
                let (mut gathered, storm) = (self.release.subscribe(), self.storms);
                let (sink, panics) = (self.sink.clone(), self.storms * calls / 10);
                tokio::spawn(async move {
                    let exchange = async {
                        let response = call.await.unwrap();
                        assert_eq!(response.status(), 200);
                        axum::body::to_bytes(response.into_body(), usize::MAX).await
                    };
                    let leaves = async {
                        let _ = gathered.wait_for(|&latest| latest >= storm).await;
                        match fate(number) {
                            Fate::Answered => std::future::pending().await,
                            Fate::Panics => sink.have_panicked(panics).await,
                            Fate::Leaves => tokio::time::sleep(jitter(number + 1)).await,
                        }
                    };
                    tokio::select! {
                        answer = exchange => Some(answer.unwrap()),
                        () = leaves => None,
                    }
                })
            })
            .collect();
        let calls_open = || self.stats.open() == calls;
        gathers(&self.stats, calls_open).await;
        self.release.send_replace(self.storms);
        for (number, task) in tasks.into_iter().enumerate() {
            let answer = task.await.unwrap();
            if fate(number as u64) == Fate::Answered {
                let answer = String::from_utf8(answer.unwrap().to_vec()).unwrap();
                assert!(answer.contains(r#""result""#), "{answer}");
            }
        }
        for client in clients {
            client.leave().await;
        }
        until("all spans have ended", || self.stats.open() == 0).await;
    }
}

/// As `until`, without a limit that a slow machine would break.
async fn gathers(stats: &Stats, holds: impl Fn() -> bool) {
    let mut last = (0, Instant::now());
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if stats.open() != last.0 {
            last = (stats.open(), Instant::now());
        }
        assert!(last.1.elapsed().as_secs() < 30, "{} calls open", last.0);
    }
}

/// Resident memory in KiB, where the system tells.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * 4)
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

fn hide_expected_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<&str>();
        if text != Some(&PANIC) {
            usual(info);
        }
    }));
}

/// The first storms are for the allocator, which keeps for good what the largest of them took.
async fn soak(mode: Mode, calls: u64, warm_up: u64, storms: u64) {
    let mut soak = Soak::start(mode).await;
    for _ in 0..warm_up {
        soak.storm(calls).await;
    }
    let (before, tasks) = (resident(), alive_tasks());
    let began = Instant::now();
    for _ in 0..storms {
        soak.storm(calls).await;
    }
    let elapsed = began.elapsed();
    until("tasks end", || alive_tasks() <= tasks).await;
    let (sink, stats) = (&soak.sink, &soak.stats);
    let after = resident();
    println!(
        "{mode:?}: {storms} x {calls} calls at once in {elapsed:.1?}; of {} requests {sink:?}, open {}; \
         tasks {tasks} -> {}, resident {before:?} -> {after:?} KiB",
        stats.requests(),
        stats.open(),
        alive_tasks(),
    );
    assert_eq!((sink.all() as u64, stats.open()), (stats.requests(), 0));
    let all = (warm_up + storms) * calls;
    assert!(stats.requests() >= all);
    assert_eq!(sink.panicked.load(Ordering::Relaxed) as u64, all / 10);
    let (left, never) = match mode.is_modern() {
        true => (&sink.cancelled, &sink.detached),
        false => (&sink.detached, &sink.cancelled),
    };
    assert!(left.load(Ordering::Relaxed) > 0, "{sink:?}");
    assert_eq!(never.load(Ordering::Relaxed), 0, "{sink:?}");
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after < before + 16 * 1024, "{before} KiB -> {after} KiB");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_calls_at_once_in_each_mode() {
    let _alone = ALONE.lock().await;
    hide_expected_panics();
    for mode in Mode::ALL {
        soak(mode, 500, 1, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes, and one arena of malloc: CONTRIBUTING.md"]
async fn ten_thousand_calls_at_once_in_each_mode() {
    let _alone = ALONE.lock().await;
    hide_expected_panics();
    for mode in Mode::ALL {
        soak(mode, 10_000, 4, 2).await;
    }
}
