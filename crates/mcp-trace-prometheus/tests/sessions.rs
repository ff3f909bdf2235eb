//! A session counts on both sides once its client has ended it, or its server knows it no more.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use mcp_client_layer::{McpClientTrace, McpClientTraceLayer};
use mcp_layer::McpServerTraceLayer;
use mcp_trace_prometheus::Metrics;
use prometheus_parse::{Scrape, Value};
use tower::{Layer, ServiceExt};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2026-07-28","capabilities":{}}}"#;
const INITIALIZED: &str =
    r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;
const REFUSED: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}"#;
const PONG: &str = r#"{"jsonrpc":"2.0","id":2,"result":{}}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;

/// The path names the session, and says what becomes of it.
async fn begin(path: axum::extract::Path<String>, headers: HeaderMap, body: String) -> Response {
    let json = [
        ("content-type", "application/json"),
        ("mcp-session-id", path.as_str()),
    ];
    match (body.contains("initialize"), path.as_str()) {
        (true, "refused") => (json, REFUSED).into_response(),
        (true, "streamed") => {
            let event = format!("data: \nid: 0\n\ndata: {INITIALIZED}\n\n");
            ([("content-type", "text/event-stream"), json[1]], event).into_response()
        }
        (true, _) => (json, INITIALIZED).into_response(),
        (false, "forgotten") => {
            assert!(headers.contains_key("mcp-session-id"));
            StatusCode::NOT_FOUND.into_response()
        }
        (false, _) => (json, PONG).into_response(),
    }
}

async fn end(path: axum::extract::Path<String>) -> StatusCode {
    match path.as_str() {
        "lasting" => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::ACCEPTED,
    }
}

struct Client {
    http: McpClientTrace<reqwest::Client>,
    url: String,
}

impl Client {
    async fn send(&self, method: &str, session: &str, body: &'static str) {
        let mut request = self
            .http
            .get_ref()
            .request(
                method.parse().unwrap(),
                format!("{}/mcp/{session}", self.url),
            )
            .header("content-type", "application/json")
            .body(body);
        if !body.contains("initialize") {
            request = request.header("mcp-session-id", session);
        }
        let answer = self
            .http
            .clone()
            .oneshot(request.build().unwrap())
            .await
            .unwrap();
        answer.text().await.unwrap();
    }
}

/// The labels of each session that has been counted.
fn counted(metrics: &Metrics, side: &str) -> Vec<(String, f64)> {
    let page = metrics.render();
    let scrape = Scrape::parse(page.lines().map(|line| Ok(line.to_owned()))).unwrap();
    let name = format!("mcp_{side}_session_duration_seconds_count");
    let samples = scrape.samples.iter().filter(|sample| sample.metric == name);
    samples
        .map(|sample| {
            let label = |key| sample.labels.get(key).unwrap_or("-").to_owned();
            let (Value::Untyped(count) | Value::Counter(count) | Value::Gauge(count)) =
                sample.value
            else {
                panic!("{sample:?}")
            };
            let labels = [
                "error_type",
                "mcp_protocol_version",
                "network_protocol_version",
                "server_address",
            ];
            (labels.map(label).join(" "), count)
        })
        .collect()
}

#[tokio::test]
async fn sessions_of_both_layers() {
    let metrics = Metrics::new();
    let _observing = metrics.install();
    let app = Router::new()
        .route("/mcp/{session}", post(begin))
        .route("/mcp/{session}", delete(end))
        .layer(McpServerTraceLayer::new());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let http = McpClientTraceLayer::new().layer(reqwest::Client::new());
    let client = Client { http, url };

    for session in ["whole", "streamed", "lasting", "refused", "forgotten"] {
        client.send("POST", session, INITIALIZE).await;
        assert!(counted(&metrics, "server").len() + counted(&metrics, "client").len() <= 2);
        if session == "forgotten" {
            client.send("POST", session, PING).await;
            assert_eq!(counted(&metrics, "client").len(), 2);
        } else {
            client.send("DELETE", session, "").await;
        }
        client.send("POST", "never-begun", PING).await;
        client.send("DELETE", "never-begun", "").await;
    }
    // Two were ended; a server may refuse to; one was never begun.
    let whole = ("- 2025-11-25 1.1".to_owned(), 2.0);
    assert_eq!(
        counted(&metrics, "server"),
        [(format!("{} -", whole.0), whole.1)]
    );
    assert_eq!(
        counted(&metrics, "client"),
        [
            ("404 2025-11-25 1.1 127.0.0.1".to_owned(), 1.0),
            (format!("{} 127.0.0.1", whole.0), whole.1),
        ]
    );
}
