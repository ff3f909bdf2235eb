//! A tool server for a desktop client, which starts it and talks to it over standard input and
//! output: rmcp's handler in `TracedHandler`.
//!
//! ```sh
//! cargo run --example rmcp_stdio_server < examples/rmcp_stdio_server/session.jsonl
//! ```
//!
//! Its answers are on standard output, which is the protocol's; the spans are on standard error.
//! They continue the trace that the messages carry in `_meta`. It ends with its input.
//!
//! A real server installs the exporter instead of the memory:
//! `mcp_trace_exporter::configure().service("tool-server").install()?`.

use std::error::Error;
use std::sync::Arc;

use mcp_trace::{MemorySink, set_default_sink};
use mcp_trace_examples::list_spans;
use mcp_trace_rmcp::{RequestSpan, TracedHandler};
use rmcp::transport::stdio;
use rmcp::{ServiceExt, tool, tool_router};

#[derive(Clone)]
struct Tools;

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "The weather, which is always good")]
    async fn get_weather(&self, span: RequestSpan) -> String {
        span.set_attribute("weather.station", "VIE");
        "22 °C and sunny".to_owned()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;

    let server = TracedHandler::new(Tools).serve(stdio()).await?;
    server.waiting().await?;

    eprint!("{}", list_spans(&spans.take()));
    Ok(())
}
