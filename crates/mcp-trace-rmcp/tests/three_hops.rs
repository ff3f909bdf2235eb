//! An agent calls a tool, whose server calls a tool of another server: one tree.

mod support;

use mcp_layer::McpServerTraceLayer;
use mcp_trace::{Method, SpanKind, SpanRecord, agent_span};
use mcp_trace_rmcp::{TracedHandler, TracedPeer, wrap_mcp};
use rmcp::model::{CallToolRequestParams, CallToolResponse, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use support::{Mode, Tools, connect, serve, sink, spans, until};

/// Answers every call with what the tools behind it say.
#[derive(Clone)]
struct Forward(TracedPeer);

impl ServerHandler for Forward {
    fn get_info(&self) -> ServerConfig {
        Tools.get_info()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // The parameters, and with them the `_meta`, are the caller's: the next call is ours.
        let next = CallToolRequestParams::new(request.name);
        let result = self.0.call_tool(next).await;
        Ok(result
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?
            .into())
    }
}

fn below<'a>(spans: &'a [SpanRecord], parent: &SpanRecord) -> &'a SpanRecord {
    let mut children = spans
        .iter()
        .filter(|span| span.parent_id() == Some(parent.span_id()));
    let child = children.next().expect("a child");
    assert!(children.next().is_none(), "only one child");
    assert_eq!(child.trace_id(), parent.trace_id());
    child
}

#[tokio::test]
async fn agent_tool_and_second_tool_are_one_tree() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = || McpServerTraceLayer::new().with_sink(sink.clone());

        let second = serve(mode, TracedHandler::new(Tools), |router| {
            router.layer(layer())
        })
        .await;
        let to_second = connect(mode, &second, reqwest::Client::new()).await;
        let forward = Forward(wrap_mcp(to_second.peer().clone()));
        let first = serve(mode, TracedHandler::new(forward), |router| {
            router.layer(layer())
        })
        .await;
        let to_first = connect(mode, &first, reqwest::Client::new()).await;
        let tools = wrap_mcp(to_first.peer().clone());

        agent_span("agent")
            .with_sink(sink.clone())
            .run(tools.call_tool(CallToolRequestParams::new("get_weather")))
            .await
            .unwrap();
        let calls = |kind| spans(&sink, kind, &Method::ToolsCall);
        until("two SERVER spans", || calls(SpanKind::Server).len() == 2).await;

        let all = [calls(SpanKind::Client), calls(SpanKind::Server)].concat();
        assert_eq!(all.len(), 4, "{mode:?}");
        let spans = sink.spans();
        let agent = spans
            .iter()
            .find(|span| span.kind == SpanKind::Internal)
            .unwrap();
        let mut span = agent;
        for kind in [
            SpanKind::Client,
            SpanKind::Server,
            SpanKind::Client,
            SpanKind::Server,
        ] {
            span = below(&all, span);
            assert_eq!((span.kind, span.links().len()), (kind, 0), "{mode:?}");
        }
    }
}
