//! A server of `tower-mcp`, with the layer that its tracing guide describes.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mcp_trace_interop_peers::{Arguments, FAILURE, failed, serve, server_span, weather};
use tower::Service;
use tower::layer::layer_fn;
use tower_mcp::protocol::{McpRequest, McpResponse};
use tower_mcp::router::{RouterRequest, RouterResponse};
use tower_mcp::transport::http::HttpTransport;
use tower_mcp::{CallToolResult, McpRouter, ToolBuilder, TraceContext};
use tracing::Instrument;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct City {
    city: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

/// A SERVER span around each tool call.
#[derive(Clone)]
struct Traced<S>(S);

impl<S> Service<RouterRequest> for Traced<S>
where
    S: Service<RouterRequest, Response = RouterResponse, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = RouterResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<RouterResponse, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: RouterRequest) -> Self::Future {
        let McpRequest::CallTool(call) = &request.inner else {
            return Box::pin(self.0.call(request));
        };
        let sent = request.extensions.get::<TraceContext>();
        let entries: Vec<_> = sent.into_iter().flat_map(TraceContext::entries).collect();
        let carried = entries.iter().map(|(key, value)| (*key, value.as_str()));
        let span = server_span(&call.name, carried);
        let answer = self.0.call(request).instrument(span.clone());
        Box::pin(async move {
            let answer = answer.await?;
            if matches!(&answer.inner, Ok(McpResponse::CallTool(result)) if result.is_error) {
                failed(&span);
            }
            Ok(answer)
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let get_weather = ToolBuilder::new("get_weather")
        .description("The weather in a city, which is always good")
        .handler(|City { city }| async move { Ok(CallToolResult::text(weather(&city))) })
        .build();
    let fail = ToolBuilder::new("fail")
        .description("Answers with isError")
        .handler(|Nothing {}| async { Ok(CallToolResult::error(FAILURE)) })
        .build();
    let router = McpRouter::new()
        .server_info("weather", "1")
        .tool(get_weather)
        .tool(fail);
    let mcp = HttpTransport::new(router).layer(layer_fn(Traced));
    serve(mcp.into_router_at("/mcp"), &Arguments::read()).await
}
