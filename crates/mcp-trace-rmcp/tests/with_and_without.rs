//! What there is to see with the layer, with the handler adapter, with both and with none.

mod support;

use std::sync::Arc;

use axum::Router;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, Method, SpanKind, SpanRecord, agent_span, endpoint};
use mcp_trace_rmcp::{TracedHandler, wrap_mcp};
use rmcp::model::{CallToolRequestParams, CallToolResponse, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use support::{Mode, Tools, connect, serve, sink, spans, text};

struct Seen {
    /// What the tool saw through `current()`.
    handler: serde_json::Value,
    client: SpanRecord,
    server: Vec<SpanRecord>,
}

impl Seen {
    fn assert_client_is_complete(&self) {
        assert_eq!(self.client.name(), "tools/call whoami");
        assert!(!self.client.outcome.is_error());
    }

    fn assert_handler_in(&self, span: &SpanRecord) {
        assert_eq!(self.handler["trace"], span.trace_id().to_string());
        assert_eq!(self.handler["span"], span.span_id().to_string());
    }

    fn assert_one_server_span(&self) -> &SpanRecord {
        let [span] = self.server.as_slice() else {
            panic!("{:?}", self.server)
        };
        assert_eq!(span.name(), "tools/call whoami");
        assert_eq!(span.parent_id(), Some(self.client.span_id()));
        assert_eq!(span.trace_id(), self.client.trace_id());
        span
    }
}

/// Calls `whoami` as an agent, through rmcp.
async fn call<H: ServerHandler + Clone>(
    mode: Mode,
    handler: H,
    sink: Arc<MemorySink>,
    wrap: impl FnOnce(Router) -> Router,
) -> Seen {
    let server = serve(mode, handler, wrap).await;
    let client = connect(mode, &server, reqwest::Client::new()).await;
    let tools = wrap_mcp(client.peer().clone());
    let agent = agent_span("agent").with_sink(sink.clone());
    let result = agent
        .run(tools.call_tool(CallToolRequestParams::new("whoami")))
        .await
        .unwrap();
    let handler: serde_json::Value = serde_json::from_str(text(&result)).unwrap();
    // The SERVER span ends beside the answer.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let [client] = spans(&sink, SpanKind::Client, &Method::ToolsCall)
        .try_into()
        .unwrap();
    let server = spans(&sink, SpanKind::Server, &Method::ToolsCall);
    Seen {
        handler: handler["current"].clone(),
        client,
        server,
    }
}

fn layer(sink: &Arc<MemorySink>) -> McpServerTraceLayer {
    McpServerTraceLayer::new().with_sink(sink.clone())
}

#[tokio::test]
async fn layer_and_traced_handler_one_server_span_and_the_handler_is_in_it() {
    for mode in Mode::ALL {
        let sink = sink();
        let handler = TracedHandler::new(Tools).with_sink(sink.clone());
        let wrap = layer(&sink);
        let seen = call(mode, handler, sink, |router| router.layer(wrap)).await;
        seen.assert_client_is_complete();
        seen.assert_handler_in(seen.assert_one_server_span());
    }
}

#[tokio::test]
async fn layer_only_one_server_span_and_the_handler_sees_nothing() {
    for mode in Mode::ALL {
        let sink = sink();
        let wrap = layer(&sink);
        let seen = call(mode, Tools, sink, |router| router.layer(wrap)).await;
        seen.assert_client_is_complete();
        seen.assert_one_server_span();
        assert!(
            seen.handler.is_null(),
            "{mode:?}: rmcp runs the handler in a task of its own"
        );
    }
}

#[tokio::test]
async fn traced_handler_only_one_server_span_and_the_handler_is_in_it() {
    for mode in Mode::ALL {
        let sink = sink();
        let handler = TracedHandler::new(Tools).with_sink(sink.clone());
        let seen = call(mode, handler, sink, |router| router).await;
        seen.assert_client_is_complete();
        seen.assert_handler_in(seen.assert_one_server_span());
    }
}

/// Makes its SERVER span by hand.
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
        let name = request.name.clone();
        endpoint(&*name, Tools.call_tool(request, context))
            .with_sink(self.0.clone())
            .await
    }
}

#[tokio::test]
async fn layer_without_spans_and_endpoint_one_server_span_made_by_hand() {
    for mode in Mode::ALL {
        let sink = sink();
        let handler = TracedHandler::new(ByHand(sink.clone()));
        let wrap = layer(&sink).without_spans();
        let seen = call(mode, handler, sink, |router| router.layer(wrap)).await;
        seen.assert_client_is_complete();
        seen.assert_handler_in(seen.assert_one_server_span());
    }
}

#[tokio::test]
async fn nothing_the_client_span_is_complete_and_the_call_unchanged() {
    for mode in Mode::ALL {
        let seen = call(mode, Tools, sink(), |router| router).await;
        seen.assert_client_is_complete();
        assert!(seen.server.is_empty());
        assert!(seen.handler.is_null());
    }
}
