//! The client half: CLIENT spans over a real connection, with rmcp on both ends.

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use mcp_trace::{
    End, InTraceExt, MemorySink, Method, SpanKind, SpanRecord, TraceContext, agent_span, set_llm,
};
use mcp_trace_rmcp::{TracedHandler, TracedPeer, inject_into, wrap_mcp};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, MetaObject, PaginatedRequestParams,
    PingRequest, ReadResourceRequestParams, RequestMetaObject, RequestParamsMeta, ServerResult,
};
use rmcp::service::{PeerRequestOptions, RunningService};
use rmcp::{RoleClient, RoleServer, ServiceError};
use serde_json::json;
use support::{Tools, duplex, sink, spans, text, until};

const FOREIGN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";

struct Pair {
    sink: Arc<MemorySink>,
    client: RunningService<RoleClient, ()>,
    _server: RunningService<RoleServer, TracedHandler<Tools>>,
}

impl Pair {
    async fn new() -> Self {
        let sink = sink();
        let (client, server) = duplex(TracedHandler::new(Tools).with_sink(sink.clone())).await;
        until("initialize and initialized", || sink.len() == 2).await;
        let _ = sink.take();
        Self {
            sink,
            client,
            _server: server,
        }
    }

    fn tools(&self) -> TracedPeer {
        wrap_mcp(self.client.peer().clone()).with_sink(self.sink.clone())
    }

    async fn both(&self, method: &Method) -> (SpanRecord, SpanRecord) {
        let of = |kind| spans(&self.sink, kind, method);
        until("both spans", || {
            of(SpanKind::Client).len() + of(SpanKind::Server).len() >= 2
        })
        .await;
        let (mut client, mut server) = (of(SpanKind::Client), of(SpanKind::Server));
        assert_eq!(
            (client.len(), server.len()),
            (1, 1),
            "{client:?} {server:?}"
        );
        (client.remove(0), server.remove(0))
    }
}

fn params(tool: &'static str) -> CallToolRequestParams {
    CallToolRequestParams::new(tool)
}

#[tokio::test]
async fn a_call_is_a_client_span_with_the_server_span_below() {
    let pair = Pair::new().await;
    let agent = agent_span("weather_agent").with_sink(pair.sink.clone());
    let result = agent.run(async {
        set_llm("openai", "gpt-4o");
        pair.tools().call_tool(params("get_weather")).await
    });
    assert_eq!(text(&result.await.unwrap()), "22 °C in nowhere");

    let (client, server) = pair.both(&Method::ToolsCall).await;
    let agent = pair
        .sink
        .spans()
        .into_iter()
        .find(|span| span.kind == SpanKind::Internal)
        .unwrap();
    assert_eq!(client.name(), "tools/call get_weather");
    assert_eq!(client.parent_id(), Some(agent.span_id()));
    assert_eq!(client.agent.as_ref().unwrap().model(), Some("gpt-4o"));
    assert_eq!(server.parent_id(), Some(client.span_id()));
    assert_eq!(server.name(), "tools/call get_weather");
    for span in [&client, &server] {
        assert_eq!(span.trace_id(), agent.trace_id());
        assert!(!span.outcome.is_error());
        assert_eq!(span.end, End::Complete);
        let call = span.operation.as_mcp().unwrap();
        assert_eq!(call.request_id.as_ref().unwrap(), "1");
        assert!(call.protocol_version.is_some());
    }
}

