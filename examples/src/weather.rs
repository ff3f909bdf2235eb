//! What the examples of clients share: a server to call, and a look at the spans.

use std::fmt::Write;
use std::io;
use std::net::Ipv4Addr;

use axum::routing::post;
use axum::{Json, Router};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::SpanRecord;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A call of the tool, as MCP 2026-07-28 has it: without a handshake before it.
#[must_use]
pub fn weather_call() -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "get_weather",
            "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" },
        },
    })
}

/// Serves the tool `get_weather`, traced, as long as the runtime lives; returns its URL.
///
/// # Errors
/// If there is no port to listen on.
pub async fn serve_weather() -> io::Result<String> {
    let app = Router::new()
        .route("/mcp", post(get_weather))
        .layer(McpServerTraceLayer::new());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

async fn get_weather(Json(message): Json<Value>) -> Json<Value> {
    Json(json!({
        "jsonrpc": "2.0",
        "id": message["id"],
        "result": { "content": [{ "type": "text", "text": "22 °C and sunny" }] },
    }))
}

/// A line for each span: its kind and name, its trace, itself, and the span above it.
#[must_use]
pub fn list_spans(spans: &[SpanRecord]) -> String {
    let mut lines = String::new();
    for span in spans {
        let parent = span.parent_id().map(|id| id.to_string());
        let parent = parent.as_deref().unwrap_or("none");
        let (kind, name) = (span.kind, span.name());
        let (trace, id) = (span.trace_id(), span.span_id());
        // Writing to a string does not fail.
        let _ = writeln!(
            lines,
            "{kind:?} {name}: trace {trace}, span {id}, parent {parent}"
        );
    }
    lines
}
