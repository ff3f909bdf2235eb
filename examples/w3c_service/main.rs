//! The service under test of the W3C trace-context suite, made of the two layers.
//!
//! ```sh
//! cargo run --example w3c_service -- --listen 127.0.0.1:5103
//! ```
//!
//! [The suite](https://github.com/w3c/trace-context/tree/main/test) posts a JSON array of
//! `{"url": .., "arguments": ..}`; the service posts each `arguments` to its `url` and answers
//! when all have been sent. Which trace they belong to is the layers' business alone.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use http::StatusCode;
use mcp_client_layer::{McpClientTrace, McpClientTraceLayer};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{DiscardSink, set_default_sink};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

/// The service under test of the W3C trace-context suite.
#[derive(Parser)]
#[command(name = "w3c_service")]
struct Options {
    /// Where to listen; port 0 is any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5103")]
    listen: SocketAddr,
}

/// A request to make.
#[derive(Deserialize)]
struct Call {
    url: String,
    arguments: Value,
}

type Client = McpClientTrace<reqwest::Client>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    // Without a sink a context is passed on as it came, without spans of our own.
    let _spans = set_default_sink(Arc::new(DiscardSink::default()))?;

    let client = McpClientTraceLayer::new().layer(reqwest::Client::new());
    let app = Router::new()
        .route("/test", post(call_all))
        .with_state(client)
        .layer(McpServerTraceLayer::new());

    let listener = TcpListener::bind(options.listen).await?;
    println!("listening on http://{}/test", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn call_all(State(client): State<Client>, Json(calls): Json<Vec<Call>>) -> StatusCode {
    for Call { url, arguments } in calls {
        let Ok(request) = client.get_ref().post(url).json(&arguments).build() else {
            return StatusCode::BAD_REQUEST;
        };
        if client.clone().oneshot(request).await.is_err() {
            return StatusCode::BAD_GATEWAY;
        }
    }
    StatusCode::OK
}
