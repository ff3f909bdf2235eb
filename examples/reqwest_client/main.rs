//! Calls an MCP tool with reqwest, traced.
//!
//! ```sh
//! cargo run --example reqwest_client
//! ```
//!
//! It calls a server of its own, and shows three spans of one trace: the agent's, the CLIENT span
//! of the layer around `reqwest::Client`, and the server's.

use std::error::Error;
use std::sync::Arc;

use mcp_client_layer::McpClientTraceLayer;
use mcp_trace::{MemorySink, agent_span, set_default_sink};
use mcp_trace_examples::{list_spans, serve_weather, weather_call};
use reqwest::redirect::Policy;
use serde_json::Value;
use tower::{Layer, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;
    let url = serve_weather().await?;

    // A redirect would repeat the context to whichever host it names.
    let reqwest = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()?;
    let client = McpClientTraceLayer::new().layer(reqwest.clone());

    let request = reqwest.post(url).json(&weather_call()).build()?;
    let call = async { client.oneshot(request).await?.json::<Value>().await };
    let answer = agent_span("weather_agent").run(call).await?;

    println!("{}", answer["result"]["content"][0]["text"]);
    print!("{}", list_spans(&spans.take()));
    Ok(())
}
