//! An agent of [rig](https://docs.rs/rig-core) whose MCP tools are traced.
//!
//! ```sh
//! examples/frameworks/run
//! ```
//!
//! The model is scripted, so it runs offline. rig gives two places to take part, and each is one of
//! the two tools here:
//!
//! - A tool of one's own, around the traced peer: a CLIENT span for each call, and the server's span
//!   below it.
//! - rig's own MCP tool holds rmcp's peer, and asks for the `_meta` of each call: the server's span is
//!   directly below the agent's.

use std::error::Error;
use std::sync::Arc;

use mcp_trace::{MemorySink, SpanKind, SpanRecord, agent_span, set_default_sink, set_llm};
use mcp_trace_rmcp::{TracedHandler, TracedPeer, inject_into, wrap_mcp};
use rig_agent::AgentBuilder;
use rig_core::message::ToolName;
use rig_core::test_utils::{MockCompletionModel, MockTurn};
use rig_core::tool::{DynamicTool, ToolExecutionError};
use rig_rmcp::{McpConnection, McpTool, mcp_result_output};
use rmcp::model::{CallToolRequestParams, RequestMetaObject, Tool};
use rmcp::{ServiceExt, tool, tool_router};
use serde_json::{Value, json};

#[derive(Clone)]
struct Tools;

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "The weather, which is always good")]
    async fn get_weather(&self) -> String {
        "22 °C and sunny".to_owned()
    }

    #[tool(description = "The time, which is always right")]
    async fn get_time(&self) -> String {
        "12:00".to_owned()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;

    let (near, far) = tokio::io::duplex(1 << 16);
    let server = tokio::spawn(async move { TracedHandler::new(Tools).serve(far).await });
    let client = ().serve(near).await?;
    let _server = server.await??;
    let listed = client.list_all_tools().await?;
    let definition = |name| listed.iter().find(|tool| tool.name == name).cloned();
    let connection = McpConnection::new(client);

    let weather = definition("get_weather").ok_or("no get_weather")?;
    let time = definition("get_time").ok_or("no get_time")?;
    let agent = AgentBuilder::new(model())
        .dynamic_tool(traced(weather, wrap_mcp(connection.peer().clone()))?)
        .dynamic_tool(with_context(McpTool::new(time, &connection)).try_into()?)
        .build();

    let _ = spans.take();
    let answer = agent_span("weather_agent")
        .run(async {
            set_llm("scripted", "mock");
            agent
                .prompt("How is the weather, and when?")
                .max_turns(4)
                .await
        })
        .await?;
    println!("{answer}");
    check(&spans.take())
}

/// Calls both tools, then answers.
fn model() -> MockCompletionModel {
    MockCompletionModel::from_turns([
        MockTurn::tool_call("1", "get_weather", json!({})),
        MockTurn::tool_call("2", "get_time", json!({})),
        MockTurn::text("22 °C and sunny at 12:00"),
    ])
}

/// A tool for rig that calls through the traced peer.
fn traced(definition: Tool, tools: TracedPeer) -> Result<DynamicTool, Box<dyn Error>> {
    let name = definition.name.into_owned();
    let schema = Value::Object(definition.input_schema.as_ref().clone());
    let description = definition.description.unwrap_or_default().into_owned();
    Ok(DynamicTool::new(
        ToolName::new(name.clone())?,
        description,
        schema,
        move |arguments| {
            let tools = tools.clone();
            let mut call = CallToolRequestParams::new(name.clone());
            call.arguments = arguments.as_object().cloned();
            Box::pin(async move {
                let result = tools.call_tool(call).await;
                let result = result.map_err(ToolExecutionError::from_error)?;
                mcp_result_output(&result)
            })
        },
    ))
}

/// rig's own tool, whose calls carry the context that is current when they are made.
fn with_context(tool: McpTool) -> McpTool {
    tool.with_call_meta(|_| {
        let mut meta = RequestMetaObject::new();
        inject_into(&mut meta);
        Some(meta)
    })
}

/// Shows the tree, and is not content with another one.
fn check(spans: &[SpanRecord]) -> Result<(), Box<dyn Error>> {
    for span in spans {
        let parent = span.parent_id().map(|id| id.to_string());
        let parent = parent.as_deref().unwrap_or("none");
        println!(
            "{:?} {}: span {}, parent {parent}",
            span.kind,
            span.name(),
            span.span_id()
        );
    }
    let find = |kind, name: &str| {
        let found = spans
            .iter()
            .find(|span| span.kind == kind && span.name() == name);
        found.ok_or_else(|| format!("no {kind:?} {name}"))
    };
    let agent = find(SpanKind::Internal, "invoke_agent weather_agent")?;
    let client = find(SpanKind::Client, "tools/call get_weather")?;
    let server = find(SpanKind::Server, "tools/call get_weather")?;
    let other = find(SpanKind::Server, "tools/call get_time")?;
    let model = client.agent.as_ref().and_then(|agent| agent.model());
    let one_tree = client.parent_id() == Some(agent.span_id())
        && server.parent_id() == Some(client.span_id())
        && other.parent_id() == Some(agent.span_id())
        && spans.iter().all(|span| span.trace_id() == agent.trace_id());
    if spans.len() == 4 && one_tree && model == Some("mock") {
        Ok(())
    } else {
        Err("not one tree".into())
    }
}
