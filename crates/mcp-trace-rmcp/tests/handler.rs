//! The server half beyond the mode matrix: attributes, notifications, extractors, forwarding.

mod support;

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use mcp_trace::{End, McpCall, Method, NetworkTransport, SpanKind, TraceContext, Trust};
use mcp_trace_rmcp::{ContextExt, RequestSpan, TracedHandler, wrap_mcp};
use rmcp::model::*;
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{
    ClientLifecycleMode, ClientServiceExt, ErrorData, RoleServer, ServerHandler, ServiceExt, tool,
    tool_handler, tool_router,
};
use serde_json::json;
use support::{
    Mode, Raw, Tools, duplex, parent, serve, server_span, sink, spans, text, told, until,
};

const META: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";
const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

fn with_meta(tool: &'static str) -> CallToolRequestParams {
    let mut params = CallToolRequestParams::new(tool);
    params.set_traceparent(META);
    params
}

#[tokio::test]
async fn attributes_over_a_pipe() {
    let sink = sink();
    let (client, _server) = duplex(TracedHandler::new(Tools).with_sink(sink.clone())).await;
    client.call_tool(with_meta("get_weather")).await.unwrap();
    let span = server_span(&sink).await;
    let call = span.operation.as_mcp().unwrap();
    assert_eq!(span.name(), "tools/call get_weather");
    assert_eq!(call.request_id.as_ref().unwrap(), "1");
    assert_eq!(call.protocol_version.unwrap().to_string(), "2025-11-25");
    assert_eq!(call.session_id, None);
    assert_eq!(call.network.transport, Some(NetworkTransport::Pipe));
    assert_eq!(call.network.http_version, None);
}

#[tokio::test]
async fn a_long_session_id_is_cut_as_the_layer_cuts_it() {
    let (inside, around) = (sink(), sink());
    for (sink, layer) in [
        (&inside, None),
        (
            &around,
            Some(mcp_layer::McpServerTraceLayer::new().with_sink(around.clone())),
        ),
    ] {
        let handler = TracedHandler::new(Tools).with_sink(inside.clone());
        let wrap = |router: axum::Router| match layer {
            Some(layer) => router.layer(layer),
            None => router,
        };
        let server = serve(Mode::StatelessJson, handler, wrap).await;
        let long = "s".repeat(300);
        Raw::connect(Mode::StatelessJson, &server)
            .await
            .call(
                "get_weather",
                json!({}),
                &[("mcp-session-id", &long)],
                &json!({}),
            )
            .await;
        let span = server_span(sink).await;
        let id = span.operation.as_mcp().unwrap().session_id.clone();
        assert_eq!(id.unwrap(), long[..McpCall::MAX_SESSION_ID_LEN]);
    }
}

