//! A server that asks its client: CLIENT spans there, SERVER spans at the client.
#![allow(deprecated)] // sampling, roots and logging

mod support;

use std::sync::Arc;

use mcp_layer::McpServerTraceLayer;
use mcp_trace::{End, MemorySink, Method, SpanKind, SpanRecord};
use mcp_trace_rmcp::{ContextExt, TracedHandler, TracedHttpClient, TracedPeer, wrap_mcp};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientConfig, ContentBlock,
    CreateMessageRequestParams, CreateMessageResult, CustomNotification, CustomRequest,
    CustomResult, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
    ListRootsResult, LoggingLevel, LoggingMessageNotificationParam, NumberOrString, PingRequest,
    ProgressNotificationParam, ProgressToken, RequestMetaObject, ResourceUpdatedNotificationParam,
    SamplingMessage, ServerConfig, ServerNotification, ServerRequest,
};
use rmcp::service::{NotificationContext, RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{
    ClientHandler, ErrorData, RoleClient, RoleServer, ServerHandler, ServiceError, ServiceExt,
};
use serde_json::json;
use support::{Mode, Tools, serve, sink, spans, text, until};

const FOREIGN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";

/// Each of its tools asks the client for the thing of that name.
#[derive(Clone)]
struct Asking;

impl ServerHandler for Asking {
    fn get_info(&self) -> ServerConfig {
        Tools.get_info()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let client = wrap_mcp(context.peer.clone());
        let answer = ask(&client, &request.name).await;
        let result = match answer {
            Ok(answer) => CallToolResult::success(vec![ContentBlock::text(answer)]),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
        };
        Ok(result.into())
    }
}

async fn ask(client: &TracedPeer<RoleServer>, what: &str) -> Result<String, ServiceError> {
    let message = || vec![SamplingMessage::user_text("Which city?")];
    Ok(match what {
        "ping" => {
            let ping = ServerRequest::PingRequest(PingRequest::default());
            format!("{:?}", client.send_request(ping).await?)
        }
        "sampling" => {
            client
                .create_message(CreateMessageRequestParams::new(message(), 10))
                .await?
                .model
        }
        "foreign sampling" => {
            let mut params = CreateMessageRequestParams::new(message(), 10);
            let mut meta = RequestMetaObject::new();
            meta.set_traceparent(FOREIGN);
            meta.set_tracestate("vendor=theirs");
            params.meta = Some(meta);
            client.create_message(params).await?.model
        }
        "roots" => format!("{:?}", client.list_roots().await?.roots.len()),
        "elicitation" => format!("{:?}", client.create_elicitation(question()).await?.action),
        "custom" => {
            let request = CustomRequest::new("acme/ask", Some(json!({"a": 1})));
            let request = ServerRequest::CustomRequest(request);
            format!("{:?}", client.send_request(request).await?)
        }
        "notifications" => {
            let token = ProgressToken(NumberOrString::Number(1));
            client
                .notify_progress(ProgressNotificationParam::new(token, 1.0))
                .await?;
            let log = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!("x"));
            client.notify_logging_message(log).await?;
            client
                .notify_resource_updated(ResourceUpdatedNotificationParam::new("file:///x"))
                .await?;
            client.notify_resource_list_changed().await?;
            client.notify_tool_list_changed().await?;
            client.notify_prompt_list_changed().await?;
            let custom = CustomNotification::new("acme/note", Some(json!({"a": 1})));
            client
                .send_notification(ServerNotification::CustomNotification(custom))
                .await?;
            "sent".to_owned()
        }
        other => unreachable!("{other}"),
    })
}

fn question() -> ElicitRequestParams {
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: "Which city?".to_owned(),
        requested_schema: ElicitationSchema::builder().build().unwrap(),
    }
}

/// Answers, and says in which span it does.
#[derive(Clone)]
struct Desktop;

fn here() -> String {
    let here = mcp_trace::current().map(|context| context.span_id().to_string());
    here.unwrap_or_default()
}

