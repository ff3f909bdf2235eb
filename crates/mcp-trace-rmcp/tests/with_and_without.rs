//! What each combination of server-side parts gives to a traced client's call.

mod support;

use std::sync::Arc;

use axum::Router;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, Method, SpanKind, SpanRecord, endpoint};
use mcp_trace_rmcp::{TracedHandler, TracedHttpClient, wrap_mcp};
use rmcp::model::{CallToolRequestParams, CallToolResponse, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use support::{Mode, Tools, connect, serve, sink, spans, told, until};

/// One call of `whoami` by a traced client, over HTTP: its CLIENT span, what the handler saw,
/// and the SERVER spans.
async fn call<H>(
    mode: Mode,
    recorded: &Arc<MemorySink>,
    expected: usize,
    handler: H,
    wrap: impl FnOnce(Router) -> Router,
) -> (SpanRecord, Value, Vec<SpanRecord>)
where
    H: ServerHandler + Clone,
{
    let server = serve(mode, handler, wrap).await;
    let client = connect(mode, &server, TracedHttpClient::new(reqwest::Client::new())).await;
    let agent = sink();
    let tools = wrap_mcp(client.peer().clone()).with_sink(agent.clone());
    let answer = tools
        .call_tool(CallToolRequestParams::new("whoami"))
        .await
        .unwrap();
    let own = spans(&agent, SpanKind::Client, &Method::ToolsCall).remove(0);
    assert!(!own.outcome.is_error(), "{mode:?}");
    let of_server = || spans(recorded, SpanKind::Server, &Method::ToolsCall);
    until("the SERVER spans", || of_server().len() >= expected).await;
    let servers = of_server();
    assert_eq!(servers.len(), expected, "{mode:?}: {servers:?}");
    for span in &servers {
        assert_eq!(span.trace_id(), own.trace_id(), "{mode:?}");
        assert_eq!(span.parent_id(), Some(own.span_id()), "{mode:?}");
        assert_eq!(span.name(), "tools/call whoami", "{mode:?}");
    }
    (own, told(&json!({"result": answer})), servers)
}

#[tokio::test]
async fn layer_and_traced_handler() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let handler = TracedHandler::new(Tools).with_sink(sink.clone());
        let (_, seen, servers) = call(mode, &sink, 1, handler, |router| router.layer(layer)).await;
        assert_eq!(
            seen["current"]["span"],
            servers[0].span_id().to_string(),
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn layer_only() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let (_, seen, servers) = call(mode, &sink, 1, Tools, |router| router.layer(layer)).await;
        assert_eq!(
            seen["current"],
            Value::Null,
            "{mode:?}: rmcp's task is not the layer's"
        );
        assert_eq!(
            seen["context"]["span"],
            servers[0].span_id().to_string(),
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn traced_handler_only() {
    for mode in Mode::ALL {
        let sink = sink();
        let handler = TracedHandler::new(Tools).with_sink(sink.clone());
        let (_, seen, servers) = call(mode, &sink, 1, handler, |router| router).await;
        assert_eq!(
            seen["current"]["span"],
            servers[0].span_id().to_string(),
            "{mode:?}"
        );
    }
}

/// Tools that make their SERVER spans by hand.
#[derive(Clone)]
struct ByHand(Arc<MemorySink>);

impl ServerHandler for ByHand {
    fn get_info(&self) -> ServerConfig {
        Tools.get_info()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.to_string();
        endpoint(name, Tools.call_tool(request, context))
            .with_sink(self.0.clone())
            .await
    }
}

#[tokio::test]
async fn without_spans_and_endpoint() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new()
            .with_sink(sink.clone())
            .without_spans();
        let handler = TracedHandler::new(ByHand(sink.clone()));
        let (_, seen, servers) = call(mode, &sink, 1, handler, |router| router.layer(layer)).await;
        assert_eq!(
            seen["current"]["span"],
            servers[0].span_id().to_string(),
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn endpoint_inside_an_open_span_makes_no_second_one() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let handler = TracedHandler::new(ByHand(sink.clone()));
        let (_, seen, servers) = call(mode, &sink, 1, handler, |router| router.layer(layer)).await;
        assert_eq!(
            seen["current"]["span"],
            servers[0].span_id().to_string(),
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn nothing() {
    for mode in Mode::ALL {
        let (own, seen, _) = call(mode, &sink(), 0, Tools, |router| router).await;
        assert_eq!(seen["current"], Value::Null, "{mode:?}");
        assert_eq!(
            seen["context"]["span"],
            own.span_id().to_string(),
            "{mode:?}"
        );
    }
}
