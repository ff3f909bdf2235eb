//! Answers from rmcp's response cache are no messages: their spans say so, metrics do not count.

mod support;

use std::sync::{Arc, Mutex};

use mcp_trace::{
    EndedOperation, Method, OperationObserver, SpanKind, SpanRecord, Value, add_observer,
};
use mcp_trace_rmcp::{TracedHandler, wrap_mcp};
use rmcp::model::{
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use support::{Tools, duplex, sink, spans, until};

/// Its answers may be kept for a minute.
#[derive(Clone)]
struct Patient;

const MINUTE: u64 = 60_000;

impl ServerHandler for Patient {
    fn get_info(&self) -> ServerConfig {
        Tools.get_info()
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![]).with_ttl_ms(MINUTE))
    }

    async fn read_resource(
        &self,
        _: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(ReadResourceResult::new(vec![]).with_ttl_ms(MINUTE).into())
    }
}

/// The CLIENT operations that have ended.
#[derive(Debug, Default)]
struct Counted(Mutex<Vec<Method>>);

impl OperationObserver for Counted {
    fn observe(&self, ended: &EndedOperation<'_>) {
        if let (SpanKind::Client, Some(call)) = (ended.kind, ended.operation.as_mcp()) {
            self.0.lock().unwrap().push(call.method.clone());
        }
    }
}

fn is_cached(span: &SpanRecord) -> bool {
    let cached = span
        .attributes()
        .iter()
        .find(|a| a.key == "mcp_trace.cached");
    cached.is_some_and(|attribute| attribute.value == Value::Bool(true))
}

#[tokio::test]
async fn an_answer_from_the_cache_is_marked_and_not_counted() {
    let counted = Arc::new(Counted::default());
    let _observer = add_observer(counted.clone());
    let sink = sink();
    let server = TracedHandler::new(Patient).with_sink(sink.clone());
    let (client, _server) = duplex(server).await;
    let tools = wrap_mcp(client.peer().clone()).with_sink(sink.clone());

    for _ in 0..3 {
        tools.list_tools(None).await.unwrap();
        let resource = ReadResourceRequestParams::new("file:///x");
        let _ = tools.read_resource(resource.clone()).await.unwrap();
        let with_handler = tools.clone().with_handler(&client);
        let _ = with_handler.read_resource(resource).await.unwrap();
    }
    for (method, calls) in [(Method::ToolsList, 3), (Method::ResourcesRead, 6)] {
        until("the server's span", || {
            spans(&sink, SpanKind::Server, &method).len() == 1
        })
        .await;
        let clients = spans(&sink, SpanKind::Client, &method);
        assert_eq!(clients.len(), calls, "{method}");
        for (n, span) in clients.iter().enumerate() {
            assert_eq!(is_cached(span), n > 0, "{method} {n}");
        }
        let [server] = spans(&sink, SpanKind::Server, &method).try_into().unwrap();
        assert_eq!(server.parent_id(), Some(clients[0].span_id()), "{method}");
        let counted = counted.0.lock().unwrap();
        assert_eq!(
            counted.iter().filter(|m| **m == method).count(),
            1,
            "{method}"
        );
    }
}
