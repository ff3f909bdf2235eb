//! The exporters.

use std::{
    borrow::Cow,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use fastrace::collector::{Config, SpanContext};
use fastrace_opentelemetry::OpenTelemetryReporter;
use mcp_trace::{ActiveSpan, McpCall, Method, Network, NetworkPeer, SpanKind, SpanSink, Text};
use mcp_trace_exporter::{ExporterBuilder, configure};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{Span, Tracer, TracerProvider},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider},
};
use rustix::time::{ClockId, clock_gettime};

use crate::hand::HandSink;

const OURS: &str = "ours";
const OURS_LARGE: &str = "ours, room for 131 072";
const OURS_JSON: &str = "ours, JSON, room for 131 072";
const OURS_PARALLEL: &str = "ours, four requests at a time";
const HAND: &str = "by hand, no retry, no accounts";
const OTEL: &str = "opentelemetry-otlp";
const OTEL_LARGE: &str = "opentelemetry-otlp, room for 131 072";
const FASTRACE: &str = "fastrace-opentelemetry";

pub(crate) const CASES: [&str; 7] = [
    OURS, OURS_LARGE, OURS_JSON, HAND, OTEL, OTEL_LARGE, FASTRACE,
];
/// Those that lose nothing of a burst that fits, and ours with more than one request at a time.
pub(crate) const FAR_CASES: [&str; 4] = [OURS, OURS_PARALLEL, OTEL_LARGE, FASTRACE];
pub(crate) const STEADY_CASES: [&str; 4] = [OURS, OTEL, OTEL_LARGE, FASTRACE];

const LARGE: usize = 131_072;
const SESSION: &str = "6f1b0d2e-7c1a-4f0e-9d42-0a6f5a3c9b10";

/// Sends so many spans, as fast as it goes for a rate of 0, and prints nanoseconds per span, the CPU
/// seconds of it all, and the seconds until it has ended.
pub(crate) fn run(case: &str, url: &str, spans: u64, rate: u64) {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let load = Load { spans, rate };
    let took = match case {
        OURS => ours(url, load, 65_536, 1),
        OURS_PARALLEL => ours(url, load, 65_536, 4),
        OURS_JSON => {
            let exporter = configure().otlp_protocol(mcp_trace_exporter::Protocol::HttpJson);
            export(exporter, url, load, LARGE, 1)
        }
        OURS_LARGE => ours(url, load, LARGE, 1),
        HAND => by_hand(url, load),
        OTEL => otel(url, load, 2_048),
        OTEL_LARGE => otel(url, load, LARGE),
        FASTRACE => fastrace(url, load),
        _ => unreachable!("a case of the table"),
    };
    println!(
        "{} {} {}",
        took.as_nanos() as f64 / spans as f64,
        cpu_seconds() - cpu,
        start.elapsed().as_secs_f64()
    );
}

/// How many spans, and how many a second, or 0.
#[derive(Clone, Copy)]
struct Load {
    spans: u64,
    rate: u64,
}

