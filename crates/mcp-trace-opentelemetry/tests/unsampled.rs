//! A sampler of the SDK may record what the caller did not: such spans are described like others.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use mcp_client_layer::McpClientTraceLayer;
use mcp_layer::McpServerTraceLayer;
use mcp_trace_opentelemetry::TracerSink;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider};
use tower::{Layer, Service, ServiceExt, service_fn};

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"weather","arguments":{}}}"#;

fn request() -> Request<Full<Bytes>> {
    Request::post("http://localhost/mcp")
        .header("content-type", "application/json")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "weather")
        .header(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        )
        .body(Full::new(Bytes::from_static(CALL.as_bytes())))
        .unwrap()
}

async fn answer<B: Body>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert!(request.into_body().collect().await.is_ok());
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false}}"#;
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::new(Bytes::from(answer))).unwrap())
}

/// The name of the span that one call makes, where the SDK samples everything.
async fn name<S, B>(make: impl FnOnce(Arc<TracerSink>) -> S) -> String
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .with_sampler(Sampler::AlwaysOn)
        .build();
    let sink = Arc::new(TracerSink::new(provider.tracer("tests")));
    let response = make(sink).oneshot(request()).await.unwrap();
    assert!(response.into_body().collect().await.is_ok());
    let mut spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans.len(), 1);
    spans.remove(0).name.into_owned()
}

#[tokio::test]
async fn a_server_describes_what_only_the_sampler_records() {
    let layer = |sink| McpServerTraceLayer::new().with_sink(sink);
    let message = name(|sink| layer(sink).layer(service_fn(answer))).await;
    assert_eq!(message, "tools/call weather");
    let headers = name(|sink| layer(sink).headers_only().layer(service_fn(answer))).await;
    assert_eq!(headers, "tools/call weather");
}

#[tokio::test]
async fn a_client_describes_what_only_the_sampler_records() {
    let layer = |sink| McpClientTraceLayer::new().with_sink(sink);
    let found = name(|sink| layer(sink).layer(service_fn(answer))).await;
    assert_eq!(found, "tools/call weather");
}
