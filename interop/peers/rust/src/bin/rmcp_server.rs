//! A server of the official Rust SDK. `--mode` is stateful, stateless or json.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use mcp_trace_interop_peers::{Arguments, FAILURE, failed, serve, server_span, weather};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, schemars, tool, tool_router};
use tracing::{Instrument, Span};

#[derive(Clone)]
struct Tools;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct City {
    city: String,
}

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "The weather in a city, which is always good")]
    async fn get_weather(
        &self,
        Parameters(City { city }): Parameters<City>,
        request: RequestContext<RoleServer>,
    ) -> String {
        let span = span_of("get_weather", &request);
        async { weather(&city) }.instrument(span).await
    }

    #[tool(description = "Answers with isError")]
    async fn fail(&self, request: RequestContext<RoleServer>) -> CallToolResult {
        failed(&span_of("fail", &request));
        CallToolResult::error(vec![ContentBlock::text(FAILURE)])
    }
}

fn span_of(tool: &str, request: &RequestContext<RoleServer>) -> Span {
    let meta = &request.meta;
    let carried = [
        ("traceparent", meta.get_traceparent()),
        ("tracestate", meta.get_tracestate()),
    ];
    server_span(
        tool,
        carried
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?))),
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read();
    let mode = arguments.get("--mode").unwrap_or("stateful");
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(mode == "stateful")
        .with_json_response(mode == "json");
    let sessions = Arc::<LocalSessionManager>::default();
    let mcp = StreamableHttpService::new(|| Ok(Tools), sessions, config);
    serve(Router::new().nest_service("/mcp", mcp), &arguments).await
}