#[tokio::test]
async fn failures_are_errors() {
    let pair = Pair::new().await;
    let tools = pair.tools();

    let result = tools.call_tool(params("fail")).await.unwrap();
    assert_eq!(result.is_error, Some(true));
    let (client, server) = pair.both(&Method::ToolsCall).await;
    assert_eq!(client.outcome.error_type.unwrap(), "tool_error");
    assert_eq!(server.outcome.error_type.unwrap(), "tool_error");

    let _ = pair.sink.take();
    let error = tools.call_tool(params("refuse")).await.unwrap_err();
    assert!(matches!(error, ServiceError::McpError(_)));
    let (client, server) = pair.both(&Method::ToolsCall).await;
    for span in [client, server] {
        assert_eq!(span.outcome.error_type.unwrap(), "-32603");
        assert_eq!(span.outcome.message.unwrap(), "out of order");
        assert_eq!(span.outcome.rpc_code, Some(-32603));
    }

    // The caller's own fault is an error for the caller only.
    let _ = pair.sink.take();
    tools
        .read_resource(ReadResourceRequestParams::new("file:///x"))
        .await
        .unwrap_err();
    let (client, server) = pair.both(&Method::ResourcesRead).await;
    assert_eq!(client.outcome.error_type.unwrap(), "-32601");
    assert_eq!(
        (server.outcome.error_type, server.outcome.rpc_code),
        (None, Some(-32601))
    );
    assert_eq!(
        client.operation.as_mcp().unwrap().target.as_ref().unwrap(),
        "file:///x"
    );
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_and_the_server_is_told() {
    let pair = Pair::new().await;
    let slow = params("slow").with_arguments(json!({"ms": 300}).as_object().unwrap().clone());
    let tools = pair.tools();
    let call = tools.call_tool(slow);
    tokio::time::timeout(Duration::from_millis(50), call)
        .await
        .unwrap_err();
    let (client, server) = pair.both(&Method::ToolsCall).await;
    assert_eq!(
        (client.end, client.outcome.error_type.unwrap().as_str()),
        (End::Cancelled, "cancelled")
    );
    // The handler went on, but rmcp threw its answer away.
    assert_eq!(
        (server.end, server.outcome.error_type.unwrap().as_str()),
        (End::Cancelled, "cancelled")
    );
    let told = || {
        !spans(
            &pair.sink,
            SpanKind::Server,
            &Method::NotificationsCancelled,
        )
        .is_empty()
    };
    until("notifications/cancelled", told).await;
}

#[tokio::test]
async fn a_call_that_is_taken_back_is_cancelled() {
    let pair = Pair::new().await;
    let slow = params("slow").with_arguments(json!({"ms": 300}).as_object().unwrap().clone());
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(slow));
    let options = PeerRequestOptions::no_options();
    let handle = pair
        .tools()
        .send_cancellable_request(request, options)
        .await;
    let no_more = Some("no more".to_owned());
    handle.unwrap().cancel(no_more).await.unwrap();
    let (client, server) = pair.both(&Method::ToolsCall).await;
    for span in [client, server] {
        assert_eq!(span.end, End::Cancelled);
        assert_eq!(span.outcome.error_type.unwrap(), "cancelled");
    }
}

#[tokio::test]
async fn a_timeout_has_its_own_type() {
    let pair = Pair::new().await;
    let slow = params("slow").with_arguments(json!({"ms": 300}).as_object().unwrap().clone());
    let options = PeerRequestOptions::with_timeout(Duration::from_millis(50));
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(slow));
    let handle = pair
        .tools()
        .send_cancellable_request(request, options)
        .await
        .unwrap();
    handle.await_response().await.unwrap_err();
    let client = spans(&pair.sink, SpanKind::Client, &Method::ToolsCall).remove(0);
    assert_eq!(client.outcome.error_type.unwrap(), "timeout");
    assert_eq!(
        client.operation.as_mcp().unwrap().target.as_ref().unwrap(),
        "slow"
    );
}

#[tokio::test]
async fn a_closed_connection_is_an_error() {
    let pair = Pair::new().await;
    let tools = pair.tools();
    pair.client.cancel().await.unwrap();
    tools.call_tool(params("get_weather")).await.unwrap_err();
    let client = spans(&pair.sink, SpanKind::Client, &Method::ToolsCall).remove(0);
    assert_eq!(client.outcome.error_type.unwrap(), "transport_closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_at_once_are_fifty_pairs() {
    let pair = Pair::new().await;
    let root = TraceContext::new_root();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let tools = pair.tools();
        let slow = params("slow").with_arguments(json!({"ms": 20}).as_object().unwrap().clone());
        calls.spawn(async move { tools.call_tool(slow).await.unwrap() }.in_trace(root.clone()));
    }
    calls.join_all().await;
    until("all spans", || pair.sink.len() >= 100).await;
    let clients = spans(&pair.sink, SpanKind::Client, &Method::ToolsCall);
    let servers = spans(&pair.sink, SpanKind::Server, &Method::ToolsCall);
    assert_eq!((clients.len(), servers.len()), (50, 50));
    let ids: HashSet<_> = clients.iter().map(SpanRecord::span_id).collect();
    let parents: HashSet<_> = servers
        .iter()
        .map(|span| span.parent_id().unwrap())
        .collect();
    assert_eq!(ids.len(), 50);
    assert_eq!(ids, parents);
    for span in clients.iter().chain(&servers) {
        assert_eq!(span.trace_id(), root.trace_id());
    }
    for client in &clients {
        assert_eq!(client.parent_id(), Some(root.span_id()));
        let server = servers
            .iter()
            .find(|server| server.parent_id() == Some(client.span_id()))
            .unwrap();
        let id = |span: &SpanRecord| span.operation.as_mcp().unwrap().request_id.clone().unwrap();
        assert_eq!(id(client), id(server), "the pair is of one request");
    }
}

