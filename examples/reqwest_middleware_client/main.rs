//! Calls an MCP tool with reqwest-middleware, traced.
//!
//! ```sh
//! cargo run --example reqwest_middleware_client
//! ```
//!
//! It calls a server of its own, and shows three spans of one trace: the agent's, the CLIENT span
//! of the middleware, and the server's. A middleware that tries again goes before it: then each
//! attempt is a span.

use std::error::Error;
use std::sync::Arc;

use mcp_client_layer::McpClientTrace;
use mcp_trace::{MemorySink, agent_span, set_default_sink};
use mcp_trace_examples::{list_spans, serve_weather, weather_call};
use reqwest::redirect::Policy;
use reqwest_middleware::ClientBuilder;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;
    let url = serve_weather().await?;

    // A redirect would repeat the context to whichever host it names.
    let reqwest = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()?;
    let client = ClientBuilder::new(reqwest)
        .with(McpClientTrace::new())
        .build();

    let call = async {
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .body(weather_call().to_string());
        let answer = request.send().await?;
        Ok::<_, Box<dyn Error>>(answer.json::<Value>().await?)
    };
    let answer = agent_span("weather_agent").run(call).await?;

    println!("{}", answer["result"]["content"][0]["text"]);
    print!("{}", list_spans(&spans.take()));
    Ok(())
}
