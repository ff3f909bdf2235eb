//! A traced MCP client to try other servers and collectors with.
//!
//! ```sh
//! cargo run --example mcp_client -- --url http://127.0.0.1:8000/mcp --tool get_weather \
//!     --args '{"city": "Oslo"}' --otlp-endpoint http://localhost:4318
//! ```
//!
//! It calls one tool, as often and as concurrently as asked, within one run of an agent, and
//! prints a JSON line per call: `trace_id` and `span_id` of its CLIENT span (`null` where
//! nothing is exported), `is_error`, and the `answer`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use futures_util::{StreamExt, stream};
use mcp_trace::{FanOut, MemorySink, agent_span};
use mcp_trace_examples::{Export, show_warnings};
use mcp_trace_exporter::Guard;
use mcp_trace_rmcp::{TracedHttpClient, TracedPeer, wrap_mcp};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ContentBlock, JsonObject, ProtocolVersion,
};
use rmcp::service::ClientLifecycleMode;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientServiceExt, ServiceError};
use serde::Serialize;

/// Calls a tool of an MCP server over streamable HTTP, traced.
#[derive(Parser)]
#[command(name = "mcp_client")]
struct Options {
    /// The server's MCP endpoint
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000/mcp")]
    url: String,
    /// The name of the agent, under which its spans appear
    #[arg(long, value_name = "NAME", default_value = "my-agent")]
    service: String,
    /// The tool to call
    #[arg(long, value_name = "NAME", default_value = "whoami")]
    tool: String,
    /// The tool's arguments
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = object)]
    args: JsonObject,
    /// How often to call
    #[arg(long, value_name = "N", default_value_t = 1)]
    calls: usize,
    /// How many calls may be open at once
    #[arg(long, value_name = "N", default_value_t = 1)]
    concurrency: usize,
    /// The revision of MCP to speak
    #[arg(long, value_enum, default_value_t = Revision::Legacy)]
    revision: Revision,
    #[command(flatten)]
    export: Export,
}

#[derive(Clone, Copy, ValueEnum)]
enum Revision {
    /// With the handshake that MCP had until 2025-11-25
    Legacy,
    /// Without a handshake
    #[value(name = "2026-07-28")]
    V2026_07_28,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse();
    show_warnings();
    let tracing = options.export.of(&options.service).install()?;

    let concurrency = options.concurrency.max(1);
    let config = StreamableHttpClientTransportConfig::with_uri(options.url.as_str())
        .max_concurrent_requests(concurrency);
    let http = TracedHttpClient::new(reqwest::Client::new());
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let client = ().serve_with_lifecycle(transport, options.revision.lifecycle()).await?;
    let tools = wrap_mcp(client.peer().clone());

    let call = || call(&tools, &options, &tracing);
    let mut calls = stream::iter(0..options.calls)
        .map(|_| call())
        .buffer_unordered(concurrency);
    let all_answered = async {
        let mut all_answered = true;
        while let Some(answered) = calls.next().await {
            all_answered &= answered;
        }
        all_answered
    };
    let all_answered = agent_span(options.service.as_str()).run(all_answered).await;

    drop(calls);
    client.cancel().await?;
    let report = tracing.shutdown(Duration::from_secs(10)).await;
    if report.stats.lost() > 0 || !report.complete {
        return Err(format!("not all spans were delivered: {:?}", report.stats).into());
    }
    Ok(if all_answered {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Revision {
    fn lifecycle(self) -> ClientLifecycleMode {
        match self {
            Self::Legacy => ClientLifecycleMode::Initialize,
            Self::V2026_07_28 => ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            },
        }
    }
}

/// What is printed of a call.
#[derive(Serialize)]
struct Line {
    trace_id: Option<String>,
    span_id: Option<String>,
    is_error: bool,
    answer: String,
}

/// Calls the tool once and prints the line; whether the server answered.
async fn call(tools: &TracedPeer, options: &Options, tracing: &Guard) -> bool {
    // The span of this call goes to the exporter, and to memory to read its ids from.
    let spans = Arc::new(MemorySink::default());
    let mut tools = tools.clone();
    if let Some(exporter) = tracing.sink() {
        tools = tools.with_sink(Arc::new(FanOut::new(exporter).and(spans.clone())));
    }
    let params =
        CallToolRequestParams::new(options.tool.clone()).with_arguments(options.args.clone());
    let answer = tools.call_tool(params).await;

    let span = spans.take().pop().map(|span| span.context);
    let (is_error, text) = match &answer {
        Ok(result) => (result.is_error == Some(true), text(result)),
        Err(error) => (true, error.to_string()),
    };
    let line = Line {
        trace_id: span.as_ref().map(|context| context.trace_id().to_string()),
        span_id: span.as_ref().map(|context| context.span_id().to_string()),
        is_error,
        answer: text,
    };
    match serde_json::to_string(&line) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("a line cannot be written: {error}"),
    }
    matches!(answer, Ok(_) | Err(ServiceError::McpError(_)))
}

fn text(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(ContentBlock::as_text);
    texts.map(|block| block.text.as_str()).collect()
}

fn object(json: &str) -> Result<JsonObject, serde_json::Error> {
    serde_json::from_str(json)
}
