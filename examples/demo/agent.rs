//! The agent: it calls tools in every way that a program may have at hand.
//!
//! | how                              | who writes the context                     | where to            |
//! |----------------------------------|--------------------------------------------|---------------------|
//! | rmcp's client                    | `wrap_mcp`, `TracedHttpClient`             | `_meta` and header  |
//! | reqwest                          | `McpClientTraceLayer`                      | `_meta` and header  |
//! | any HTTP client, by hand         | `traceparent_headers`                      | header              |
//! | any JSON-RPC library, by hand    | `inject_into`                              | `_meta`             |

use std::time::Duration;

use futures_util::future::join_all;
use mcp_client_layer::McpClientTraceLayer;
use mcp_trace::{TraceId, agent_span, set_llm, traceparent_headers};
use mcp_trace_rmcp::{TracedHttpClient, inject_into, wrap_mcp};
use reqwest::Client;
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tower::{ServiceBuilder, ServiceExt as _};

use crate::Failure;
use crate::message::{Call, city, text};
use crate::plan::{BY_HEADER, BY_META, FIRST_LLM, Link, SECOND_LLM};

/// One run of the agent, which is one trace: its id.
pub(crate) async fn run(url: &str, broken: Option<Link>) -> Result<Option<TraceId>, Failure> {
    let run = async {
        ask(FIRST_LLM, "How is it in Tokyo, Oslo, Lima and Atlantis?").await;
        with_rmcp(url).await?;
        ask(SECOND_LLM, "And tomorrow?").await;
        with_reqwest(url).await?;
        by_hand(url, broken).await?;
        Ok(mcp_trace::current().map(|here| here.trace_id()))
    };
    agent_span("weather_agent").run(run).await
}

/// In place of a real model. What matters: the tool calls that follow carry its name.
async fn ask([provider, model]: [&str; 2], question: &str) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    set_llm(provider, model);
    println!("  {provider:<16} {model:<18} {question}");
}

async fn with_rmcp(url: &str) -> Result<(), Failure> {
    // rmcp makes the handshake by itself. These headers put it below the agent; on the calls,
    // `TracedHttpClient` replaces them by each call's own.
    let handshake = traceparent_headers()
        .into_iter()
        .filter_map(|(name, value)| Some((name?, value)))
        .collect();
    let config = StreamableHttpClientTransportConfig::with_uri(url).custom_headers(handshake);
    let http = TracedHttpClient::new(Client::new());
    let client = ().serve(StreamableHttpClientTransport::with_client(http, config)).await?;

    let tools = wrap_mcp(client.peer().clone());
    let get_weather = |name| {
        let call = CallToolRequestParams::new("get_weather").with_arguments(city(name));
        tools.call_tool(call)
    };
    for answer in join_all(["Tokyo", "Oslo", "Lima"].map(get_weather)).await {
        say("rmcp", "get_weather", &answer?);
    }
    say("rmcp", "get_weather", &get_weather("Atlantis").await?);

    client.cancel().await?;
    Ok(())
}

async fn with_reqwest(url: &str) -> Result<(), Failure> {
    let http = ServiceBuilder::new()
        .layer(McpClientTraceLayer::new())
        .service(Client::new());
    for name in ["Tokyo", "Oslo"] {
        let call = Call::new(name, "get_forecast", city(name));
        let answer = http.clone().oneshot(call.request(url)?).await?;
        say("reqwest", "get_forecast", &Call::result(answer).await?);
    }
    Ok(())
}

async fn by_hand(url: &str, broken: Option<Link>) -> Result<(), Failure> {
    let http = Client::new();

    let mut request = Call::new(BY_HEADER, "whoami", Default::default()).request(url)?;
    if broken != Some(Link::Header) {
        request.headers_mut().extend(traceparent_headers());
    }
    let answer = http.execute(request).await?;
    say("by hand, header", "whoami", &Call::result(answer).await?);

    let mut call = Call::new(BY_META, "whoami", Default::default());
    if broken != Some(Link::Meta) {
        inject_into(&mut call.meta);
    }
    let answer = http.execute(call.request(url)?).await?;
    say("by hand, _meta", "whoami", &Call::result(answer).await?);
    Ok(())
}

fn say(how: &str, tool: &str, answer: &CallToolResult) {
    println!("  {how:<16} {tool:<18} {}", text(answer));
}
