//! The tools.

use std::time::Duration;

use http::request::Parts;
use mcp_trace::TraceContext;
use mcp_trace::carrier::{BaggageFilter, extract_headers};
use mcp_trace_rmcp::{TracedPeer, extract_from};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock, JsonObject};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServiceError, schemars, tool, tool_router};
use serde::Deserialize;
use serde_json::json;

/// The longest that `slow` may be asked to take.
const LONGEST: u64 = 600_000;

#[derive(Clone)]
pub(crate) struct Tools {
    /// The server whose tools `ask_next` calls.
    pub(crate) next: Option<TracedPeer>,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct City {
    city: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Milliseconds {
    ms: u64,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct NextCall {
    tool: String,
    #[serde(default)]
    arguments: JsonObject,
}

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "The weather in a city, which is always good")]
    async fn get_weather(&self, Parameters(City { city }): Parameters<City>) -> String {
        format!("{city}: 22 °C and sunny")
    }

    #[tool(description = "Answers with isError")]
    async fn fail(&self) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text("this tool always fails")])
    }

    #[tool(description = "Takes a time, in milliseconds")]
    async fn slow(&self, Parameters(Milliseconds { ms }): Parameters<Milliseconds>) -> String {
        let ms = ms.min(LONGEST);
        tokio::time::sleep(Duration::from_millis(ms)).await;
        format!("took {ms} ms")
    }

    /// The call is a CLIENT span below the SERVER span that is current in a handler.
    #[tool(description = "Calls a tool of the next server, and answers what it answers")]
    async fn ask_next(
        &self,
        Parameters(NextCall { tool, arguments }): Parameters<NextCall>,
    ) -> Result<CallToolResult, ErrorData> {
        let Some(next) = &self.next else {
            return Err(ErrorData::invalid_request("there is no next server", None));
        };
        let call = CallToolRequestParams::new(tool).with_arguments(arguments);
        let failed = |error: ServiceError| ErrorData::internal_error(error.to_string(), None);
        next.call_tool(call).await.map_err(failed)
    }

    /// The trace and span that are current in a handler, and the span that the caller sent.
    #[tool(description = "Where this tool runs: trace id, span id and parent id")]
    async fn whoami(&self, request: RequestContext<RoleServer>) -> String {
        let here = mcp_trace::current();
        let here = here.as_ref();
        json!({
            "trace_id": here.map(|context| context.trace_id().to_string()),
            "span_id": here.map(|context| context.span_id().to_string()),
            "parent_id": sent(&request).map(|context| context.span_id().to_string()),
        })
        .to_string()
    }
}

/// The context that the message carries: in `_meta`, else in the header.
fn sent(request: &RequestContext<RoleServer>) -> Option<TraceContext> {
    let none = BaggageFilter::none();
    let in_header = || {
        let parts = request.extensions.get::<Parts>()?;
        extract_headers(&parts.headers, &none).into_context()
    };
    let in_meta = extract_from(&request.meta, &none).into_context();
    in_meta.or_else(in_header)
}
