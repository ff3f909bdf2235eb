//! A real rmcp tool server in each of its five HTTP modes, and clients for it.
#![allow(dead_code, unreachable_pub)] // each test file uses a part

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use mcp_trace::{MemorySink, Method, SpanKind, SpanRecord, TraceContext, TraceParent};
use mcp_trace_rmcp::ContextExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
    ListToolsResult, PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
    Tool,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{
    ClientLifecycleMode, ClientServiceExt, ErrorData, RoleClient, RoleServer, ServerHandler,
    ServiceExt,
};
use serde_json::{Value, json};

/// What rmcp's streamable HTTP server can be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    StatefulLegacy,
    StatelessSse,
    StatelessJson,
    ModernSse,
    ModernJson,
}

impl Mode {
    pub const ALL: [Self; 5] = [
        Self::StatefulLegacy,
        Self::StatelessSse,
        Self::StatelessJson,
        Self::ModernSse,
        Self::ModernJson,
    ];

    pub fn is_modern(self) -> bool {
        matches!(self, Self::ModernSse | Self::ModernJson)
    }

    pub fn version(self) -> &'static str {
        if self.is_modern() {
            "2026-07-28"
        } else {
            "2025-11-25"
        }
    }

    fn config(self) -> StreamableHttpServerConfig {
        StreamableHttpServerConfig::default()
            .with_legacy_session_mode(self == Self::StatefulLegacy)
            .with_json_response(matches!(self, Self::StatelessJson | Self::ModernJson))
    }

    fn lifecycle(self) -> ClientLifecycleMode {
        if self.is_modern() {
            ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            }
        } else {
            ClientLifecycleMode::Initialize
        }
    }
}

/// The tools: `get_weather(city)`, `fail()`, `slow(ms)`, `whoami()`, `panic()`.
#[derive(Clone, Debug, Default)]
pub struct Tools;