impl ClientHandler for Desktop {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.capabilities = rmcp::model::ClientCapabilities::builder()
            .enable_sampling()
            .enable_roots()
            .enable_elicitation()
            .build();
        config
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        context: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        assert_eq!(
            context.span().context().map(|c| c.span_id().to_string()),
            Some(here())
        );
        Ok(CreateMessageResult::new(
            SamplingMessage::assistant_text("Oslo"),
            here(),
        ))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        Err(ErrorData::internal_error("no roots here", None))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(ElicitResult::new(ElicitationAction::Decline))
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleClient>,
    ) -> Result<CustomResult, ErrorData> {
        Ok(CustomResult::new(json!({"method": request.method})))
    }

    async fn on_tool_list_changed(&self, context: NotificationContext<RoleClient>) {
        assert_eq!(
            context.span().context().map(|c| c.span_id().to_string()),
            Some(here())
        );
    }
}

/// A client and a server, connected by something.
struct Pair {
    sink: Arc<MemorySink>,
    client: RunningService<RoleClient, TracedHandler<Desktop>>,
    _server: Box<dyn std::any::Any>,
}

impl Pair {
    async fn duplex() -> Self {
        let sink = sink();
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = TracedHandler::new(Asking).with_sink(sink.clone());
        let server = tokio::spawn(async move { server.serve(far).await.unwrap() });
        let desktop = TracedHandler::new(Desktop).with_sink(sink.clone());
        let client = desktop.serve(near).await.unwrap();
        Self {
            sink,
            client,
            _server: Box::new(server.await.unwrap()),
        }
    }

    /// In the one mode in which servers may ask: with a session.
    async fn http() -> Self {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let server = serve(Mode::StatefulLegacy, TracedHandler::new(Asking), |router| {
            router.layer(layer)
        })
        .await;
        let config = StreamableHttpClientTransportConfig::with_uri(server.url.as_str());
        let http = TracedHttpClient::new(reqwest::Client::new());
        let desktop = TracedHandler::new(Desktop).with_sink(sink.clone());
        let client = desktop
            .serve(StreamableHttpClientTransport::with_client(http, config))
            .await
            .unwrap();
        Self {
            sink,
            client,
            _server: Box::new(server),
        }
    }

    /// Calls a tool; what it answers.
    async fn call(&self, tool: &'static str) -> String {
        let tools = wrap_mcp(self.client.peer().clone()).with_sink(self.sink.clone());
        let result = tools.call_tool(CallToolRequestParams::new(tool)).await;
        let answer = text(&result.unwrap()).to_owned();
        until("the tool's spans", || {
            spans(&self.sink, SpanKind::Server, &Method::ToolsCall).len() == 1
        })
        .await;
        answer
    }

    /// The two spans of what the server asked or told; they are below those of the tool.
    async fn both(&self, method: &Method) -> (SpanRecord, SpanRecord) {
        let of = |kind, method: &Method| spans(&self.sink, kind, method);
        until("both spans", || {
            of(SpanKind::Client, method).len() + of(SpanKind::Server, method).len() == 2
        })
        .await;
        let [asks] = of(SpanKind::Client, method).try_into().unwrap();
        let [answers] = of(SpanKind::Server, method).try_into().unwrap();
        let [call] = of(SpanKind::Client, &Method::ToolsCall).try_into().unwrap();
        let [tool] = of(SpanKind::Server, &Method::ToolsCall).try_into().unwrap();
        assert_eq!(tool.parent_id(), Some(call.span_id()), "{method}");
        assert_eq!(asks.parent_id(), Some(tool.span_id()), "{method}");
        assert_eq!(answers.parent_id(), Some(asks.span_id()), "{method}");
        for span in [&asks, &answers] {
            assert_eq!(span.trace_id(), call.trace_id(), "{method}");
            assert_eq!(span.end, End::Complete, "{method}");
            assert!(span.links().is_empty(), "{method}");
            let version = span.operation.as_mcp().unwrap().protocol_version;
            assert!(version.is_some(), "{method}");
        }
        (asks, answers)
    }
}

fn id(span: &SpanRecord) -> Option<String> {
    let call = span.operation.as_mcp().unwrap();
    call.request_id.as_ref().map(ToString::to_string)
}

