//! The service under test of the W3C trace-context suite, made of OpenTelemetry's API and SDK with
//! [`W3cPropagator`]; no layer of ours is in it.
//!
//! ```sh
//! W3C_SERVICE=w3c_opentelemetry interop/w3c.sh PATH_TO_SUITE
//! ```
//!
//! With the argument `--stock` it uses the SDK's own propagator instead, to compare.

use std::error::Error;
use std::net::SocketAddr;

use axum::extract::Json;
use axum::routing::post;
use axum::{Router, http};
use http::{HeaderMap, StatusCode};
use mcp_trace_opentelemetry::W3cPropagator;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, global};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let listen: SocketAddr = match arguments.iter().position(|argument| argument == "--listen") {
        Some(at) => arguments
            .get(at + 1)
            .ok_or("--listen needs an address")?
            .parse()?,
        None => ([127, 0, 0, 1], 5103).into(),
    };
    if arguments.iter().any(|argument| argument == "--stock") {
        global::set_text_map_propagator(TraceContextPropagator::new());
    } else {
        global::set_text_map_propagator(W3cPropagator::new());
    }
    global::set_tracer_provider(SdkTracerProvider::builder().build());

    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("listening on http://{}/test", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/test", post(call_all))).await?;
    Ok(())
}

/// [The suite](https://github.com/w3c/trace-context/tree/main/test) posts a JSON array of
/// `{"url": .., "arguments": ..}`; each `arguments` is posted to its `url`.
async fn call_all(headers: HeaderMap, Json(calls): Json<Vec<Value>>) -> StatusCode {
    let above = global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(&headers)));
    let tracer = global::tracer_provider().tracer("w3c_opentelemetry");
    let start = |name, kind, above: &Context| {
        let builder = tracer.span_builder(name).with_kind(kind);
        above.with_span(tracer.build_with_context(builder, above))
    };
    let server = start("POST /test", SpanKind::Server, &above);
    let http = reqwest::Client::new();
    for call in calls {
        let Some(url) = call["url"].as_str() else {
            return StatusCode::BAD_REQUEST;
        };
        let client = start("POST", SpanKind::Client, &server);
        let mut headers = HeaderMap::new();
        global::get_text_map_propagator(|it| {
            it.inject_context(&client, &mut HeaderInjector(&mut headers));
        });
        let request = http
            .post(url)
            .headers(headers)
            .body(call["arguments"].to_string());
        if request.send().await.is_err() {
            return StatusCode::BAD_GATEWAY;
        }
        client.span().end();
    }
    StatusCode::OK
}
