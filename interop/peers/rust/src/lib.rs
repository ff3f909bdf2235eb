//! Servers of MCP libraries that know nothing of mcp-trace, traced as an application without it would
//! do it: `tower-otel` makes a span of each HTTP request from its header, and each tool call has a
//! SERVER span whose parent is read from `_meta` with OpenTelemetry's own propagator.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use axum::Router;
use opentelemetry::global;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tokio::signal::unix::{SignalKind, signal};
use tower_otel::trace::HttpLayer;
use tracing::{Level, Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// What every server is given: `--collector URL` and, for some, `--mode MODE`.
pub struct Arguments(HashMap<String, String>);

impl Arguments {
    /// Those of this process.
    pub fn read() -> Self {
        let words: Vec<_> = std::env::args().skip(1).collect();
        let pairs = words.chunks_exact(2);
        Self(
            pairs
                .map(|pair| (pair[0].clone(), pair[1].clone()))
                .collect(),
        )
    }

    /// The value after an option.
    pub fn get(&self, option: &str) -> Option<&str> {
        self.0.get(option).map(String::as_str)
    }
}

/// Traces with OpenTelemetry into the collector, serves `app` on a free port until it is asked to stop,
/// and sends what is left.
pub async fn serve(app: Router, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let collector = arguments
        .get("--collector")
        .ok_or("--collector is missing")?;
    let provider = trace_into(collector)?;
    let app = app.layer(HttpLayer::server(Level::INFO));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}/mcp", listener.local_addr()?);
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        _ = terminated.recv() => {}
    }
    // It blocks, and its exporter must not do so in here.
    tokio::task::spawn_blocking(move || provider.shutdown()).await??;
    Ok(())
}

fn trace_into(collector: &str) -> Result<SdkTracerProvider, Box<dyn Error>> {
    let endpoint = format!("{collector}/v1/traces");
    // Its blocking client cannot be made inside a runtime.
    let exporter = std::thread::spawn(|| {
        SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .build()
    });
    let exporter = exporter.join().map_err(|_| "the exporter")??;
    let often = BatchConfigBuilder::default().with_scheduled_delay(Duration::from_millis(500));
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(often.build())
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_resource(
            Resource::builder_empty()
                .with_service_name("tool-server")
                .build(),
        )
        .build();
    let ours = Targets::new()
        .with_target("mcp_trace_interop_peers", Level::INFO)
        .with_target("tower_otel", Level::INFO);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("peer"));
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(layer.with_filter(ours)),
    )?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(provider)
}

/// A SERVER span of a tool call below the context that `_meta` carries.
pub fn server_span<'a>(tool: &str, carried: impl IntoIterator<Item = (&'a str, &'a str)>) -> Span {
    let span = info_span!(
        "tool",
        otel.name = format!("tools/call {tool}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        mcp.method.name = "tools/call",
        gen_ai.tool.name = tool,
    );
    let carrier: HashMap<String, String> = carried
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    // Before it is first entered.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
    span
}

/// Says that the tool has answered with an error.
pub fn failed(span: &Span) {
    span.record("otel.status_code", "ERROR");
}

/// What the tools say.
pub fn weather(city: &str) -> String {
    format!("{city}: 22 °C and sunny")
}

/// What the tool `fail` says.
pub const FAILURE: &str = "this tool always fails";
