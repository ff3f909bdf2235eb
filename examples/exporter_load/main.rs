//! Records spans as fast as asked and says what became of them.
//!
//! ```console
//! cargo run --release --example exporter_load -- --url http://localhost:4318 --spans 1000000
//! ```
//!
//! One line of JSON: spans recorded, exported, dropped by reason and spooled, nanoseconds per
//! record, CPU seconds of the process, seconds on the clock, and its peak memory in MiB.

mod usage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use mcp_trace::{
    ActiveSpan, McpCall, MemorySink, Method, Network, NetworkPeer, SpanKind, SpanRecord, SpanSink,
    Text, TraceContext,
};
use mcp_trace_exporter::{ExporterBuilder, Protocol, configure};
use serde_json::{Map, json};

/// Records spans and says what became of them.
#[derive(Parser)]
struct Options {
    /// The receiver: an OTLP endpoint or a Rastir push URL.
    #[arg(long)]
    url: String,
    #[arg(long, default_value = "protobuf")]
    protocol: Wire,
    /// How many spans to record.
    #[arg(long, default_value_t = 100_000)]
    spans: u64,
    /// Spans per second; 0 is as fast as it goes.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Threads that record.
    #[arg(long, default_value_t = 1)]
    concurrency: u64,
    /// Requests that may be under way at once.
    #[arg(long, default_value_t = 1)]
    max_in_flight: usize,
    /// The queue's bound; its default bound in bytes grows along.
    #[arg(long)]
    queue: Option<usize>,
    /// Keeps on disk what cannot be sent.
    #[arg(long)]
    spool: Option<PathBuf>,
    /// Compresses requests.
    #[arg(long)]
    gzip: bool,
    /// How long the end may take, in seconds.
    #[arg(long, default_value_t = 60)]
    shutdown: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Wire {
    Protobuf,
    Json,
    Rastir,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    let guard = exporter(&options).build()?;
    let sink = guard.sink().ok_or("nothing to export to")?;

    let start = Instant::now();
    let threads = options.concurrency.max(1);
    let recording: Vec<_> = (0..threads)
        .map(|n| {
            let share = options.spans / threads + u64::from(n < options.spans % threads);
            let (sink, rate) = (sink.clone(), options.rate as f64 / threads as f64);
            std::thread::spawn(move || record(&*sink, share, rate))
        })
        .collect();
    let mut in_record = Duration::ZERO;
    for thread in recording {
        in_record += thread.join().map_err(|_| "a recording thread panicked")?;
    }
    let recorded_in = start.elapsed();
    let report = guard.shutdown_blocking(Duration::from_secs(options.shutdown));
    let elapsed = start.elapsed();

    let stats = report.stats.destinations.first().ok_or("no destination")?;
    let dropped: Map<_, _> = stats
        .dropped
        .iter()
        .map(|(reason, n)| (reason.to_string(), json!(n)))
        .collect();
    let line = json!({
        "recorded": stats.recorded,
        "exported": stats.exported,
        "rejected": stats.rejected,
        "dropped": dropped,
        "spooled": stats.spooled,
        "imbalance": stats.imbalance() as i64,
        "requests": stats.requests,
        "ns_per_record": in_record.as_nanos() as f64 / stats.recorded.max(1) as f64,
        "record_seconds": recorded_in.as_secs_f64(),
        "seconds": elapsed.as_secs_f64(),
        "cpu_seconds": usage::cpu_seconds(),
        "peak_rss_mib": usage::peak_rss_mib(),
    });
    println!("{line}");
    Ok(())
}

fn exporter(options: &Options) -> ExporterBuilder {
    let mut exporter = configure()
        .service("exporter-load")
        .max_in_flight(options.max_in_flight)
        .gzip(options.gzip);
    exporter = match options.protocol {
        Wire::Rastir => exporter.push_url(&options.url),
        Wire::Json => exporter
            .otlp_endpoint(&options.url)
            .otlp_protocol(Protocol::HttpJson),
        Wire::Protobuf => exporter.otlp_endpoint(&options.url),
    };
    if let Some(spans) = options.queue {
        exporter = exporter
            .max_queue_spans(spans)
            .max_queue_bytes(spans.max(65_536) * 1024);
    }
    if let Some(folder) = &options.spool {
        exporter = exporter.spool(folder);
    }
    exporter
}

/// Records `count` spans, `rate` a second, and gives the time spent in `record` alone.
fn record(sink: &dyn SpanSink, count: u64, rate: f64) -> Duration {
    let template = template();
    let (start, mut done, mut in_record) = (Instant::now(), 0, Duration::ZERO);
    while done < count {
        // Small steps, so that a rate is even; made before the clock runs.
        let step = if rate > 0.0 { 64 } else { 1024 }.min(count - done);
        let spans: Vec<SpanRecord> = (0..step)
            .map(|_| {
                let mut span = template.clone();
                span.context = TraceContext::new_root();
                span
            })
            .collect();
        let began = Instant::now();
        for span in spans {
            sink.record(span);
        }
        in_record += began.elapsed();
        done += step;
        if rate > 0.0 {
            let due = start + Duration::from_secs_f64(done as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    in_record
}

/// A CLIENT span as a traced tool call makes it.
fn template() -> SpanRecord {
    let sink = Arc::new(MemorySink::default());
    let mut call = McpCall::new(Method::ToolsCall);
    call.set_target(Some("get_weather"), None);
    call.request_id = Some(Text::from("42"));
    call.session_id = Some(Text::from("6f1b0d2e-7c1a-4f0e-9d42-0a6f5a3c9b10"));
    call.network = Network::http(http::Version::HTTP_11);
    call.network.peer = Some(NetworkPeer::new("127.0.0.1", Some(9000)));
    ActiveSpan::builder(SpanKind::Client)
        .under(None)
        .sink(sink.clone())
        .start(call)
        .end();
    sink.take().remove(0)
}
