//! Calls a tool of an MCP server in a child process, over its standard input and output, traced.
//!
//! ```sh
//! cargo run --example rmcp_stdio_client
//! ```
//!
//! The child is this program again, as the server. Each of the two shows its own spans on standard
//! error: the SERVER span of the child is below the CLIENT span of the parent, whose context
//! travels in `_meta` of the message.

use std::env;
use std::error::Error;
use std::sync::Arc;

use mcp_trace::{MemorySink, agent_span, set_default_sink};
use mcp_trace_examples::list_spans;
use mcp_trace_rmcp::{TracedHandler, wrap_mcp};
use rmcp::model::{CallToolRequestParams, ContentBlock};
use rmcp::transport::{TokioChildProcess, stdio};
use rmcp::{ServiceExt, tool, tool_router};
use tokio::process::Command;

/// What the child is told.
const SERVE: &str = "serve";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;
    if env::args().nth(1).as_deref() == Some(SERVE) {
        serve().await?;
    } else {
        call().await?;
    }
    eprint!("{}", list_spans(&spans.take()));
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

/// Serves until standard input ends.
async fn serve() -> Result<(), Box<dyn Error>> {
    let server = TracedHandler::new(Tools).serve(stdio()).await?;
    server.waiting().await?;
    Ok(())
}

async fn call() -> Result<(), Box<dyn Error>> {
    let mut server = Command::new(env::current_exe()?);
    server.arg(SERVE);
    let client = ().serve(TokioChildProcess::new(server)?).await?;

    let tools = wrap_mcp(client.peer().clone());
    let call = tools.call_tool(CallToolRequestParams::new("get_weather"));
    let answer = agent_span("weather_agent").run(call).await?;

    for text in answer.content.iter().filter_map(ContentBlock::as_text) {
        println!("{}", text.text);
    }
    // The child's standard input ends, and then the child.
    client.cancel().await?;
    Ok(())
}
