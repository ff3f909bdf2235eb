//! What users of reqwest rely on survives the layer.

mod support;

use std::time::Duration;

use futures_util::StreamExt;
use mcp_client_layer::{AlreadyTraced, McpClientTrace};
use mcp_trace::TraceContext;
use reqwest::Response;
use support::{Server, call, only_span, traced};
use tower::{Layer, ServiceExt};

fn request(url: String) -> reqwest::Request {
    reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .body(call(1, "greet"))
        .build()
        .unwrap()
}

/// The answers to the same request: without the layer, behind it, and behind the middleware.
async fn three(client: reqwest::Client, url: &str) -> [Response; 3] {
    let (layer, _sink) = traced();
    let plain = client.execute(request(url.into())).await.unwrap();
    let behind = layer
        .layer(client.clone())
        .oneshot(request(url.into()))
        .await
        .unwrap();
    let middleware = reqwest_middleware::ClientBuilder::new(client)
        .with(McpClientTrace::from(layer))
        .build();
    [
        plain,
        behind,
        middleware.execute(request(url.into())).await.unwrap(),
    ]
}

/// Compares what `look` sees.
async fn same<T: PartialEq + std::fmt::Debug>(
    client: &reqwest::Client,
    url: &str,
    look: impl Fn(Response) -> T,
) {
    let [plain, behind, middleware] = three(client.clone(), url).await.map(look);
    assert_eq!(behind, plain);
    assert_eq!(middleware, plain);
}

#[tokio::test]
async fn everything_but_the_body() {
    let (server, client) = (Server::start().await, reqwest::Client::new());
    let url = server.url("/redirect?q=1");
    same(&client, &url, |answer| {
        assert!(
            answer.url().as_str().ends_with("/mcp"),
            "the last stop of a redirect"
        );
        (
            answer.url().clone(),
            answer.status(),
            answer.version(),
            answer.remote_addr(),
            answer.content_length(),
        )
    })
    .await;
    let url = server.url("/mcp");
    same(&client, &url, |mut answer| {
        assert!(answer.remote_addr().is_some());
        assert!(answer.content_length().is_some());
        let (extensions, mut headers) = (
            answer.extensions().len(),
            std::mem::take(answer.headers_mut()),
        );
        assert!(headers.remove("date").is_some());
        (extensions, headers)
    })
    .await;
    same(&client, &server.url("/slow-sse"), |answer| {
        answer.content_length()
    })
    .await;
}

#[tokio::test]
async fn errors_for_a_status_say_the_same() {
    let (server, client) = (Server::start().await, reqwest::Client::new());
    let url = server.url("/status/503");
    same(&client, &url, |answer| {
        let by_ref = answer.error_for_status_ref().unwrap_err().to_string();
        let error = answer.error_for_status().unwrap_err();
        assert!(error.to_string().contains(&url), "{error}");
        (
            by_ref,
            error.to_string(),
            error.status(),
            error.url().cloned(),
        )
    })
    .await;
}

#[tokio::test]
async fn bodies_are_the_same() {
    let (server, client) = (Server::start().await, reqwest::Client::new());
    for path in [
        "/mcp",
        "/slow-sse",
        "/sse-in-pieces",
        "/status/404",
        "/accepted",
    ] {
        let [plain, behind, middleware] = three(client.clone(), &server.url(path)).await;
        let plain = plain.bytes().await.unwrap();
        assert_eq!(behind.bytes().await.unwrap(), plain);
        let chunks: Vec<_> = middleware
            .bytes_stream()
            .map(Result::unwrap)
            .collect()
            .await;
        assert_eq!(chunks.concat(), plain);
    }
}

#[tokio::test]
async fn errors_of_a_body_say_the_same() {
    let server = Server::start().await;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_millis(150))
        .build()
        .unwrap();
    for path in ["/stalled", "/broken"] {
        let mut seen = Vec::new();
        for answer in three(client.clone(), &server.url(path)).await {
            let error = answer.bytes().await.unwrap_err();
            let mut root: &dyn std::error::Error = &error;
            while let Some(source) = root.source() {
                root = source;
            }
            seen.push((
                error.to_string(),
                error.is_timeout(),
                error.is_decode(),
                error.is_body(),
                root.to_string(),
            ));
        }
        assert_eq!(seen[1], seen[0]);
        assert_eq!(seen[2], seen[0]);
    }
}

#[tokio::test]
async fn two_middlewares_make_one_span() {
    let (layer, sink) = traced();
    let server = Server::start().await;
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(McpClientTrace::from(layer.clone()))
        .with(McpClientTrace::from(layer))
        .build();
    client
        .execute(request(server.url("/mcp")))
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let span = only_span(&sink).await;
    assert_eq!(
        server.only().meta_context(),
        Some(span.context.traceparent())
    );
}

#[tokio::test]
async fn the_middleware_knows_what_is_traced_already() {
    let (layer, sink) = traced();
    let server = Server::start().await;
    let context = TraceContext::new_root();
    let traceparent = context.traceparent().to_string();
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{{"traceparent":"{traceparent}"}}}}}}"#
    );
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(McpClientTrace::from(layer))
        .build();
    let request = client
        .post(server.url("/mcp"))
        .header("content-type", "application/json")
        .body(body.clone());
    request
        .with_extension(AlreadyTraced::by(&context))
        .send()
        .await
        .unwrap();
    let sent = server.only();
    assert_eq!(
        (sent.header("traceparent"), &sent.body[..]),
        (Some(traceparent.as_str()), body.as_bytes())
    );
    assert!(sink.is_empty());
}

#[tokio::test]
async fn a_body_that_is_a_stream_is_left_alone() {
    let (layer, sink) = traced();
    let server = Server::start().await;
    let mut request = request(server.url("/mcp"));
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(call(1, "greet"))]);
    *request.body_mut() = Some(reqwest::Body::wrap_stream(chunks));
    layer
        .layer(reqwest::Client::new())
        .oneshot(request)
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let span = only_span(&sink).await;
    let sent = server.only();
    assert_eq!(
        (span.name().as_ref(), sent.header_context()),
        ("POST", Some(span.context.traceparent()))
    );
    assert_eq!(sent.body, call(1, "greet"));
}