#[tokio::test]
async fn what_a_server_asks_is_below_the_tool_that_asks() {
    for http in [false, true] {
        for (tool, method) in [
            ("ping", Method::Ping),
            ("sampling", Method::SamplingCreateMessage),
            ("elicitation", Method::ElicitationCreate),
            ("custom", Method::parse("acme/ask")),
        ] {
            let pair = if http {
                Pair::http().await
            } else {
                Pair::duplex().await
            };
            let answer = pair.call(tool).await;
            let (asks, answers) = pair.both(&method).await;
            assert_eq!(asks.outcome, Default::default(), "{tool}: {answer}");
            assert_eq!(answers.outcome, Default::default(), "{tool}: {answer}");
            assert!(id(&asks).is_some(), "{tool}");
            assert_eq!(id(&asks), id(&answers), "{tool}");
            if tool == "sampling" {
                assert_eq!(
                    answer,
                    answers.span_id().to_string(),
                    "current in the handler"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_a_server_tells_is_below_the_tool_that_tells() {
    for http in [false, true] {
        let pair = if http {
            Pair::http().await
        } else {
            Pair::duplex().await
        };
        assert_eq!(pair.call("notifications").await, "sent");
        for method in [
            Method::NotificationsProgress,
            Method::NotificationsMessage,
            Method::NotificationsResourcesUpdated,
            Method::NotificationsResourcesListChanged,
            Method::NotificationsToolsListChanged,
            Method::NotificationsPromptsListChanged,
            Method::parse("acme/note"),
        ] {
            let (tells, hears) = pair.both(&method).await;
            assert_eq!((id(&tells), id(&hears)), (None, None));
            let uri = (method == Method::NotificationsResourcesUpdated).then_some("file:///x");
            for span in [tells, hears] {
                let call = span.operation.as_mcp().unwrap();
                assert_eq!(call.target.as_ref().map(|target| target.as_str()), uri);
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_is_an_error_on_both_sides() {
    let pair = Pair::duplex().await;
    assert!(pair.call("roots").await.contains("no roots here"));
    let (asks, answers) = pair.both(&Method::RootsList).await;
    for span in [asks, answers] {
        assert_eq!(span.outcome.error_type.unwrap(), "-32603");
        assert_eq!(span.outcome.message.unwrap(), "no roots here");
    }
}

#[tokio::test]
async fn a_foreign_context_in_typed_meta_is_replaced() {
    let pair = Pair::duplex().await;
    pair.call("foreign sampling").await;
    let (_, answers) = pair.both(&Method::SamplingCreateMessage).await;
    assert_eq!(answers.context.tracestate(), None, "the other trace's list");
}

#[tokio::test]
async fn a_server_that_sends_no_context_begins_a_trace_at_the_client() {
    let sink = sink();
    let (near, far) = tokio::io::duplex(1 << 16);
    let server = tokio::spawn(async move { Asking.serve(far).await.unwrap() });
    let desktop = TracedHandler::new(Desktop).with_sink(sink.clone());
    let _client = desktop.serve(near).await.unwrap();
    let server = server.await.unwrap();
    server.peer().notify_tool_list_changed().await.unwrap();
    let heard = || {
        spans(
            &sink,
            SpanKind::Server,
            &Method::NotificationsToolsListChanged,
        )
    };
    until("the span", || heard().len() == 1).await;
    assert_eq!(heard()[0].parent_id(), None);
}

#[tokio::test]
async fn a_connection_that_forbids_requests_says_so() {
    let sink = sink();
    let server = serve(
        Mode::ModernJson,
        TracedHandler::new(Asking).with_sink(sink.clone()),
        |r| r,
    )
    .await;
    let client = support::connect(Mode::ModernJson, &server, reqwest::Client::new()).await;
    let call = CallToolRequestParams::new("elicitation");
    let result = client.peer().call_tool(call).await.unwrap();
    assert_eq!(result.is_error, Some(true));
    let [asks] = spans(&sink, SpanKind::Client, &Method::ElicitationCreate)
        .try_into()
        .unwrap();
    assert_eq!(asks.outcome.rpc_code, Some(-32600));
    assert_eq!(id(&asks), None, "it was never sent");
}
