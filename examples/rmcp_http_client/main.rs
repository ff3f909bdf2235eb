//! Calls an MCP tool with rmcp over streamable HTTP, traced.
//!
//! ```sh
//! cargo run --example rmcp_http_client
//! ```
//!
//! It calls a server of its own, and shows the spans: the agent's, the CLIENT span of the traced
//! peer, and the server's, whose context came in `_meta` and, as the same value, in the header.

use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, agent_span, set_default_sink};
use mcp_trace_examples::list_spans;
use mcp_trace_rmcp::{TracedHandler, TracedHttpClient, wrap_mcp};
use reqwest::redirect::Policy;
use rmcp::model::{CallToolRequestParams, ContentBlock};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpClientTransport, StreamableHttpService};
use rmcp::{ServiceExt, tool, tool_router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;
    let url = serve().await?;

    // A redirect would repeat the context to whichever host it names.
    let reqwest = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()?;
    let client = ().serve(StreamableHttpClientTransport::with_client(
        TracedHttpClient::new(reqwest),
        StreamableHttpClientTransportConfig::with_uri(url),
    ));
    let client = client.await?;

    let tools = wrap_mcp(client.peer().clone());
    let call = tools.call_tool(CallToolRequestParams::new("get_weather"));
    let answer = agent_span("weather_agent").run(call).await?;

    for text in answer.content.iter().filter_map(ContentBlock::as_text) {
        println!("{}", text.text);
    }
    client.cancel().await?;
    print!("{}", list_spans(&spans.take()));
    Ok(())
}

#[derive(Clone)]
struct Tools;

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "The weather, which is always good")]
    async fn get_weather(&self) -> String {
        "22 °C and sunny".to_owned()
    }
}

/// Serves the tool as long as the runtime lives; returns its URL.
async fn serve() -> Result<String, Box<dyn Error>> {
    let tools = TracedHandler::new(Tools);
    let mcp = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::<LocalSessionManager>::default(),
        Default::default(),
    );
    let app = Router::new()
        .nest_service("/mcp", mcp)
        .layer(McpServerTraceLayer::new());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}