/// rmcp keeps `_meta` in the typed parameters and in the message's extensions, and lets the
/// latter win: what looks absent in one of them may be in the other.
#[tokio::test]
async fn a_traceparent_in_typed_meta_is_seen_and_replaced_whole() {
    let pair = Pair::new().await;
    let foreign = |mut params: CallToolRequestParams| {
        params.set_traceparent(FOREIGN);
        params.set_tracestate("vendor=theirs");
        params
    };
    let as_request = |params| ClientRequest::CallToolRequest(CallToolRequest::new(params));
    let current = TraceContext::new_root();
    let tools = pair.tools().under(current.clone());

    for general in [false, true] {
        // Another party's context, under a current span: the call is ours.
        let _ = pair.sink.take();
        if general {
            tools
                .send_request(as_request(foreign(params("whoami"))))
                .await
                .unwrap();
        } else {
            tools.call_tool(foreign(params("whoami"))).await.unwrap();
        }
        let (client, server) = pair.both(&Method::ToolsCall).await;
        assert_eq!(client.trace_id(), current.trace_id());
        assert_eq!(server.parent_id(), Some(client.span_id()));
        assert_eq!(
            server.context.tracestate(),
            None,
            "the other trace's list must not come along"
        );

        // Where nothing is current it is the parent.
        let _ = pair.sink.take();
        if general {
            pair.tools()
                .send_request(as_request(foreign(params("whoami"))))
                .await
                .unwrap();
        } else {
            pair.tools()
                .call_tool(foreign(params("whoami")))
                .await
                .unwrap();
        }
        let (client, server) = pair.both(&Method::ToolsCall).await;
        assert_eq!(client.trace_id().to_string(), &FOREIGN[3..35]);
        assert_eq!(client.parent_id().unwrap().to_string(), &FOREIGN[36..52]);
        assert_eq!(server.parent_id(), Some(client.span_id()));

        // Or it stays, by request.
        let _ = pair.sink.take();
        let keeps = tools.clone().keep_foreign();
        if general {
            keeps
                .send_request(as_request(foreign(params("whoami"))))
                .await
                .unwrap();
        } else {
            keeps.call_tool(foreign(params("whoami"))).await.unwrap();
        }
        let server = support::server_span(&pair.sink).await;
        assert_eq!(server.parent_id().unwrap().to_string(), &FOREIGN[36..52]);
        assert_eq!(pair.sink.len(), 1, "no CLIENT span");
    }
}

#[tokio::test]
async fn meta_of_the_options_wins() {
    let pair = Pair::new().await;
    let mut meta = RequestMetaObject::new();
    meta.set_traceparent(FOREIGN);
    let options = PeerRequestOptions::no_options().with_meta(meta);
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(params("whoami")));
    let answer = pair
        .tools()
        .send_request_with_option(request, options)
        .await
        .unwrap();
    assert_eq!(answer.id().to_string(), "1");
    assert!(matches!(
        answer.await_response().await.unwrap(),
        ServerResult::CallToolResult(_)
    ));
    let (client, server) = pair.both(&Method::ToolsCall).await;
    assert_eq!(client.parent_id().unwrap().to_string(), &FOREIGN[36..52]);
    assert_eq!(
        server.parent_id(),
        Some(client.span_id()),
        "the server got ours, not the option's"
    );
}

#[tokio::test]
async fn a_context_put_there_by_hand_is_kept_without_a_span() {
    let pair = Pair::new().await;
    let current = TraceContext::new_root();
    async {
        let mut call = params("whoami");
        inject_into(call.meta_or_default());
        pair.tools().call_tool(call).await.unwrap();
    }
    .in_trace(current.clone())
    .await;
    let server = support::server_span(&pair.sink).await;
    assert_eq!(server.parent_id(), Some(current.span_id()));
    assert_eq!(pair.sink.len(), 1, "no CLIENT span");
}

