//! Calls an MCP tool with hyper-util's client, traced.
//!
//! ```sh
//! cargo run --example hyper_util_client
//! ```
//!
//! It calls a server of its own, and shows three spans of one trace: the agent's, the CLIENT span
//! of the layer around the client, and the server's.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_client_layer::McpClientTraceLayer;
use mcp_trace::{MemorySink, agent_span, set_default_sink};
use mcp_trace_examples::{list_spans, serve_weather, weather_call};
use serde_json::Value;
use tower::{Layer, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;
    let url = serve_weather().await?;

    // A body in memory: the context can be written into the message.
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let client = McpClientTraceLayer::new().layer(client);

    let request = Request::post(url)
        .header("content-type", "application/json")
        .body(Full::from(weather_call().to_string()))?;
    let call = async {
        let answer = client.oneshot(request).await?;
        Ok::<_, Box<dyn Error>>(answer.into_body().collect().await?.to_bytes())
    };
    let answer = agent_span("weather_agent").run(call).await?;

    let answer: Value = serde_json::from_slice(&answer)?;
    println!("{}", answer["result"]["content"][0]["text"]);
    print!("{}", list_spans(&spans.take()));
    Ok(())
}
