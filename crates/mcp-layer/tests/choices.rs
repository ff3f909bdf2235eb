//! What a program can choose.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::routing::post as on_post;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{ActiveSpan, MemorySink, Method, Operation, SpanRecord, current};
use support::*;
use tower::{Layer, ServiceExt};

fn router() -> Router {
    Router::new().route(
        "/mcp",
        on_post(|_body: String| async { format!("{:?}", current()) }),
    )
}

async fn send(address: SocketAddr, headers: &[&str], body: &str) -> String {
    String::from_utf8(exchange(address, &post(headers, body.as_bytes())).await).unwrap()
}

#[tokio::test]
async fn only_the_wanted_methods_get_spans_and_all_get_context() {
    let (layer, sink) = traced();
    let layer = layer.spans_for(|method| *method == Method::ToolsCall);
    let address = serve(router().layer(layer)).await;
    let ping = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{{"traceparent":"{META}"}}}}}}"#
    );
    assert!(send(address, &[], &ping).await.contains(META));
    send(address, &[], CALL).await;
    assert_eq!(span(&sink).await.name(), "tools/call greet");
}

#[tokio::test]
async fn a_choice_that_panics_ends_the_span_with_an_error() {
    let (layer, sink) = traced();
    let layer = layer.spans_for(|_| panic!("expected by the test"));
    let stats = layer.stats();
    let address = serve(router().layer(layer)).await;
    let headers = [
        "mcp-protocol-version: 2026-07-28",
        "mcp-method: tools/call",
        "mcp-name: greet",
    ];
    send(address, &headers, CALL).await;
    let span = span(&sink).await;
    assert_eq!(span.name(), "tools/call greet");
    assert_eq!(span.outcome.error_type.unwrap(), "panic");
    assert_eq!((stats.requests(), stats.open(), stats.spans()), (1, 0, 1));
}

#[tokio::test]
async fn a_request_shows_no_body() {
    let (layer, _sink) = traced();
    let handler = |request: Request<mcp_layer::RequestBody<Body>>| async move {
        let shown = format!("{request:?}");
        assert!(
            shown.contains("RequestBody { reading: None, .. }"),
            "{shown}"
        );
        Ok::<_, std::convert::Infallible>(axum::response::Response::new(Body::empty()))
    };
    let service = layer.layer(tower::service_fn(handler));
    let request = Request::post("/mcp").body(Body::from("secret")).unwrap();
    service.oneshot(request).await.unwrap();
}

#[tokio::test]
async fn without_spans_the_callers_context_is_passed_on() {
    let (layer, sink) = traced();
    let address = serve(router().layer(layer.without_spans())).await;
    let body = call_with_meta(&format!(r#"{{"traceparent":"{META}"}}"#));
    assert!(
        send(address, &[&format!("traceparent: {HEADER}")], &body)
            .await
            .contains(META)
    );
    assert!(
        send(address, &[&format!("traceparent: {HEADER}")], CALL)
            .await
            .contains(HEADER)
    );
    assert!(sink.is_empty());
}

#[tokio::test]
async fn an_unknown_tool_is_other() {
    let (layer, sink) = traced();
    let address = serve(router().layer(layer.known_tools(["greet"]))).await;
    send(address, &[], CALL).await;
    send(address, &[], &CALL.replace("greet", "rm -rf")).await;
    let names: Vec<_> = spans(&sink, 2)
        .await
        .iter()
        .map(|span| span.name().into_owned())
        .collect();
    assert_eq!(names, ["tools/call greet", "tools/call _OTHER"]);
}

#[tokio::test]
async fn the_clients_address_is_recorded_where_it_is_found() {
    let (layer, sink) = traced();
    let layer = layer.client_address(|head| {
        head.extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router()
        .layer(layer)
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    send(address, &[], CALL).await;
    let span = span(&sink).await;
    let peer = span
        .operation
        .as_mcp()
        .unwrap()
        .network
        .peer
        .clone()
        .unwrap();
    assert_eq!(peer.address, "127.0.0.1");
    assert!(peer.port.is_some());
}

#[tokio::test]
async fn two_layers_make_one_span() {
    let (outer, sink) = traced();
    let inner = McpServerTraceLayer::new().with_sink(sink.clone());
    let address = serve(router().layer(inner).layer(outer)).await;
    send(address, &[], CALL).await;
    span(&sink).await;
}

async fn headers_only(headers: &[(&str, &str)]) -> Vec<SpanRecord> {
    let sink = Arc::new(MemorySink::default());
    // A service that insists on its body's type.
    let inner = tower::service_fn(|request: Request<Body>| async move {
        assert!(request.extensions().get::<Arc<ActiveSpan>>().is_some());
        // Who asks this early must not turn another POST into a message.
        assert!(current().is_some());
        Ok::<_, std::io::Error>(http::Response::new(Body::from(ANSWER)))
    });
    let service = McpServerTraceLayer::new()
        .with_sink(sink.clone())
        .headers_only()
        .layer(inner);
    let mut request = Request::post("/mcp")
        .header("content-type", "application/json")
        .header("traceparent", HEADER);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = call_with_meta(&format!(r#"{{"traceparent":"{META}"}}"#));
    let response = service
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    axum::body::to_bytes(Body::new(response.into_body()), 4096)
        .await
        .unwrap();
    sink.take()
}

#[tokio::test]
async fn headers_only_reads_no_body() {
    let modern = [
        ("mcp-method", "tools/call"),
        ("mcp-name", "greet"),
        ("mcp-protocol-version", "2026-07-28"),
    ];
    let [span] = headers_only(&modern).await.try_into().unwrap();
    assert_eq!(span.name(), "tools/call greet");
    assert_eq!(span.trace_id().to_string(), HEADER[3..35]);
    assert!(span.links().is_empty());

    let encoded = [modern[0], ("mcp-name", "=?base64?w7xiZXI=?=")];
    let [span] = headers_only(&encoded).await.try_into().unwrap();
    assert_eq!(span.name(), "tools/call über");

    let [legacy] = headers_only(&[("mcp-session-id", "s1")])
        .await
        .try_into()
        .unwrap();
    assert!(matches!(&legacy.operation, Operation::Http(_)));
    assert!(headers_only(&[]).await.is_empty());
}

#[tokio::test]
async fn a_message_that_nobody_reads_is_named_by_its_headers() {
    let (layer, sink) = traced();
    let app = Router::new()
        .route("/mcp", on_post(async || StatusCode::UNAUTHORIZED))
        .layer(layer);
    let address = serve(app).await;
    send(
        address,
        &["mcp-method: tools/call", "mcp-name: greet"],
        CALL,
    )
    .await;
    assert_eq!(span(&sink).await.name(), "tools/call greet");
}