#[tokio::test]
async fn without_a_sink_the_context_is_passed_on_unchanged() {
    let pair = Pair::new().await;
    let current = TraceContext::new_root();
    let tools = wrap_mcp(pair.client.peer().clone());
    tools
        .call_tool(params("whoami"))
        .in_trace(current.clone())
        .await
        .unwrap();
    let server = support::server_span(&pair.sink).await;
    assert_eq!(server.parent_id(), Some(current.span_id()));

    let _ = pair.sink.take();
    tools.call_tool(params("whoami")).await.unwrap();
    let server = support::server_span(&pair.sink).await;
    assert_eq!(
        server.parent_id(),
        None,
        "nothing is current: nothing is sent"
    );
}

#[tokio::test]
async fn every_page_of_a_list_is_a_call() {
    let pair = Pair::new().await;
    assert_eq!(pair.tools().list_all_tools().await.unwrap().len(), 5);
    let (client, server) = pair.both(&Method::ToolsList).await;
    assert_eq!(client.name(), "tools/list");
    assert_eq!(server.parent_id(), Some(client.span_id()));

    let _ = pair.sink.take();
    let page = PaginatedRequestParams::default().with_cursor(Some("2".into()));
    pair.tools().list_tools(Some(page)).await.unwrap();
    let (client, server) = pair.both(&Method::ToolsList).await;
    assert_eq!(server.parent_id(), Some(client.span_id()));
}

#[tokio::test]
async fn requests_without_parameters_and_notifications_carry_the_context_too() {
    let pair = Pair::new().await;
    pair.tools()
        .send_request(ClientRequest::PingRequest(PingRequest::default()))
        .await
        .unwrap();
    let (client, server) = pair.both(&Method::Ping).await;
    assert_eq!(server.parent_id(), Some(client.span_id()));

    pair.tools().notify_roots_list_changed().await.unwrap();
    let (client, server) = pair.both(&Method::NotificationsRootsListChanged).await;
    assert_eq!(server.parent_id(), Some(client.span_id()));
    assert_eq!(server.operation.as_mcp().unwrap().request_id, None);
}

#[test]
fn nothing_is_written_outside_of_a_trace() {
    let mut meta = MetaObject::new();
    inject_into(&mut meta);
    assert!(meta.is_empty());
}

/// What a bare peer and a traced one make of the same answer to `tools/call`.
async fn both_ways(reply: &serde_json::Value) -> [String; 2] {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    let (near, far) = tokio::io::duplex(4096);
    let info = Some(rmcp::model::InitializeResult::default().into());
    let client = rmcp::service::serve_directly::<RoleClient, _, _, _, _>((), near, info);
    let answering = async {
        let (read, mut write) = tokio::io::split(far);
        let mut lines = BufReader::new(read).lines();
        for _ in 0..2 {
            let line = lines.next_line().await.unwrap().unwrap();
            let request: serde_json::Value = serde_json::from_str(&line).unwrap();
            let answer = json!({"jsonrpc": "2.0", "id": request["id"], "result": reply});
            write
                .write_all(format!("{answer}\n").as_bytes())
                .await
                .unwrap();
        }
        (lines, write)
    };
    let calling = async {
        let bare = client.peer().call_tool_once(params("t")).await;
        let traced = wrap_mcp(client.peer().clone())
            .call_tool_once(params("t"))
            .await;
        [format!("{bare:?}"), format!("{traced:?}")]
    };
    tokio::join!(answering, calling).1
}

#[tokio::test]
async fn an_answer_means_the_same_as_without_the_wrapper() {
    for reply in [
        json!({}),
        json!({"content": []}),
        json!({"content": [{"type": "text", "text": "x"}], "isError": true}),
        json!({"structuredContent": {"a": 1}}),
        json!({"_meta": {"example.com/replica": "r1"}}),
        json!({"_meta": {"example.com/replica": "r1"}, "more": 1}),
        json!({"_meta": 1}),
        json!({"resultType": "complete"}),
        json!({"resultType": "complete", "_meta": {"example.com/replica": "r1"}}),
        json!({"resultType": "input_required", "requestState": "s"}),
        json!({"tools": []}),
        json!({"unknown": true}),
        json!([]),
    ] {
        let [bare, traced] = both_ways(&reply).await;
        assert_eq!(bare, traced, "{reply}");
    }
}
