//! With rmcp's feature `local` handlers need not be `Send`; neither need their traced form.
#![cfg(test)]

use std::rc::Rc;
use std::sync::Arc;

use mcp_trace::{MemorySink, SpanKind};
use mcp_trace_rmcp::{TracedHandler, wrap_mcp};
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};

/// Not `Send`, and held across an `await`.
struct Tools(Rc<str>);

impl ServerHandler for Tools {
    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = self.0.clone();
        tokio::task::yield_now().await;
        let trace = mcp_trace::current().map(|context| context.trace_id().to_string());
        let text = format!("{text} {}", trace.unwrap_or_default());
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

#[tokio::test]
async fn a_handler_that_is_not_send_runs_in_its_trace() {
    let sink = Arc::new(MemorySink::default());
    let spans = sink.clone();
    let exchange = async move {
        let (near, far) = tokio::io::duplex(4096);
        let handler = TracedHandler::new(Tools("sunny".into())).with_sink(spans.clone());
        let server = tokio::task::spawn_local(async move { handler.serve(far).await.unwrap() });
        let client = ().serve(near).await.unwrap();
        let server = server.await.unwrap();
        let tools = wrap_mcp(client.peer().clone()).with_sink(spans);
        let answer = tools
            .call_tool(CallToolRequestParams::new("get_weather"))
            .await
            .unwrap();
        client.cancel().await.unwrap();
        server.cancel().await.unwrap();
        answer
    };
    let answer = tokio::task::LocalSet::new().run_until(exchange).await;

    let spans = sink.spans();
    let of = |kind| {
        let is = |span: &&_| -> bool {
            let span: &mcp_trace::SpanRecord = span;
            span.kind == kind && span.name() == "tools/call get_weather"
        };
        spans.iter().find(is).unwrap()
    };
    let (call, tool) = (of(SpanKind::Client), of(SpanKind::Server));
    assert_eq!(tool.parent_id(), Some(call.span_id()));
    let text = &answer.content[0].as_text().unwrap().text;
    assert_eq!(*text, format!("sunny {}", call.trace_id()));
}
