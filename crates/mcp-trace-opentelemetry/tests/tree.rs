//! One tree, from an agent to an instrumented function inside a tool and on to its own calls, in
//! every HTTP mode of rmcp, with the application's own `tracing` and OpenTelemetry.

#[path = "../../mcp-trace-rmcp/tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::sync::OnceLock;

use axum::Router;
use mcp_client_layer::McpClientTraceLayer;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::agent_span;
use mcp_trace_opentelemetry::BridgeGuard;
use mcp_trace_rmcp::{TracedHandler, TracedHttpClient, wrap_mcp};
use opentelemetry::trace::{SpanKind, TracerProvider};
use opentelemetry::{SpanId, TraceId, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;
use support::{Mode, connect, serve, text, until};
use tower::{Layer, Service, ServiceExt};
use tracing::Instrument;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

/// An application as there are many: set up once, with rmcp's own spans at INFO.
fn application() -> &'static InMemorySpanExporter {
    static APPLICATION: OnceLock<(InMemorySpanExporter, BridgeGuard)> = OnceLock::new();
    let (exporter, _) = APPLICATION.get_or_init(|| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .with_resource(Resource::builder_empty().build())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("application"));
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        global::set_tracer_provider(provider);
        let bridge = mcp_trace_opentelemetry::install().unwrap();
        (exporter, bridge)
    });
    exporter
}

/// A tool server whose tool calls another service, inside a function that is instrumented.
#[derive(Clone)]
struct Weather {
    station: String,
}

impl Weather {
    #[tracing::instrument(skip(self))]
    async fn look_up(&self, city: &str) -> String {
        tokio::task::yield_now().await;
        let mut station = McpClientTraceLayer::new().layer(reqwest::Client::new());
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "measure"}});
        let request = reqwest::Client::new()
            .post(&self.station)
            .header("content-type", "application/json")
            .body(message.to_string())
            .build()
            .unwrap();
        let answer = station.ready().await.unwrap().call(request).await.unwrap();
        let temperature = answer.text().await.unwrap();
        format!("{city}: {temperature}")
    }
}

impl ServerHandler for Weather {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Vec::new()))
    }

    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let weather = self.look_up("Vienna").await;
        Ok(CallToolResult::success(vec![ContentBlock::text(weather)]).into())
    }
}

/// Answers with the context that it was sent.
async fn station(headers: http::HeaderMap) -> (http::HeaderMap, String) {
    let parent = headers["traceparent"].to_str().unwrap();
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {"structuredContent": parent}});
    let json = [(
        http::header::CONTENT_TYPE,
        "application/json".parse().unwrap(),
    )];
    (json.into_iter().collect(), answer.to_string())
}

async fn serve_station() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/", axum::routing::post(station));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// The spans of one trace, by id.
struct Tree(HashMap<SpanId, SpanData>);

impl Tree {
    fn of(trace_id: TraceId) -> Self {
        let spans = application().get_finished_spans().unwrap();
        let spans = spans
            .into_iter()
            .filter(|span| span.span_context.trace_id() == trace_id)
            .map(|span| (span.span_context.span_id(), span));
        Self(spans.collect())
    }

    fn only(&self, name: &str, kind: SpanKind) -> Option<&SpanData> {
        let mut found = self
            .0
            .values()
            .filter(|s| s.name == name && s.span_kind == kind);
        let first = found.next();
        assert!(found.next().is_none(), "two spans {name}");
        first
    }

    /// The names from the root down to the span.
    fn path(&self, span: &SpanData) -> Vec<&str> {
        let mut path = Vec::new();
        let mut next = self.0.get(&span.span_context.span_id());
        while let Some(span) = next {
            path.insert(0, &*span.name);
            next = self.0.get(&span.parent_span_id);
        }
        path
    }
}

async fn check(mode: Mode, station: &str) {
    let handler = TracedHandler::new(Weather {
        station: station.to_owned(),
    });
    let server = serve(mode, handler, |router| {
        router.layer(McpServerTraceLayer::new())
    })
    .await;
    let client = connect(mode, &server, TracedHttpClient::new(reqwest::Client::new())).await;
    let tools = wrap_mcp(client.peer().clone());

    let request = tracing::info_span!("request");
    let (trace_id, result) = async {
        let result = agent_span("planner")
            .run(async {
                tools
                    .call_tool(CallToolRequestParams::new("get_weather"))
                    .await
                    .unwrap()
            })
            .await;
        (mcp_trace::current().unwrap().trace_id(), result)
    }
    .instrument(request)
    .await;
    let trace_id = TraceId::from_bytes(trace_id.to_bytes());

    let names = [
        "tools/call get_weather",
        "tools/call measure",
        "look_up",
        "invoke_agent planner",
    ];
    until("all spans have ended", || {
        let tree = Tree::of(trace_id);
        tree.only(names[0], SpanKind::Server).is_some()
            && tree.only("request", SpanKind::Internal).is_some()
    })
    .await;
    let tree = Tree::of(trace_id);
    let call = tree.only("tools/call measure", SpanKind::Client).unwrap();
    let path = [
        "request",
        "invoke_agent planner",
        "tools/call get_weather",
        "tools/call get_weather",
        "look_up",
        "tools/call measure",
    ];
    assert_eq!(tree.path(call), path, "{mode:?}");
    let server = tree
        .only("tools/call get_weather", SpanKind::Server)
        .unwrap();
    let client = tree
        .only("tools/call get_weather", SpanKind::Client)
        .unwrap();
    assert_eq!(
        server.parent_span_id,
        client.span_context.span_id(),
        "{mode:?}"
    );
    assert!(
        server.parent_span_is_remote && !client.parent_span_is_remote,
        "{mode:?}"
    );
    assert_eq!(server.instrumentation_scope.name(), "mcp-trace");
    // What the station received is the innermost call.
    let sent = format!("{}-{}", trace_id, call.span_context.span_id());
    assert!(
        text(&result).contains(&sent),
        "{mode:?}: {} in {}",
        sent,
        text(&result)
    );
    // rmcp's own spans may be there, and hang somewhere in the tree.
    for span in tree.0.values() {
        assert_eq!(
            tree.path(span)[0],
            "request",
            "{mode:?}: {} is an orphan",
            span.name
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_agent_to_a_call_inside_an_instrumented_function() {
    application();
    let station = serve_station().await;
    for mode in Mode::ALL {
        check(mode, &station).await;
    }
    // rmcp was heard.
    let spans = application().get_finished_spans().unwrap();
    assert!(spans.iter().any(|span| span.name == "serve_inner"));
}

#[tokio::test]
async fn on_one_thread() {
    application();
    let station = serve_station().await;
    for mode in Mode::ALL {
        check(mode, &station).await;
    }
}

/// Over a pipe there is no layer: the handler's own span is what the tools run in.
#[tokio::test]
async fn over_a_pipe() {
    application();
    let handler = TracedHandler::new(Weather {
        station: serve_station().await,
    });
    let (client, _server) = support::duplex(handler).await;
    let tools = wrap_mcp(client.peer().clone());
    let call = async {
        tools
            .call_tool(CallToolRequestParams::new("get_weather"))
            .await
            .unwrap();
        mcp_trace::current().unwrap().trace_id()
    };
    let trace_id = agent_span("piper").run(call).await;
    let tree = Tree::of(TraceId::from_bytes(trace_id.to_bytes()));
    let path = tree.path(tree.only("tools/call measure", SpanKind::Client).unwrap());
    let call = "tools/call get_weather";
    assert_eq!(
        path,
        [
            "invoke_agent piper",
            call,
            call,
            "look_up",
            "tools/call measure"
        ]
    );
}
