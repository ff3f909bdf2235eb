//! What it takes to hand a finished span over, without making it and without sending it.

use std::{
    collections::VecDeque,
    convert::Infallible,
    env,
    hint::black_box,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use mcp_trace::{MemorySink, SpanRecord, SpanSink};
use mcp_trace_benches::{median, results};
use mcp_trace_exporter::configure;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter,
        SpanProcessor,
    },
};
use tower::service_fn;

use crate::senders;

/// Fewer than would make a batch, so that nobody wakes up while the clock runs.
const SPANS: usize = 400;
const NEVER: Duration = Duration::from_secs(3600);

/// One thread, room in the queue, spans that were made before.
pub(crate) fn table() {
    let rounds = if env::args().any(|argument| argument == "--bench") {
        500
    } else {
        1
    };
    let span = span();
    let mut times = [const { Vec::new() }; 3];

    let guard = configure()
        .otlp_endpoint("http://127.0.0.1:9")
        .flush_interval(NEVER)
        .transport(|| service_fn(answer))
        .build()
        .expect("an exporter");
    let ours = guard.sink().expect("a destination");
    let by_hand = Mutex::new(VecDeque::new());
    let config = BatchConfigBuilder::default()
        .with_scheduled_delay(NEVER)
        .build();
    let otel = BatchSpanProcessor::builder(Memory::default())
        .with_batch_config(config)
        .build();
    let data = span_data();

    for _ in 0..rounds {
        times[0].push(time(&span, |span| ours.record(span)));
        let _ = guard.handle().force_flush_blocking(NEVER);
        times[1].push(time(&span, |span| {
            let mut queue = by_hand.lock().expect("no panic");
            if queue.len() < 65_536 {
                queue.push_back(span);
            }
        }));
        // By another thread, as in the other rows: on which core a span was read last matters.
        thread::scope(|scope| {
            scope
                .spawn(|| by_hand.lock().expect("no panic").clear())
                .join()
        })
        .expect("no panic");
        times[2].push(time(&data, |data| otel.on_end(data)));
        let _ = otel.force_flush();
    }
    let names = [
        "ours",
        "by hand: a VecDeque under a Mutex",
        "opentelemetry_sdk: BatchSpanProcessor",
    ];
    let rows = names
        .into_iter()
        .zip(times.map(|times| vec![median(times)]));
    let rows: Vec<_> = rows.collect();
    results::show("a finished span handed over", &[("ns", 0)], &rows);
}

fn time<T: Clone>(item: &T, mut hand_over: impl FnMut(T)) -> f64 {
    let items = vec![item.clone(); SPANS];
    let start = Instant::now();
    for item in items {
        hand_over(black_box(item));
    }
    start.elapsed().as_nanos() as f64 / SPANS as f64
}

fn span() -> SpanRecord {
    let memory = Arc::new(MemorySink::default());
    let sink: Arc<dyn SpanSink> = memory.clone();
    senders::call(&sink);
    memory.take().remove(0)
}

fn span_data() -> SpanData {
    let memory = Memory::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(memory.clone())
        .build();
    senders::otel_call(&provider.tracer("bench"));
    memory.0.lock().expect("no panic").remove(0)
}

async fn answer(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::default())
}

/// Keeps what it got last.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Memory {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        *self.0.lock().expect("no panic") = spans;
        Ok(())
    }
}
