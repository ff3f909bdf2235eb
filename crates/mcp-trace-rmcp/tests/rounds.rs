//! Calls in which the server asks for input: one span, however many rounds it takes.

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use mcp_layer::McpServerTraceLayer;
use mcp_trace::{End, MemorySink, Method, SpanKind, SpanRecord, TraceContext, Value, agent_span};
use mcp_trace_rmcp::{TracedClient, TracedHandler, TracedHttpClient, wrap_mcp};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ElicitRequest,
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, InputRequest, InputRequiredResult,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData, RoleClient, RoleServer,
    ServerHandler, ServiceError,
};
use support::{Mode, Server, serve, sink, spans, until};

/// Asks two questions, then asks to be asked again, then answers.
#[derive(Clone)]
struct Curious;

/// What is asked after `state`.
fn next(state: Option<&str>, answered: usize) -> Option<InputRequiredResult> {
    match state {
        None => {
            let questions = ["city", "date"].map(|key| {
                let params = ElicitRequestParams::FormElicitationParams {
                    meta: None,
                    message: key.to_owned(),
                    requested_schema: ElicitationSchema::builder().build().unwrap(),
                };
                let request = InputRequest::Elicitation(ElicitRequest::new(params));
                (key.to_owned(), request)
            });
            Some(InputRequiredResult::new(
                Some(questions.into_iter().collect()),
                Some("asked".to_owned()),
            ))
        }
        Some("asked") if answered == 2 => Some(InputRequiredResult::from_request_state("thinking")),
        Some("thinking") => None,
        other => panic!("{other:?}, {answered}"),
    }
}

impl ServerHandler for Curious {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources();
        ServerConfig::new(capabilities.build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "endless" {
            return Ok(InputRequiredResult::from_request_state("again").into());
        }
        let answered = request
            .input_responses
            .map_or(0, |responses| responses.len());
        Ok(match next(request.request_state.as_deref(), answered) {
            Some(asked) => asked.into(),
            None if request.name == "fail" => CallToolResult::error(vec![]).into(),
            None => CallToolResult::success(vec![ContentBlock::text("done")]).into(),
        })
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let answered = request
            .input_responses
            .map_or(0, |responses| responses.len());
        Ok(match next(request.request_state.as_deref(), answered) {
            Some(asked) => asked.into(),
            None => GetPromptResult::new(vec![]).into(),
        })
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let answered = request
            .input_responses
            .map_or(0, |responses| responses.len());
        Ok(match next(request.request_state.as_deref(), answered) {
            Some(asked) => asked.into(),
            None => ReadResourceResult::new(vec![]).into(),
        })
    }
}

#[derive(Clone)]
struct User;

impl ClientHandler for User {
    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(ElicitResult::new(ElicitationAction::Accept))
    }
}

type Client = RunningService<RoleClient, TracedHandler<User>>;

struct Pair {
    sink: Arc<MemorySink>,
    client: Client,
    _server: Server,
}

impl Pair {
    async fn new(mode: Mode) -> Self {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        let server = serve(mode, TracedHandler::new(Curious), |r| r.layer(layer)).await;
        let config = StreamableHttpClientTransportConfig::with_uri(server.url.as_str());
        let http = TracedHttpClient::new(reqwest::Client::new());
        let lifecycle = ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        };
        let client = TracedHandler::new(User)
            .with_sink(sink.clone())
            .serve_with_lifecycle(
                StreamableHttpClientTransport::with_client(http, config),
                lifecycle,
            )
            .await
            .unwrap();
        Self {
            sink,
            client,
            _server: server,
        }
    }

    fn tools(&self) -> TracedClient<'_, TracedHandler<User>> {
        wrap_mcp(self.client.peer().clone())
            .with_sink(self.sink.clone())
            .with_handler(&self.client)
    }

    /// The one CLIENT span of the call, and the SERVER spans below it.
    async fn call(&self, method: &Method, rounds: usize) -> (SpanRecord, Vec<SpanRecord>) {
        let servers = || spans(&self.sink, SpanKind::Server, method);
        until("every round", || servers().len() == rounds).await;
        let [client] = spans(&self.sink, SpanKind::Client, method)
            .try_into()
            .unwrap();
        for server in servers() {
            assert_eq!(server.parent_id(), Some(client.span_id()), "{method}");
        }
        (client, servers())
    }
}

fn id(span: &SpanRecord) -> String {
    let call = span.operation.as_mcp().unwrap();
    call.request_id.as_ref().unwrap().to_string()
}