impl Tools {
    async fn call(
        name: &str,
        arguments: &JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResult {
        match name {
            "get_weather" => {
                let city = arguments
                    .get("city")
                    .and_then(Value::as_str)
                    .unwrap_or("nowhere");
                CallToolResult::success(vec![ContentBlock::text(format!("22 °C in {city}"))])
            }
            "fail" => CallToolResult::error(vec![ContentBlock::text("no such station")]),
            "slow" => {
                let ms = arguments.get("ms").and_then(Value::as_u64).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                whoami(context)
            }
            "panic" => panic!("a tool that panics"),
            _ => whoami(context),
        }
    }
}

/// What a handler sees: `current()`, and the context's own span.
fn whoami(context: &RequestContext<RoleServer>) -> CallToolResult {
    let ids = |context: Option<TraceContext>| {
        context.map(|context| json!({"trace": context.trace_id().to_string(), "span": context.span_id().to_string()}))
    };
    let seen = json!({"current": ids(mcp_trace::current()), "context": ids(context.span().context().cloned())});
    CallToolResult::success(vec![ContentBlock::text(seen.to_string())])
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = ["get_weather", "fail", "slow", "whoami", "panic"].map(|name| {
            Tool::new(
                name,
                name,
                Arc::new(JsonObject::from_iter([("type".into(), "object".into())])),
            )
        });
        Ok(ListToolsResult::with_all_items(tools.into()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "refuse" {
            return Err(ErrorData::internal_error("out of order", None));
        }
        Ok(Self::call(
            &request.name,
            &request.arguments.unwrap_or_default(),
            &context,
        )
        .await
        .into())
    }
}

/// A served router; it stops with the value.
pub struct Server {
    pub url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves `handler` in `mode`; `wrap` may put layers around the router.
pub async fn serve<H>(mode: Mode, handler: H, wrap: impl FnOnce(Router) -> Router) -> Server
where
    H: ServerHandler + Clone,
{
    let service: StreamableHttpService<H, LocalSessionManager> =
        StreamableHttpService::new(move || Ok(handler.clone()), Arc::default(), mode.config());
    let router = wrap(Router::new().nest_service("/mcp", service));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { url, task }
}

/// An rmcp client of the server, over any HTTP client.
pub async fn connect<C>(mode: Mode, server: &Server, http: C) -> RunningService<RoleClient, ()>
where
    C: StreamableHttpClient + Sync,
{
    let config = StreamableHttpClientTransportConfig::with_uri(server.url.as_str());
    let transport = StreamableHttpClientTransport::with_client(http, config);
    ().serve_with_lifecycle(transport, mode.lifecycle())
        .await
        .unwrap()
}

/// An rmcp client and server that are connected by a pair of pipes.
pub async fn duplex<H: ServerHandler>(
    handler: H,
) -> (
    RunningService<RoleClient, ()>,
    RunningService<RoleServer, H>,
) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let server = tokio::spawn(handler.serve(far));
    let client = ().serve(near).await.unwrap();
    (client, server.await.unwrap().unwrap())
}

/// A hand-made client, which puts what it likes into headers and `_meta`.
pub struct Raw {
    mode: Mode,
    url: String,
    http: reqwest::Client,
    session: Option<String>,
}

impl Raw {
    pub async fn connect(mode: Mode, server: &Server) -> Self {
        let mut raw = Self {
            mode,
            url: server.url.clone(),
            http: reqwest::Client::new(),
            session: None,
        };
        if mode == Mode::StatefulLegacy {
            let params = json!({
                "protocolVersion": mode.version(), "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}
            });
            let initialize =
                json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
            let answer = raw.post(&initialize).send().await.unwrap();
            raw.session = Some(
                answer.headers()["mcp-session-id"]
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
            answer.text().await.unwrap();
            let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            raw.post(&initialized).send().await.unwrap();
        }
        raw
    }

    /// Ends the session, where there is one.
    pub async fn leave(self) {
        if let Some(session) = self.session {
            let delete = self
                .http
                .delete(&self.url)
                .header("mcp-session-id", session);
            delete.send().await.unwrap();
        }
    }

    /// A POST with the headers that every message of the mode has.
    pub fn post(&self, message: &Value) -> reqwest::RequestBuilder {
        let mut post = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(message.to_string());
        if let Some(session) = &self.session {
            post = post.header("mcp-session-id", session);
        }
        if message["method"] != "initialize" {
            post = post.header("mcp-protocol-version", self.mode.version());
        }
        if self.mode.is_modern() {
            post = post.header("mcp-method", message["method"].as_str().unwrap());
            if let Some(name) = message["params"]["name"].as_str() {
                post = post.header("mcp-name", name);
            }
        }
        post
    }

    /// A `tools/call` message; `meta` goes into `_meta`.
    pub fn tool_call(&self, id: u64, tool: &str, arguments: Value, meta: &Value) -> Value {
        let mut all = meta.as_object().cloned().unwrap_or_default();
        if self.mode.is_modern() {
            all.insert(
                "io.modelcontextprotocol/protocolVersion".into(),
                self.mode.version().into(),
            );
            all.insert(
                "io.modelcontextprotocol/clientCapabilities".into(),
                json!({}),
            );
        }
        let params = json!({"name": tool, "arguments": arguments, "_meta": all});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
    }

    /// Calls a tool and gives its answer.
    pub async fn call(
        &self,
        tool: &str,
        arguments: Value,
        headers: &[(&str, &str)],
        meta: &Value,
    ) -> Value {
        let mut post = self.post(&self.tool_call(7, tool, arguments, meta));
        for (name, value) in headers {
            post = post.header(*name, *value);
        }
        let text = post.send().await.unwrap().text().await.unwrap();
        let answer = text
            .lines()
            .filter_map(|line| {
                serde_json::from_str::<Value>(line.strip_prefix("data: ").unwrap_or(line)).ok()
            })
            .find(|message| message["id"] == 7);
        answer.unwrap_or_else(|| panic!("no answer in {text:?}"))
    }
}

/// What `whoami` or `slow` told.
pub fn told(answer: &Value) -> Value {
    serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap()
}

/// The text of a tool's result.
pub fn text(result: &CallToolResult) -> &str {
    result.content[0].as_text().unwrap().text.as_str()
}

pub fn sink() -> Arc<MemorySink> {
    Arc::new(MemorySink::default())
}

pub fn parent(text: &str) -> TraceParent {
    TraceParent::parse(text.as_bytes()).unwrap()
}

/// Waits until a condition holds; spans end beside the answer.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: still not so after 5 s");
}

/// The spans of one kind and method.
pub fn spans(sink: &MemorySink, kind: SpanKind, method: &Method) -> Vec<SpanRecord> {
    let is = |span: &SpanRecord| {
        span.operation
            .as_mcp()
            .is_some_and(|call| call.method == *method)
    };
    sink.spans()
        .into_iter()
        .filter(|span| span.kind == kind && is(span))
        .collect()
}

/// The only SERVER span of `tools/call`, once it has ended.
pub async fn server_span(sink: &MemorySink) -> SpanRecord {
    until("a SERVER span", || {
        !spans(sink, SpanKind::Server, &Method::ToolsCall).is_empty()
    })
    .await;
    let mut spans = spans(sink, SpanKind::Server, &Method::ToolsCall);
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}