#[tokio::test]
async fn attributes_over_http() {
    for mode in Mode::ALL {
        let sink = sink();
        let server = serve(
            mode,
            TracedHandler::new(Tools).with_sink(sink.clone()),
            |router| router,
        )
        .await;
        Raw::connect(mode, &server)
            .await
            .call("get_weather", json!({}), &[], &json!({}))
            .await;
        let span = server_span(&sink).await;
        let call = span.operation.as_mcp().unwrap();
        assert_eq!(call.request_id.as_ref().unwrap(), "7", "{mode:?}");
        assert_eq!(
            call.protocol_version.unwrap().to_string(),
            mode.version(),
            "{mode:?}"
        );
        assert_eq!(
            call.session_id.is_some(),
            mode == Mode::StatefulLegacy,
            "{mode:?}"
        );
        assert_eq!(
            call.network.transport,
            Some(NetworkTransport::Tcp),
            "{mode:?}"
        );
        assert_eq!(
            call.network.http_version,
            Some(http::Version::HTTP_11),
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn trust_is_a_choice() {
    for (trust, links) in [(Trust::RestartAndLink, vec![META]), (Trust::Ignore, vec![])] {
        let sink = sink();
        let (client, _server) = duplex(
            TracedHandler::new(Tools)
                .with_sink(sink.clone())
                .trust(trust),
        )
        .await;
        client.call_tool(with_meta("whoami")).await.unwrap();
        let span = server_span(&sink).await;
        assert_eq!(span.parent, None);
        assert_ne!(span.trace_id(), parent(META).trace_id());
        let linked: Vec<_> = span
            .links()
            .iter()
            .map(|link| link.traceparent().to_string())
            .collect();
        assert_eq!(linked, links);
    }
}

#[tokio::test]
async fn two_wrappers_make_one_span() {
    let (outer, inner) = (sink(), sink());
    let handler = TracedHandler::new(TracedHandler::new(Tools).with_sink(inner.clone()))
        .with_sink(outer.clone());
    let (client, _server) = duplex(handler).await;
    let answer = client.call_tool(with_meta("whoami")).await.unwrap();
    let span = server_span(&outer).await;
    assert!(text(&answer).contains(&span.span_id().to_string()));
    assert!(inner.is_empty(), "{:?}", inner.spans());
}

#[tokio::test]
async fn without_a_sink_the_senders_context_is_passed_on() {
    let (client, _server) = duplex(TracedHandler::new(Tools)).await;
    let answer = client.call_tool(with_meta("whoami")).await.unwrap();
    let seen = told(&json!({"result": answer}));
    assert_eq!(
        seen["current"]["span"],
        parent(META).parent_id().to_string()
    );
}

/// What a notification's handler saw: `current()`, its context, and its `meta`.
type Seen = Arc<
    Mutex<
        Vec<(
            Option<TraceContext>,
            Option<TraceContext>,
            NotificationMetaObject,
        )>,
    >,
>;

#[derive(Clone, Default)]
struct Listener(Seen);

impl ServerHandler for Listener {
    async fn on_custom_notification(
        &self,
        _notification: CustomNotification,
        context: NotificationContext<RoleServer>,
    ) {
        let seen = (
            mcp_trace::current(),
            context.span().context().cloned(),
            context.meta.clone(),
        );
        self.0.lock().unwrap().push(seen);
    }
}

fn notification() -> ClientNotification {
    let meta = json!({"traceparent": META, "other": 1});
    CustomNotification::new("notifications/example", Some(json!({"_meta": meta}))).into()
}

#[tokio::test]
async fn a_notifications_meta_is_repaired() {
    let (sink, listener) = (sink(), Listener::default());
    let seen = listener.0.clone();
    let (client, _server) = duplex(TracedHandler::new(listener).with_sink(sink.clone())).await;
    client.send_notification(notification()).await.unwrap();
    until("the handler", || seen.lock().unwrap().len() == 1).await;
    let (current, context, meta) = seen.lock().unwrap().remove(0);
    assert_eq!(meta.get_traceparent(), Some(META));
    assert_eq!(meta.get("other"), Some(&json!(1)));

    let method = Method::parse("notifications/example");
    until("its span", || {
        !spans(&sink, SpanKind::Server, &method).is_empty()
    })
    .await;
    let span = spans(&sink, SpanKind::Server, &method).remove(0);
    assert_eq!(span.trace_id(), parent(META).trace_id());
    assert_eq!(span.parent_id(), Some(parent(META).parent_id()));
    assert_eq!(span.name(), "_OTHER");
    assert_eq!(current.unwrap().span_id(), span.span_id());
    assert_eq!(context.unwrap().span_id(), span.span_id());
}

#[tokio::test]
async fn a_notifications_context_knows_the_sender_without_the_wrapper() {
    let listener = Listener::default();
    let seen = listener.0.clone();
    let (client, _server) = duplex(listener).await;
    client.send_notification(notification()).await.unwrap();
    until("the handler", || seen.lock().unwrap().len() == 1).await;
    let (current, context, _) = seen.lock().unwrap().remove(0);
    assert_eq!(current, None);
    assert_eq!(context.unwrap().trace_id(), parent(META).trace_id());
}

/// A handler that is no `async fn`: it works when it is called, not when it is polled.
#[derive(Clone)]
struct Eager;

impl ServerHandler for Eager {
    fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CallToolResponse, ErrorData>> + Send + '_ {
        let seen = mcp_trace::current().map(|context| context.span_id().to_string());
        let answer = CallToolResult::success(vec![ContentBlock::text(seen.unwrap_or_default())]);
        std::future::ready(Ok(answer.into()))
    }
}

#[tokio::test]
async fn a_handler_that_works_when_it_is_called_is_in_the_trace() {
    let sink = sink();
    let (client, _server) = duplex(TracedHandler::new(Eager).with_sink(sink.clone())).await;
    let answer = client.call_tool(with_meta("t")).await.unwrap();
    assert_eq!(
        text(&answer),
        server_span(&sink).await.span_id().to_string()
    );
}

#[derive(Clone)]
struct Macros;

#[tool_router]
impl Macros {
    #[tool(description = "Adds to its span")]
    async fn extract(&self, span: RequestSpan) -> String {
        span.set_attribute("weather.station", "VIE");
        span.context()
            .map(|context| context.span_id().to_string())
            .unwrap_or_default()
    }

    #[tool(description = "Starts a task")]
    async fn spawn(&self, context: RequestContext<RoleServer>) -> String {
        let lost = tokio::spawn(async { mcp_trace::current() }).await.unwrap();
        assert_eq!(
            lost, None,
            "a task that is only spawned is outside of the trace"
        );
        let seen = tokio::spawn(context.in_trace(async { mcp_trace::current() }))
            .await
            .unwrap();
        seen.map(|context| context.span_id().to_string())
            .unwrap_or_default()
    }
}

#[tool_handler]
impl ServerHandler for Macros {}

#[tokio::test]
async fn tools_by_macro_reach_the_span() {
    let sink = sink();
    let (client, _server) = duplex(TracedHandler::new(Macros).with_sink(sink.clone())).await;
    for tool in ["extract", "spawn"] {
        let _ = sink.take();
        let answer = client.call_tool(with_meta(tool)).await.unwrap();
        let span = server_span(&sink).await;
        assert_eq!(text(&answer), span.span_id().to_string(), "{tool}");
        assert_eq!(span.attributes().len(), usize::from(tool == "extract"));
    }
}

#[tokio::test]
async fn tools_by_macro_know_the_sender_without_the_wrapper() {
    let (client, _server) = duplex(Macros).await;
    for tool in ["extract", "spawn"] {
        let answer = client.call_tool(with_meta(tool)).await.unwrap();
        assert_eq!(
            text(&answer),
            parent(META).parent_id().to_string(),
            "{tool}"
        );
        let answer = client
            .call_tool(CallToolRequestParams::new(tool))
            .await
            .unwrap();
        assert_eq!(text(&answer), "", "{tool}");
    }
}

#[tokio::test]
async fn the_header_counts_where_meta_has_nothing() {
    let server = serve(Mode::ModernJson, Macros, |router| router).await;
    let client = Raw::connect(Mode::ModernJson, &server).await;
    let answer = client
        .call("extract", json!({}), &[("traceparent", HEADER)], &json!({}))
        .await;
    assert_eq!(
        answer["result"]["content"][0]["text"],
        parent(HEADER).parent_id().to_string()
    );
}

/// Refuses everything, by the name of the method that was called.
#[derive(Clone)]
struct Refuses;

macro_rules! refuse {
    ($($name:ident($($param:ident)?) -> $Answer:ty;)+) => {$(
        async fn $name(&self $(, _: $param)?, _: RequestContext<RoleServer>) -> Result<$Answer, ErrorData> {
            Err(ErrorData::new(ErrorCode(7), stringify!($name), None))
        }
    )+};
}

type Page = Option<PaginatedRequestParams>;

#[allow(deprecated)]
impl ServerHandler for Refuses {
    refuse! {
        ping() -> ();
        initialize(InitializeRequestParams) -> InitializeResult;
        discover() -> DiscoverResult;
        complete(CompleteRequestParams) -> CompleteResult;
        set_level(SetLevelRequestParams) -> ();
        get_prompt(GetPromptRequestParams) -> GetPromptResponse;
        list_prompts(Page) -> ListPromptsResult;
        list_resources(Page) -> ListResourcesResult;
        list_resource_templates(Page) -> ListResourceTemplatesResult;
        read_resource(ReadResourceRequestParams) -> ReadResourceResponse;
        subscribe(SubscribeRequestParams) -> ();
        unsubscribe(UnsubscribeRequestParams) -> ();
        call_tool(CallToolRequestParams) -> CallToolResponse;
        list_tools(Page) -> ListToolsResult;
        on_custom_request(CustomRequest) -> CustomResult;
        get_task(GetTaskParams) -> GetTaskResult;
        update_task(UpdateTaskParams) -> ();
        cancel_task(CancelTaskParams) -> ();
        list_skills(Page) -> ListSkillsResult;
        get_skill(GetSkillRequestParams) -> GetSkillResult;
        read_resource_directory(ReadResourceDirectoryRequestParams) -> ReadResourceDirectoryResult;
    }

    fn get_info(&self) -> ServerConfig {
        ServerConfig::default().with_instructions("none")
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        Some(Tool::new(
            name.to_owned(),
            "none",
            Arc::new(JsonObject::new()),
        ))
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Owned(vec![ProtocolVersion::V_2025_06_18])
    }

    fn negotiate_initialize(
        &self,
        _: &InitializeRequestParams,
    ) -> Result<InitializeResult, ErrorData> {
        Err(ErrorData::new(ErrorCode(7), "negotiate_initialize", None))
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }
}

#[tokio::test]
#[allow(deprecated)]
async fn every_request_reaches_its_own_method_under_its_own_span() {
    let (_client, server) = duplex(Tools).await;
    let sink = sink();
    let handler = TracedHandler::new(Refuses).with_sink(sink.clone());
    let context = || RequestContext::new(RequestId::Number(1), server.peer().clone());
    macro_rules! check {
        ($($name:ident($($param:expr)?) => $method:literal;)+) => {$(
            let error = handler.$name($($param,)? context()).await.err().unwrap();
            assert_eq!(error.message, stringify!($name));
            let span = sink.take().remove(0);
            assert_eq!(span.operation.as_mcp().unwrap().method.as_str(), $method);
            assert_eq!(span.outcome.error_type.unwrap(), "7");
        )+};
    }
    let reference = Reference::for_prompt("p");
    check! {
        ping() => "ping";
        initialize(InitializeRequestParams::default()) => "initialize";
        discover() => "server/discover";
        complete(CompleteRequestParams::new(reference, ArgumentInfo::new("a", "b"))) => "completion/complete";
        set_level(SetLevelRequestParams::new(LoggingLevel::Info)) => "logging/setLevel";
        get_prompt(GetPromptRequestParams::new("p")) => "prompts/get";
        list_prompts(None) => "prompts/list";
        list_resources(None) => "resources/list";
        list_resource_templates(None) => "resources/templates/list";
        read_resource(ReadResourceRequestParams::new("u")) => "resources/read";
        subscribe(SubscribeRequestParams::new("u")) => "resources/subscribe";
        unsubscribe(UnsubscribeRequestParams::new("u")) => "resources/unsubscribe";
        call_tool(CallToolRequestParams::new("t")) => "tools/call";
        list_tools(None) => "tools/list";
        on_custom_request(CustomRequest::new("example/custom", None)) => "example/custom";
        get_task(GetTaskParams::new("t")) => "tasks/get";
        update_task(UpdateTaskParams::new("t", InputResponses::default())) => "tasks/update";
        cancel_task(CancelTaskParams::new("t")) => "tasks/cancel";
        list_skills(None) => "skills/list";
        get_skill(GetSkillRequestParams::new("u")) => "skills/get";
        read_resource_directory(ReadResourceDirectoryRequestParams::new("u")) => "resources/directory/read";
    }
    assert_eq!(
        ServerHandler::get_info(&handler).instructions.as_deref(),
        Some("none")
    );
    assert_eq!(handler.get_tool("x").unwrap().name, "x");
    assert_eq!(
        ServerHandler::supported_protocol_versions(&handler).len(),
        1
    );
    assert!(
        handler
            .negotiate_initialize(&InitializeRequestParams::default())
            .is_err()
    );
    assert!(
        handler
            .accepted_subscription_filter(&SubscriptionFilter::default())
            .is_some()
    );
    assert!(sink.is_empty());
}

#[derive(Clone, Default)]
struct Feed(Arc<Mutex<Option<TraceContext>>>);

impl ServerHandler for Feed {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(
            ServerCapabilities::builder()
                .enable_tools()
                .enable_tool_list_changed()
                .build(),
        )
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        *self.0.lock().unwrap() = mcp_trace::current();
        context.cancelled().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_subscription_does_not_hold_its_span_open() {
    let (sink, feed) = (sink(), Feed::default());
    let seen = feed.0.clone();
    let (near, far) = tokio::io::duplex(1 << 16);
    let handler = TracedHandler::new(feed).with_sink(sink.clone());
    // After `server/discover` alone rmcp still waits for what the client is.
    let server = tokio::spawn(async move { handler.serve(far).await.unwrap().waiting().await });
    let modern = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    let client = ().serve_with_lifecycle(near, modern).await.unwrap();

    let filter: SubscriptionFilter =
        serde_json::from_value(json!({"toolsListChanged": true})).unwrap();
    let peer = wrap_mcp(client.peer().clone()).with_sink(sink.clone());
    let mut subscription = peer.listen(filter).await.unwrap();
    let of = |kind| spans(&sink, kind, &Method::SubscriptionsListen);
    until("both spans", || {
        of(SpanKind::Client).len() + of(SpanKind::Server).len() == 2
    })
    .await;
    let span = of(SpanKind::Server).remove(0);
    assert_eq!(span.end, End::Complete);
    until("the handler", || seen.lock().unwrap().is_some()).await;
    assert_eq!(
        seen.lock().unwrap().as_ref().unwrap().span_id(),
        span.span_id()
    );
    subscription.cancel().await.unwrap();
    server.abort();
}
