//! A tool server that anybody may call, browsers included: what callers send decides nothing that
//! costs the operator.
//!
//! ```sh
//! cargo run --example public_server
//! ```
//!
//! It calls itself as a stranger would, and shows the spans.
//!
//! - [`Trust::RestartAndLink`]: a stranger's trace is linked and not continued; a partner's, who
//!   shows a key, is continued, with at most ten sampled requests a second.
//! - Tools that do not exist are `_OTHER`, and `ping` has no span.
//! - Baggage is not accepted, which is the default.
//! - Bodies are limited inside of the layer, CORS is outside.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use http::{HeaderName, Method, StatusCode, header};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, SpanRecord, Trust, set_default_sink};
use mcp_trace_examples::list_spans;
use mcp_trace_rmcp::TracedHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{tool, tool_router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::cors::{Any, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;

/// The context of somebody else's trace.
const STRANGERS: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The largest message, in bytes.
const LARGEST: usize = 256 * 1024;

#[derive(Clone)]
struct Tools;

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "The weather, which is always good")]
    async fn get_weather(&self) -> String {
        "22 °C and sunny".to_owned()
    }
}

fn app() -> Router {
    let mut config = StreamableHttpServerConfig::default();
    config.legacy_session_mode = false;
    config.json_response = true;
    let tools = TracedHandler::new(Tools);
    let mcp = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::<LocalSessionManager>::default(),
        config,
    );
    // The last one is the outermost.
    Router::new()
        .nest_service("/mcp", mcp)
        .layer(RequestBodyLimitLayer::new(LARGEST))
        .layer(tracing())
        .layer(browsers())
}

fn tracing() -> McpServerTraceLayer {
    McpServerTraceLayer::new()
        .trust_with(|head| match head.headers.get("x-partner-key") {
            // An authenticating layer further out would leave an extension instead.
            Some(key) if key == "a secret" => Trust::Continue,
            _ => Trust::RestartAndLink,
        })
        .sampled_per_second(10)
        .known_tools(["get_weather"])
        .spans_for(|method| *method != mcp_trace::Method::Ping)
        .client_address(|head| {
            head.extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|info| info.0)
        })
}

/// What a page of another origin may send, and may read of the answer.
fn browsers() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            HeaderName::from_static("mcp-protocol-version"),
            HeaderName::from_static("mcp-session-id"),
            HeaderName::from_static("mcp-method"),
            HeaderName::from_static("mcp-name"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
        ])
        .expose_headers([HeaderName::from_static("mcp-session-id")])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    let service = app().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let http = reqwest::Client::new();
    let call = |message: &Value, key: &str| {
        http.post(&url)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .header("traceparent", STRANGERS)
            .header("x-partner-key", key)
            .json(message)
            .send()
    };
    for (caller, key, tool) in [
        ("a stranger", "none", "get_weather"),
        ("a partner", "a secret", "get_weather"),
        (
            "a stranger with a tool of its own",
            "none",
            "x".repeat(40).as_str(),
        ),
    ] {
        let message =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool}});
        call(&message, key).await?.bytes().await?;
        let spans = spans.take();
        println!("{caller}:");
        print!("{}", list_spans(&spans));
        for link in spans.iter().flat_map(SpanRecord::links) {
            println!("  linked to trace {}", link.trace_id());
        }
    }

    call(
        &json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}),
        "none",
    )
    .await?;
    println!("a ping: {} spans", spans.take().len());

    let large = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call",
        "params": {"name": "get_weather", "arguments": {"city": "x".repeat(LARGEST)}}});
    let refused = call(&large, "none").await?.status();
    println!("a large message: {refused}");

    let preflight = http
        .request(Method::OPTIONS, &url)
        .header(header::ORIGIN, "https://page.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            "traceparent,mcp-protocol-version",
        );
    let allowed = preflight.send().await?;
    println!(
        "a page may send: {:?}",
        allowed.headers().get("access-control-allow-headers")
    );
    if refused != StatusCode::PAYLOAD_TOO_LARGE {
        return Err("the limit does not hold".into());
    }
    Ok(())
}
