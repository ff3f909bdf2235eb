//! Many spans, many threads, for long.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mcp_trace_exporter::{
    DestinationStats, DropReason, ExporterBuilder, Guard, Handle, Health, configure,
};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::between::{alone, given};
use crate::collector::{Act, Collector};
use crate::folder::Folder;
use crate::support::*;

const URL: &str = "MCP_TRACE_TEST_URL";
const SPANS: &str = "MCP_TRACE_TEST_SPANS";

fn exporter() -> ExporterBuilder {
    configure()
        .otlp_endpoint(given(URL))
        .flush_interval(MILLIS(50))
}

fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

/// How much a process grew by: 1.5 times its queue, three batches, 16 MiB; and by four files.
struct Growth {
    memory: Option<u64>,
    files: Option<usize>,
}

impl Growth {
    /// From where the exporter's thread and its runtime are up; how many files those take depends
    /// on the features of tokio that others in the build ask for.
    fn of(guard: &Guard) -> Self {
        let _ = guard.handle().force_flush_blocking(SECONDS(5));
        Self {
            memory: memory(),
            files: open_files(),
        }
    }

    fn assert_within(&self, queue: u64) {
        let mib = 1024 * 1024;
        if let (Some(before), Some(now)) = (self.memory, memory()) {
            let grown = now.saturating_sub(before);
            let limit = queue * 3 / 2 + 3 * 4 * mib + 16 * mib;
            assert!(grown <= limit, "{} of {} MiB", grown / mib, limit / mib);
        }
        if let (Some(before), Some(now)) = (self.files, open_files()) {
            assert!(now <= before + 4, "{before}, then {now} open files");
        }
    }
}

#[test]
fn f23_ten_thousand_calls_while_the_collector_flaps() {
    let collector = Collector::forgetful(|request| match request.number % 4 {
        0 => Act::Answer(503),
        1 => Act::Close,
        _ => Act::Late(MILLIS(5)),
    });
    alone("load::makes_ten_thousand_calls", &[(URL, &collector.url())]);
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn makes_ten_thousand_calls() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let guard = exporter().build().unwrap();
    let growth = Growth::of(&guard);
    let sink = sink(&guard);
    let mut took: Vec<Duration> = runtime.block_on(async {
        let calls: Vec<_> = (0..10_000)
            .map(|_| {
                let sink = sink.clone();
                tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    let start = Instant::now();
                    record_tool(&sink, "search");
                    start.elapsed()
                })
            })
            .collect();
        let mut took = Vec::new();
        for call in calls {
            took.push(call.await.unwrap());
        }
        took
    });
    took.sort_unstable();
    let p99 = took[took.len() * 99 / 100];
    assert!(p99 <= MILLIS(1), "{p99:?} for a span");
    growth.assert_within(64 << 20);
    let report = guard.shutdown_blocking(SECONDS(20));
    let stats = &report.stats.destinations[0];
    assert_eq!((stats.exported, stats.dropped.total()), (10_000, 0));
    assert_balanced(stats);
}

#[test]
fn f24_a_burst_from_sixteen_threads() {
    burst("100000");
}

#[test]
#[ignore = "slow"]
fn slow_f24_a_burst_of_a_million() {
    burst("1000000");
}

fn burst(spans: &str) {
    let collector = Collector::forgetful(|_| Act::Answer(200));
    let said = alone("load::bursts", &[(URL, &collector.url()), (SPANS, spans)]);
    said.lines()
        .filter(|line| line.contains(" a second"))
        .for_each(|line| println!("{line}"));
}

