//! An MCP server of axum's own routes, traced by one layer: every message is a SERVER span, and the
//! handlers add to it.
//!
//! ```sh
//! cargo run --example axum_server
//! ```
//!
//! It calls itself and shows the spans, with what the handler wrote into its own.

use std::error::Error;
use std::sync::Arc;

use axum::routing::post;
use axum::{Extension, Json, Router};
use mcp_client_layer::McpClientTraceLayer;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{ActiveSpan, Attribute, InTraceExt, MemorySink, agent_span, set_default_sink};
use mcp_trace_examples::{list_spans, weather_call};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;

    let app = Router::new()
        .route("/mcp", post(messages))
        // On the whole router it would do no harm: what is no message gets no span.
        .layer(McpServerTraceLayer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let client = McpClientTraceLayer::new().layer(reqwest::Client::new());
    let request = client.get_ref().post(url).json(&weather_call()).build()?;
    let call = async { client.oneshot(request).await?.json::<Value>().await };
    let answer = agent_span("weather_agent").run(call).await?;

    println!("{}", answer["result"]["content"][0]["text"]);
    let spans = spans.take();
    print!("{}", list_spans(&spans));
    for span in &spans {
        for attribute in span.attributes() {
            println!("  {}: {:?}", attribute.key, attribute.value);
        }
        for event in span.events() {
            println!("  {} after {:?}", event.name, event.at);
        }
    }
    Ok(())
}

/// The span of the message is an extension of the request.
async fn messages(
    Extension(span): Extension<Arc<ActiveSpan>>,
    Json(message): Json<Value>,
) -> Json<Value> {
    span.set_attribute("weather.station", "VIE");
    span.add_event("cache miss", vec![Attribute::new("cache.size", 12)]);
    // A task does not inherit what is current: it is told.
    let weather = tokio::spawn(look_up().in_trace(span)).await;
    let text = weather.unwrap_or_else(|error| error.to_string());
    Json(json!({
        "jsonrpc": "2.0",
        "id": message["id"],
        "result": { "content": [{ "type": "text", "text": text }] },
    }))
}

async fn look_up() -> String {
    // Headers for a call of another service, by a client without a layer.
    let headers = mcp_trace::traceparent_headers();
    println!("on to the station with {headers:?}");
    "22 °C and sunny".to_owned()
}