impl Load {
    /// Makes every span when its millisecond has come; gives the time that it took.
    fn make(self, mut span: impl FnMut()) -> Duration {
        let start = Instant::now();
        let at_once = if self.rate == 0 {
            self.spans
        } else {
            self.rate.div_ceil(1_000)
        };
        let mut made = 0;
        while made < self.spans {
            if self.rate > 0 {
                let due = start + Duration::from_secs_f64(made as f64 / self.rate as f64);
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let now = at_once.min(self.spans - made);
            for _ in 0..now {
                span();
            }
            made += now;
        }
        start.elapsed()
    }
}

/// Makes and ends a span.
pub(crate) fn call(sink: &Arc<dyn SpanSink>) {
    let mut call = McpCall::new(Method::ToolsCall);
    call.set_target(Some("get_weather"), None);
    call.request_id = Some(Text::from("42"));
    call.session_id = Some(Text::from(SESSION));
    call.network = Network::http(http::Version::HTTP_11);
    call.network.peer = Some(NetworkPeer::new("127.0.0.1", Some(9000)));
    ActiveSpan::builder(SpanKind::Client)
        .under(None)
        .sink(sink.clone())
        .start(call)
        .end();
}

fn by_hand(url: &str, load: Load) -> Duration {
    let sink = Arc::new(HandSink::start(url, LARGE));
    let (shared, stop): (Arc<dyn SpanSink>, _) = (sink.clone(), sink);
    let took = load.make(|| call(&shared));
    stop.stop();
    took
}

fn ours(url: &str, load: Load, room: usize, in_flight: usize) -> Duration {
    export(configure(), url, load, room, in_flight)
}

fn export(
    exporter: ExporterBuilder,
    url: &str,
    load: Load,
    room: usize,
    in_flight: usize,
) -> Duration {
    let guard = exporter
        .service("bench")
        .otlp_endpoint(url)
        .max_queue_spans(room)
        .max_queue_bytes(room * 1024)
        .max_in_flight(in_flight)
        .build()
        .expect("an exporter");
    let sink = guard.sink().expect("a destination");
    let took = load.make(|| call(&sink));
    let _ = guard.shutdown_blocking(Duration::from_secs(60));
    took
}

fn otel(url: &str, load: Load, room: usize) -> Duration {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(room)
        .build();
    let processor = BatchSpanProcessor::builder(exporter(url))
        .with_batch_config(config)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    let tracer = provider.tracer("bench");
    let took = load.make(|| otel_call(&tracer));
    let _ = provider.shutdown_with_timeout(Duration::from_secs(60));
    took
}

/// The same span by OpenTelemetry's SDK.
pub(crate) fn otel_call(tracer: &SdkTracer) {
    tracer
        .span_builder("tools/call get_weather")
        .with_kind(opentelemetry::trace::SpanKind::Client)
        .with_attributes([
            KeyValue::new("mcp.method.name", "tools/call"),
            KeyValue::new("gen_ai.operation.name", "execute_tool"),
            KeyValue::new("gen_ai.tool.name", "get_weather"),
            KeyValue::new("jsonrpc.request.id", "42"),
            KeyValue::new("mcp.session.id", SESSION),
            KeyValue::new("network.transport", "tcp"),
            KeyValue::new("network.protocol.name", "http"),
            KeyValue::new("network.protocol.version", "1.1"),
            KeyValue::new("server.address", "127.0.0.1"),
            KeyValue::new("server.port", 9000),
            KeyValue::new("remote", "true"),
        ])
        .start(tracer)
        .end();
}

fn fastrace(url: &str, load: Load) -> Duration {
    let resource = Resource::builder().with_service_name("bench").build();
    let scope = InstrumentationScope::builder("bench").build();
    let reporter = OpenTelemetryReporter::new(exporter(url), Cow::Owned(resource), scope);
    fastrace::set_reporter(reporter, Config::default());
    let took = load.make(|| {
        let span = fastrace::Span::root("tools/call get_weather", SpanContext::random());
        drop(span.with_properties(|| {
            [
                ("span.kind", "client"),
                ("mcp.method.name", "tools/call"),
                ("gen_ai.operation.name", "execute_tool"),
                ("gen_ai.tool.name", "get_weather"),
                ("jsonrpc.request.id", "42"),
                ("mcp.session.id", SESSION),
                ("network.transport", "tcp"),
                ("network.protocol.name", "http"),
                ("network.protocol.version", "1.1"),
                ("server.address", "127.0.0.1"),
                ("server.port", "9000"),
                ("remote", "true"),
            ]
        }));
    });
    fastrace::flush();
    took
}

fn exporter(url: &str) -> SpanExporter {
    SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{url}/v1/traces"))
        .build()
        .expect("an exporter")
}

/// User and system time of this process, all threads of it: the receiver is another one.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