#[test]
#[ignore = "run by the tests above, in a process of its own"]
fn bursts() {
    let spans: usize = given(SPANS).parse().unwrap();
    let guard = exporter().build().unwrap();
    let growth = Growth::of(&guard);
    let start = Instant::now();
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let sink = sink(&guard);
            std::thread::spawn(move || {
                for _ in 0..spans / 16 {
                    record_tool(&sink, "t");
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    growth.assert_within(64 << 20);
    assert_balanced(&only(&guard));
    let report = guard.shutdown_blocking(SECONDS(60));
    assert!(report.complete);
    let stats = &report.stats.destinations[0];
    assert_eq!(stats.recorded, spans as u64);
    assert_eq!(
        stats.exported + stats.dropped.count(DropReason::QueueFull),
        stats.recorded
    );
    assert_balanced(stats);
    let rate = stats.exported as f64 / start.elapsed().as_secs_f64();
    println!(
        "{} of {spans} delivered, {rate:.0} a second",
        stats.exported
    );
    if !cfg!(debug_assertions) {
        assert!(rate >= 50_000.0, "{rate:.0} spans a second");
    }
}

/// A receiver that does anything, by a seed, until it is told to be good.
fn moody(seed: u64) -> (Collector, Arc<AtomicBool>) {
    let good = Arc::new(AtomicBool::new(false));
    let (is_good, count) = (good.clone(), AtomicU64::new(0));
    let collector = Collector::forgetful(move |_| {
        if is_good.load(Ordering::SeqCst) {
            return Act::Answer(200);
        }
        let number = count.fetch_add(1, Ordering::SeqCst);
        let mut random = SmallRng::seed_from_u64(seed ^ (number << 32));
        match random.random_range(0..20) {
            0 => Act::Answer(503),
            1 => Act::AnswerWith {
                status: 429,
                headers: vec![("retry-after", "1".to_owned())],
                body: Vec::new(),
            },
            2 => Act::Answer(500),
            3 => Act::Close,
            4 => Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_vec()),
            5 => Act::Raw((0..200).map(|_| random.random()).collect()),
            6 => Act::Silence,
            7 => Act::Drip(MILLIS(random.random_range(1..40))),
            8 => Act::Answer(413),
            // Three of its spans are refused: field 1 is a message with field 1, a number.
            9 => Act::AnswerWith {
                status: 200,
                headers: Vec::new(),
                body: vec![0x0a, 2, 8, 3],
            },
            _ => Act::Late(MILLIS(random.random_range(0..20))),
        }
    });
    (collector, good)
}

/// Random faults, loads and flushes for so long; then everything has been accounted for, and the
/// next span arrives.
fn soak(seed: u64, time: Duration) -> (DestinationStats, Vec<u64>) {
    let ((collector, good), folder) = (moody(seed), Folder::new());
    let exporter = || {
        otlp(&collector)
            .spool(&folder.0)
            .max_spool_bytes(1 << 20)
            .max_queue_spans(2_000)
            .batch_size(100)
            .max_in_flight(2)
            .timeout(MILLIS(300))
    };
    let mut random = SmallRng::seed_from_u64(seed);
    let mut guard = exporter().build().unwrap();
    let (start, mut grown, mut restarts) = (Instant::now(), Vec::new(), 0);
    while start.elapsed() < time {
        let sink = sink(&guard);
        record(&sink, random.random_range(0..400));
        std::thread::sleep(MILLIS(random.random_range(0..20)));
        if random.random_range(0..50) == 0 {
            let _ = guard.force_flush_blocking(MILLIS(random.random_range(0..200)));
        }
        if random.random_range(0..100) == 0 {
            let handle = guard.handle();
            let _ = guard.shutdown_blocking(MILLIS(random.random_range(0..500)));
            // A disk that is slow is waited for elsewhere.
            eventually("at rest", || only(&handle).health == Health::Stopped);
            let left = only(&handle);
            assert_balanced(&left);
            guard = exporter().build().unwrap();
            assert_eq!(
                only(&guard).recovered,
                left.spooled,
                "seed {seed}: {left:?}"
            );
            restarts += 1;
        }
        if start.elapsed().as_secs() / 10 > grown.len() as u64 {
            grown.extend(memory());
        }
    }
    good.store(true, Ordering::SeqCst);
    println!("seed {seed}: {restarts} restarts, {:?}", only(&guard));
    settle(&guard, seed);
    (only(&guard), grown)
}

fn settle(handle: &Handle, seed: u64) {
    let end = Instant::now() + SECONDS(60);
    loop {
        let flushed = handle.force_flush_blocking(SECONDS(2)).complete;
        let stats = only(handle);
        if flushed && stats.spooled + stats.in_flight + stats.queued == 0 {
            return assert_balanced(&stats);
        }
        assert!(Instant::now() < end, "seed {seed}: {stats:?}");
    }
}

#[test]
fn f27_random_faults_for_seconds() {
    let (stats, _) = soak(1, SECONDS(3));
    assert_eq!(stats.restarts, 0);
}

#[test]
#[ignore = "slow"]
fn slow_f27_random_faults_for_long() {
    let seconds = std::env::var("MCP_TRACE_SOAK_SECONDS").ok();
    let seconds = seconds.map_or(600, |text| text.parse().unwrap());
    let seed = std::env::var("MCP_TRACE_SOAK_SEED").ok();
    let seed = seed.map_or(27, |text| text.parse().unwrap());
    let (stats, memory) = soak(seed, SECONDS(seconds));
    let mib: Vec<u64> = memory.iter().map(|bytes| bytes >> 20).collect();
    println!("MiB every 10 s: {mib:?}");
    // Not grown since the first quarter, but for noise.
    let settled = mib[..mib.len().div_ceil(4)].iter().max().unwrap();
    assert!(*mib.last().unwrap() <= settled + 16, "{mib:?}");
    assert_eq!(stats.restarts, 0);
}

/// `seconds` without a receiver, at 1000 spans a second; then it is there.
fn outage(seconds: u64) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let folder = Folder::new();
    let url = format!("http://{address}");
    let exporter = configure().otlp_endpoint(url).spool(&folder.0);
    let guard = exporter.flush_interval(SECONDS(1)).build().unwrap();
    let (sink, start) = (sink(&guard), Instant::now());
    for step in 0..seconds * 100 {
        record(&sink, 10);
        let due = start + MILLIS(10) * u32::try_from(step).unwrap();
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    assert_eq!(only(&guard).exported, 0);
    assert_balanced(&only(&guard));
    let listener = TcpListener::bind(address).unwrap();
    let _collector = Collector::forgetful_on(listener, |_| Act::Answer(200));
    settle(&guard, 0);
    let stats = only(&guard);
    assert_eq!((stats.exported, stats.dropped.total()), (seconds * 1000, 0));
}

#[test]
#[ignore = "slow"]
fn slow_f1_a_minute_without_a_collector() {
    outage(60);
}

#[test]
#[ignore = "slow"]
fn slow_f7_ten_thousand_closed_connections() {
    let collector = Collector::forgetful(|_| {
        Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec())
    });
    let exporter = otlp(&collector).flush_interval(MILLIS(1));
    let guard = exporter.build().unwrap();
    let sink = sink(&guard);
    for n in 1..=10_000 {
        record(&sink, 1);
        eventually("exported", || only(&guard).exported == n);
    }
    let stats = only(&guard);
    assert!(collector.requests().len() <= 20_000);
    assert_eq!(stats.dropped.total(), 0);
    assert_balanced(&stats);
}

#[test]
#[ignore = "slow"]
fn slow_f26_a_dead_destination_for_a_minute() {
    let (healthy, dead) = (
        Collector::forgetful(|_| Act::Answer(200)),
        Collector::forgetful(|_| Act::Silence),
    );
    let exporter = otlp(&healthy).push_url(dead.url());
    let guard = exporter.max_queue_spans(10_000).build().unwrap();
    let (sink, start) = (sink(&guard), Instant::now());
    let mut recorded = 0;
    while start.elapsed() < SECONDS(60) {
        record(&sink, 10);
        recorded += 10;
        std::thread::sleep(MILLIS(10));
    }
    let report = guard.shutdown_blocking(SECONDS(2));
    let otlp = report.stats.destination("otlp").unwrap();
    assert_eq!((otlp.exported, otlp.dropped.total()), (recorded, 0));
    report.stats.destinations.iter().for_each(assert_balanced);
}
