//! An HTTP client for exporters, over stacks of Tower layers.

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_client_layer::McpClientTraceLayer;
use mcp_trace::MemorySink;
use mcp_trace_opentelemetry::{OtelBridge, TowerHttpClient};
use opentelemetry_http::HttpClient;
use tower::{Layer, ServiceBuilder};

async fn receiver() -> String {
    let export = |headers: HeaderMap, body: Bytes| async move {
        assert!(!headers.contains_key("traceparent"));
        let token = headers.get("authorization").cloned();
        (
            StatusCode::TOO_MANY_REQUESTS,
            format!("{token:?} {}", body.len()),
        )
    };
    let huge = || async { vec![0_u8; 4 * 1024 * 1024 + 1] };
    let router = Router::new()
        .route("/v1/traces", post(export))
        .route("/huge", post(huge));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[tokio::test]
async fn through_a_stack_that_authenticates_and_traces() {
    let _bridge = OtelBridge::new().context_only().install().unwrap();
    let url = receiver().await;
    let sink = Arc::new(MemorySink::default());
    let stack = ServiceBuilder::new()
        .map_request(|mut request: Request<Full<Bytes>>| {
            request
                .headers_mut()
                .insert("authorization", "secret".parse().unwrap());
            request
        })
        .layer(McpClientTraceLayer::new().with_sink(sink.clone()))
        .service(Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>());
    let client = TowerHttpClient::new(stack);
    let request = |path: &str| {
        Request::post(format!("{url}{path}"))
            .body(Bytes::from_static(b"spans"))
            .unwrap()
    };
    let answer: Response<Bytes> = client.send_bytes(request("/v1/traces")).await.unwrap();
    assert_eq!(
        answer.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "not an error"
    );
    assert_eq!(answer.body(), "Some(\"secret\") 5");
    assert!(sink.is_empty(), "no spans about exporting spans");

    assert!(client.send_bytes(request("/huge")).await.is_err());
    let nobody = TowerHttpClient::<_, Full<Bytes>>::new(
        McpClientTraceLayer::new()
            .layer(Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>()),
    );
    let request = Request::post("http://127.0.0.1:1/")
        .body(Bytes::new())
        .unwrap();
    assert!(nobody.send_bytes(request).await.is_err());
}
