//! An agent and a tool server that push what they do to the viewer, as two programs would.

use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use http::Request;
use mcp_client_layer::McpClientTraceLayer;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{agent_span, set_llm};
use mcp_trace_exporter::{Guard, configure};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

/// One call of `get_weather` by `weather_agent`: a trace of three levels.
pub(crate) async fn ask_for_the_weather(viewer: &str, city: &str) {
    let pushed_by = |service: &str| {
        configure()
            .service(service)
            .push_url(viewer)
            .build()
            .unwrap()
    };
    let (agent, server) = (pushed_by("my-agent"), pushed_by("tool-server"));

    let tools = McpServerTraceLayer::new().with_sink(server.sink().unwrap());
    let tools = Router::new().route("/mcp", post(get_weather)).layer(tools);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let serving = tokio::spawn(axum::serve(listener, tools).into_future());

    let client = McpClientTraceLayer::new()
        .with_sink(agent.sink().unwrap())
        .layer(reqwest::Client::new());
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "get_weather", "arguments": {"city": city}}});
    let call = Request::post(url)
        .header("content-type", "application/json")
        .body(reqwest::Body::from(call.to_string()))
        .unwrap();
    let work = async {
        set_llm("openai", "gpt-4o");
        let answer = client.oneshot(call.try_into().unwrap()).await.unwrap();
        answer.bytes().await.unwrap();
    };
    agent_span("weather_agent")
        .with_sink(agent.sink().unwrap())
        .run(work)
        .await;

    serving.abort();
    for guard in [agent, server] {
        deliver(guard).await;
    }
}

async fn deliver(spans: Guard) {
    let report = spans.shutdown(Duration::from_secs(5)).await;
    for destination in &report.stats.destinations {
        assert_eq!(
            destination.exported, destination.recorded,
            "{destination:?}"
        );
    }
}

async fn get_weather(Json(call): Json<Value>) -> Json<Value> {
    let city = call["params"]["arguments"]["city"].as_str();
    let known = city != Some("Atlantis");
    let text = if known {
        "18 °C, light rain"
    } else {
        "no such city"
    };
    Json(json!({"jsonrpc": "2.0", "id": call["id"], "result":
        {"content": [{"type": "text", "text": text}], "isError": !known}}))
}
