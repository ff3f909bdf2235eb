//! The exporters.

use std::{
    borrow::Cow,
    fs,
    time::{Duration, Instant},
};

use fastrace::collector::{Config, SpanContext};
use fastrace_opentelemetry::OpenTelemetryReporter;
use mcp_trace::{ActiveSpan, McpCall, Method, Network, NetworkPeer, SpanKind, Text};
use mcp_trace_exporter::{ExporterBuilder, configure};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{Span, Tracer, TracerProvider},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};

const OURS: &str = "ours";
const OURS_LARGE: &str = "ours, room for 131 072";
const OURS_JSON: &str = "ours, JSON, room for 131 072";
const OURS_PARALLEL: &str = "ours, four requests at a time";
const OTEL: &str = "opentelemetry-otlp";
const OTEL_LARGE: &str = "opentelemetry-otlp, room for 131 072";
const FASTRACE: &str = "fastrace-opentelemetry";

pub(crate) const CASES: [&str; 6] = [OURS, OURS_LARGE, OURS_JSON, OTEL, OTEL_LARGE, FASTRACE];
/// Those that lose nothing of a burst that fits, and ours with more than one request at a time.
pub(crate) const FAR_CASES: [&str; 4] = [OURS, OURS_PARALLEL, OTEL_LARGE, FASTRACE];

const LARGE: usize = 131_072;
const SESSION: &str = "6f1b0d2e-7c1a-4f0e-9d42-0a6f5a3c9b10";

/// Sends, and prints nanoseconds per span, the CPU seconds of it all, and the seconds until it has
/// ended.
pub(crate) fn run(case: &str, url: &str, spans: u64) {
    let start = Instant::now();
    let took = match case {
        OURS => ours(url, spans, 65_536, 1),
        OURS_PARALLEL => ours(url, spans, 65_536, 4),
        OURS_JSON => {
            let exporter = configure().otlp_protocol(mcp_trace_exporter::Protocol::HttpJson);
            export(exporter, url, spans, LARGE, 1)
        }
        OURS_LARGE => ours(url, spans, LARGE, 1),
        OTEL => otel(url, spans, 2_048),
        OTEL_LARGE => otel(url, spans, LARGE),
        FASTRACE => fastrace(url, spans),
        _ => unreachable!("a case of the table"),
    };
    println!(
        "{} {} {}",
        took.as_nanos() as f64 / spans as f64,
        cpu_seconds(),
        start.elapsed().as_secs_f64()
    );
}

fn ours(url: &str, spans: u64, room: usize, in_flight: usize) -> Duration {
    export(configure(), url, spans, room, in_flight)
}

fn export(
    exporter: ExporterBuilder,
    url: &str,
    spans: u64,
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
    let start = Instant::now();
    for _ in 0..spans {
        let mut call = McpCall::new(Method::ToolsCall);
        call.set_target(Some("get_weather"), None);
        call.request_id = Some(Text::from("42"));
        call.session_id = Some(Text::from(SESSION));
        call.network = Network::http(http::Version::HTTP_11);
        call.network.peer = Some(NetworkPeer::new("127.0.0.1", Some(9000)));
        ActiveSpan::builder(SpanKind::Client, call)
            .under(None)
            .sink(sink.clone())
            .start()
            .end();
    }
    let took = start.elapsed();
    let _ = guard.shutdown_blocking(Duration::from_secs(60));
    took
}

fn otel(url: &str, spans: u64, room: usize) -> Duration {
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
    let start = Instant::now();
    for _ in 0..spans {
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
            .start(&tracer)
            .end();
    }
    let took = start.elapsed();
    let _ = provider.shutdown_with_timeout(Duration::from_secs(60));
    took
}

fn fastrace(url: &str, spans: u64) -> Duration {
    let resource = Resource::builder().with_service_name("bench").build();
    let scope = InstrumentationScope::builder("bench").build();
    let reporter = OpenTelemetryReporter::new(exporter(url), Cow::Owned(resource), scope);
    fastrace::set_reporter(reporter, Config::default());
    let start = Instant::now();
    for _ in 0..spans {
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
    }
    let took = start.elapsed();
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

/// User and system time of this process, which the kernel counts in hundredths of a second here.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || {
        fields
            .next()
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks() + ticks()) / 100.0
}
