//! A tool server of axum, `tracing` and OpenTelemetry, with one layer and one line more: an agent
//! calls a tool, the tool runs an instrumented function, the function calls another service, and all
//! of it is one tree.
//!
//! ```sh
//! cargo run --example otel_axum
//! ```

use std::collections::HashMap;
use std::error::Error;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use mcp_client_layer::{McpClientTrace, McpClientTraceLayer};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{agent_span, set_llm};
use mcp_trace_opentelemetry::W3cPropagator;
use mcp_trace_prometheus::Metrics;
use opentelemetry::global;
use opentelemetry::trace::{SpanId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

type Client = McpClientTrace<reqwest::Client>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // What such an application has anyway; its exporter keeps the spans, to print them.
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("otel_axum"));
    tracing_subscriber::registry()
        .with(layer.with_filter(LevelFilter::INFO))
        .init();
    global::set_tracer_provider(provider);
    global::set_text_map_propagator(W3cPropagator::new());

    // The line that joins the two.
    let _bridge = mcp_trace_opentelemetry::install()?;
    let metrics = Metrics::new();
    let _observing = metrics.install();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let http = McpClientTraceLayer::new().layer(reqwest::Client::new());
    let app = Router::new()
        .route("/mcp", post(tools).layer(McpServerTraceLayer::new()))
        .route("/station", get(async || "21 °C"))
        .with_state((http.clone(), url.clone()))
        .route_service("/metrics", metrics.service());
    let server = tokio::spawn(async { axum::serve(listener, app).await });

    let answer = agent_span("planner").run(async {
        set_llm("openai", "gpt-4o");
        call_tool(http.clone(), &url).await
    });
    println!("{}\n", answer.await?);

    server.abort();
    print_tree(&exporter.get_finished_spans()?);
    println!();
    for line in metrics
        .render()
        .lines()
        .filter(|line| line.contains("_count"))
    {
        println!("{line}");
    }
    Ok(())
}

/// The agent's side: a `tools/call`, as any MCP client sends it.
async fn call_tool(http: Client, url: &str) -> Result<String, Box<dyn Error>> {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "get_weather", "arguments": {"city": "Vienna"}}});
    let request = http
        .get_ref()
        .post(format!("{url}/mcp"))
        .json(&message)
        .build()?;
    let answer = http.oneshot(request).await?;
    Ok(answer.text().await?)
}

/// The server's side. An rmcp server is mounted in the same place.
async fn tools(
    State((http, url)): State<(Client, String)>,
    Json(message): Json<Value>,
) -> Json<Value> {
    let city = message["params"]["arguments"]["city"]
        .as_str()
        .unwrap_or("nowhere");
    let text = look_up(http, &url, city).await;
    let content = json!([{"type": "text", "text": text}]);
    Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": {"content": content}}))
}

#[tracing::instrument(skip(http, url))]
async fn look_up(http: Client, url: &str, city: &str) -> String {
    let Ok(request) = http.get_ref().get(format!("{url}/station")).build() else {
        return "no such station".to_owned();
    };
    match http.oneshot(request).await {
        Ok(answer) => format!("{city}: {}", answer.text().await.unwrap_or_default()),
        Err(error) => error.to_string(),
    }
}

fn print_tree(spans: &[SpanData]) {
    let mut below: HashMap<SpanId, Vec<&SpanData>> = HashMap::new();
    for span in spans {
        below.entry(span.parent_span_id).or_default().push(span);
    }
    print_below(SpanId::INVALID, 0, &below);
}

fn print_below(parent: SpanId, depth: usize, below: &HashMap<SpanId, Vec<&SpanData>>) {
    for span in below.get(&parent).into_iter().flatten() {
        let kind = format!("{:?}", span.span_kind).to_uppercase();
        let made_by = span.instrumentation_scope.name();
        let name = format!("{:indent$}{}", "", span.name, indent = depth * 2);
        println!("{name:<44} {kind:<9} {made_by}");
        print_below(span.span_context.span_id(), depth + 1, below);
    }
}
