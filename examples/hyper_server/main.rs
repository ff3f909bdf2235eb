//! An MCP server of hyper alone, without a framework: HTTP/1.1 and HTTP/2 on one port, traced.
//!
//! ```sh
//! cargo run --example hyper_server
//! ```
//!
//! It calls itself over both, and shows the spans.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use mcp_client_layer::McpClientTraceLayer;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, agent_span, set_default_sink};
use mcp_trace_examples::{list_spans, weather_call};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = Arc::new(MemorySink::default());
    let _default = set_default_sink(spans.clone())?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    tokio::spawn(serve(listener));

    for only_http2 in [false, true] {
        let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        let client = builder.http2_only(only_http2).build_http::<Full<Bytes>>();
        let client = McpClientTraceLayer::new().layer(client);
        let request = Request::post(&url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(weather_call().to_string()))?;
        let call = async {
            let answer = client.oneshot(request).await?;
            println!("{:?}", answer.version());
            Ok::<_, Box<dyn Error>>(answer.into_body().collect().await?.to_bytes())
        };
        let answer = agent_span("weather_agent").run(call).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        println!("{}", answer["result"]["content"][0]["text"]);
        print!("{}", list_spans(&spans.take()));
    }
    Ok(())
}

async fn serve(listener: TcpListener) {
    let service = McpServerTraceLayer::new().layer(service_fn(answer));
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = auto::Builder::new(TokioExecutor::new());
            // A connection that breaks is its client's loss.
            let _ = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The body is one that is read along; any `Body` that the service would take without the layer.
async fn answer<B: Body>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    let message = match request.into_body().collect().await {
        Ok(body) => serde_json::from_slice::<Value>(&body.to_bytes()).ok(),
        Err(_) => None,
    };
    match message {
        Some(message) => {
            let answer = json!({
                "jsonrpc": "2.0",
                "id": message["id"],
                "result": { "content": [{ "type": "text", "text": "22 °C and sunny" }] },
            });
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            *response.body_mut() = Full::from(answer.to_string());
        }
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    Ok(response)
}
