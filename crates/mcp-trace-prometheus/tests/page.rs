//! A Prometheus parser reads the page, and what it counts are the calls that were made.

use std::collections::HashMap;

use axum::Router;
use axum::routing::post;
use mcp_client_layer::McpClientTraceLayer;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{ActiveSpan, McpCall, Method, Network, NetworkPeer, Outcome, Sessions, SpanKind};
use mcp_trace_prometheus::Metrics;
use prometheus_parse::{Scrape, Value};
use serde_json::json;
use tower::{Layer, Service, ServiceExt};

const SERVER: &str = "mcp_server_operation_duration_seconds";
const CLIENT: &str = "mcp_client_operation_duration_seconds";

async fn handle(body: String) -> axum::Json<serde_json::Value> {
    let message: serde_json::Value = serde_json::from_str(&body).unwrap();
    let failed = message["params"]["name"] == "broken";
    axum::Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": {"isError": failed}}))
}

async fn serve(metrics: &Metrics) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .route("/mcp", post(handle).layer(McpServerTraceLayer::new()))
        .route_service("/metrics", metrics.service());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

async fn page(url: &str) -> Scrape {
    let answer = reqwest::get(format!("{url}/metrics")).await.unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = answer.text().await.unwrap();
    Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap()
}

/// The counts of one histogram by a label.
fn counts(scrape: &Scrape, name: &str, label: &str) -> HashMap<String, f64> {
    let mut counts = HashMap::new();
    for sample in &scrape.samples {
        // The parser gives the parts of a histogram their own names.
        if sample.metric == format!("{name}_count") {
            let (Value::Untyped(count) | Value::Counter(count) | Value::Gauge(count)) =
                sample.value
            else {
                panic!("{sample:?}");
            };
            let label = sample.labels.get(label).unwrap_or_default().to_owned();
            *counts.entry(label).or_default() += count;
        }
    }
    counts
}

fn all(pairs: &[(&str, f64)]) -> HashMap<String, f64> {
    pairs
        .iter()
        .map(|(label, count)| ((*label).to_owned(), *count))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_counts_are_the_calls() {
    let metrics = Metrics::new();
    let url = serve(&metrics).await;
    let observing = metrics.install();
    // No sink anywhere: there are no spans at all, and every second call is not sampled.
    let http = reqwest::Client::new();
    let calls = (0..400_u32).map(|n| {
        let (url, http) = (format!("{url}/mcp"), http.clone());
        tokio::spawn(async move {
            let mut client = McpClientTraceLayer::new().layer(http.clone());
            let tool = if n % 4 == 0 { "broken" } else { "weather" };
            let parent = format!("00-{:032x}-{:016x}-0{}", n + 1, n + 1, n % 2);
            let message = json!({"jsonrpc": "2.0", "id": n, "method": "tools/call",
                "params": {"name": tool, "_meta": {"traceparent": parent}}});
            let request = http
                .post(url)
                .header("content-type", "application/json")
                .body(message.to_string())
                .build()
                .unwrap();
            let answer = client.ready().await.unwrap().call(request).await.unwrap();
            answer.text().await.unwrap()
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let scrape = page(&url).await;
    for name in [SERVER, CLIENT] {
        let tools = counts(&scrape, name, "gen_ai_tool_name");
        assert_eq!(
            tools,
            all(&[("weather", 300.0), ("broken", 100.0)]),
            "{name}"
        );
        let errors = counts(&scrape, name, "error_type");
        assert_eq!(errors, all(&[("", 300.0), ("tool_error", 100.0)]), "{name}");
        assert_eq!(
            counts(&scrape, name, "mcp_method_name"),
            all(&[("tools/call", 400.0)])
        );
    }
    assert!(scrape.docs.contains_key(SERVER));
    let buckets = scrape
        .samples
        .iter()
        .find_map(|sample| match &sample.value {
            Value::Histogram(buckets) if sample.metric == SERVER => Some(buckets.len()),
            _ => None,
        });
    assert_eq!(buckets, Some(15));

    // Names that are made up are counted together once there are too many, and what would break
    // the format does not.
    for n in 0..Metrics::MAX_SERIES + 10 {
        let mut call = McpCall::new(Method::ToolsCall);
        call.set_target(Some(&format!("tool \"{n}\" \\ \n")), None);
        ActiveSpan::builder(SpanKind::Server).start(call).end();
    }
    let scrape = page(&url).await;
    let overflow = counts(&scrape, SERVER, "otel_metric_overflow");
    assert_eq!(overflow["true"], 12.0, "two series were there before");
    assert_eq!(overflow[""], 400.0 + 1998.0);

    // The tool that there is not is no label.
    let span = ActiveSpan::builder(SpanKind::Client).start(McpCall::new(Method::parse("made/up")));
    span.set_outcome(Outcome::rpc_error(SpanKind::Client, -32601, "no"));
    span.end();
    drop(observing);
    ActiveSpan::builder(SpanKind::Client)
        .start(McpCall::new(Method::Ping))
        .end();
    let methods = counts(&page(&url).await, CLIENT, "mcp_method_name");
    assert_eq!(methods, all(&[("tools/call", 400.0), ("_OTHER", 1.0)]));

    // Sessions, as the layers report them.
    let observing = metrics.install();
    for (kind, error) in [(SpanKind::Server, None), (SpanKind::Client, Some("404"))] {
        let mut initialize = McpCall::new(Method::Initialize);
        initialize.session_id = Some("s-1".into());
        initialize.network = Network::http(http::Version::HTTP_11);
        initialize.network.peer = Some(NetworkPeer::new("tools.example", None));
        let sessions = Sessions::new(kind);
        sessions.begin(&initialize);
        sessions.end(&"s-1".into(), error);
        let name = match kind {
            SpanKind::Server => "mcp_server_session_duration_seconds",
            _ => "mcp_client_session_duration_seconds",
        };
        let scrape = page(&url).await;
        let errors = counts(&scrape, name, "error_type");
        assert_eq!(errors, all(&[(error.unwrap_or_default(), 1.0)]));
        let peer = if kind == SpanKind::Client {
            "tools.example"
        } else {
            ""
        };
        assert_eq!(counts(&scrape, name, "server_address"), all(&[(peer, 1.0)]));
        assert_eq!(counts(&scrape, name, "mcp_session_id"), all(&[("", 1.0)]));
    }
    drop(observing);

    let answer = reqwest::Client::new()
        .post(format!("{url}/metrics"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 405);
}