#[tokio::test]
async fn three_rounds_are_one_span_with_an_event_for_each_question() {
    for mode in [Mode::ModernJson, Mode::ModernSse] {
        let pair = Pair::new(mode).await;
        let result = agent_span("agent")
            .with_sink(pair.sink.clone())
            .run(pair.tools().call_tool(CallToolRequestParams::new("book")))
            .await;
        assert_eq!(support::text(&result.unwrap()), "done");

        let (client, servers) = pair.call(&Method::ToolsCall, 3).await;
        assert_eq!(
            (client.end, client.outcome.is_error()),
            (End::Complete, false)
        );
        let agent = spans_of_agent(&pair.sink);
        assert_eq!(client.parent_id(), Some(agent.span_id()));

        // Who was asked in which round, and how much.
        let asked: Vec<_> = client
            .events()
            .iter()
            .map(|event| {
                assert_eq!(event.name, "mcp_trace.input_required");
                let of = |key| event.attributes.iter().find(|a| a.key == key);
                let of = |key| of(key).unwrap().value.clone();
                let id = match of("jsonrpc.request.id") {
                    Value::Text(id) => id.to_string(),
                    other => panic!("{other:?}"),
                };
                (of("mcp_trace.round"), of("mcp_trace.input_requests"), id)
            })
            .collect();
        let numbers: Vec<_> = asked
            .iter()
            .map(|(n, m, _)| (n.clone(), m.clone()))
            .collect();
        assert_eq!(
            numbers,
            [
                (Value::Int(1), Value::Int(2)),
                (Value::Int(2), Value::Int(0))
            ]
        );
        // Three ids, one for each round; the last one is that of the span.
        let mut ids: HashSet<_> = asked.into_iter().map(|(_, _, id)| id).collect();
        assert!(ids.insert(id(&client)));
        assert_eq!(ids, servers.iter().map(id).collect());

        // The user's answers are below the call as well.
        let elicited = spans(&pair.sink, SpanKind::Server, &Method::ElicitationCreate);
        assert_eq!(elicited.len(), 2);
        for span in elicited {
            assert_eq!(span.parent_id(), Some(client.span_id()));
        }
        let network = &client.operation.as_mcp().unwrap().network;
        assert!(
            network.peer.is_some(),
            "the HTTP client has completed the span"
        );
    }
}

fn spans_of_agent(sink: &MemorySink) -> SpanRecord {
    let mut all = sink.spans().into_iter();
    all.find(|span| span.kind == SpanKind::Internal).unwrap()
}

#[tokio::test]
async fn prompts_and_resources_take_rounds_as_well() {
    let pair = Pair::new(Mode::ModernJson).await;
    let prompt = GetPromptRequestParams::new("plan");
    pair.tools().get_prompt(prompt).await.unwrap();
    let (client, _) = pair.call(&Method::PromptsGet, 3).await;
    assert_eq!(
        (client.events().len(), client.name().as_ref()),
        (2, "prompts/get plan")
    );

    let resource = ReadResourceRequestParams::new("file:///x");
    pair.tools().read_resource(resource).await.unwrap();
    let (client, _) = pair.call(&Method::ResourcesRead, 3).await;
    assert_eq!(client.events().len(), 2);
    assert!(client.attributes().is_empty(), "not from a cache");
}

#[tokio::test]
async fn the_end_of_the_rounds_is_that_of_the_call() {
    let pair = Pair::new(Mode::ModernJson).await;
    let failed = pair
        .tools()
        .call_tool(CallToolRequestParams::new("fail"))
        .await;
    assert_eq!(failed.unwrap().is_error, Some(true));
    let (client, _) = pair.call(&Method::ToolsCall, 3).await;
    assert_eq!(client.outcome.error_type.unwrap(), "tool_error");

    let _ = pair.sink.take();
    let params = CallToolRequestParams::new("endless");
    let bare = pair
        .client
        .call_tool_with_mrtr_max_rounds(params.clone(), 2)
        .await;
    until("the bare call", || pair.sink.len() == 2).await;
    let _ = pair.sink.take();
    let error = pair.tools().call_tool_with_mrtr_max_rounds(params, 2).await;
    assert_eq!(format!("{error:?}"), format!("{bare:?}"));
    assert!(matches!(
        error,
        Err(ServiceError::InputRequiredRoundsExceeded { max_rounds: 2 })
    ));
    let (client, _) = pair.call(&Method::ToolsCall, 2).await;
    assert_eq!(
        client.outcome.error_type.unwrap(),
        "input_required_rounds_exceeded"
    );
}

#[tokio::test]
async fn a_call_that_is_dropped_between_rounds_is_cancelled() {
    let pair = Pair::new(Mode::ModernJson).await;
    let root = TraceContext::new_root();
    let tools = wrap_mcp(pair.client.peer().clone())
        .with_sink(pair.sink.clone())
        .under(root.clone())
        .with_handler(&pair.client);
    let call = tools.call_tool(CallToolRequestParams::new("endless"));
    let patience = std::time::Duration::from_millis(30);
    tokio::time::timeout(patience, call).await.unwrap_err();
    let [client] = spans(&pair.sink, SpanKind::Client, &Method::ToolsCall)
        .try_into()
        .unwrap();
    assert_eq!(client.end, End::Cancelled);
    assert_eq!(client.parent_id(), Some(root.span_id()));
}
