//! Sessions of the revisions before 2026-07-28.

mod support;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Response;
use support::attributes::attributes;
use support::wire::*;
use support::*;

const SESSION: [(&str, &str); 2] = [
    ("mcp-session-id", "s-1"),
    ("mcp-protocol-version", "2025-11-25"),
];

#[tokio::test]
async fn the_span_of_initialize_has_the_session_that_it_begins() {
    let answer =
        r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;
    let (layer, sink) = traced();
    let app = Router::new().fallback(move |_body: Bytes| async move {
        Response::builder()
            .header("content-type", "application/json")
            .header("mcp-session-id", "s-1")
            .body(Body::from(answer))
            .unwrap()
    });
    let server = serve_axum(app.layer(layer)).await;
    let mut client = Client::connect(Http::One, server.address).await;
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2026-07-28","capabilities":{}}}"#;
    client.exchange(message(&[], initialize)).await.unwrap();
    let all = attributes(&span(&sink).await);
    assert_eq!(all["mcp.session.id"], "s-1");
    assert_eq!(all["mcp.protocol.version"], "2025-11-25");
}

/// The standing stream, its resumption and the end of the session are no messages.
#[tokio::test]
async fn a_session_has_no_other_spans_than_those_of_its_messages() {
    let (layer, sink) = traced();
    let app = Router::new().fallback(|request: Request| async move {
        let event = format!("data: {ANSWER}\n\n");
        let status = if request.method() == "DELETE" {
            202
        } else {
            200
        };
        Response::builder()
            .status(status)
            .header("content-type", "text/event-stream")
            .body(Body::from(event))
            .unwrap()
    });
    let stats = layer.stats();
    let server = serve_axum(app.layer(layer)).await;
    let mut client = Client::connect(Http::One, server.address).await;
    let resumed = [SESSION[0], SESSION[1], ("last-event-id", "1/0")];
    for (method, headers) in [
        ("GET", &SESSION[..]),
        ("GET", &resumed),
        ("DELETE", &SESSION),
    ] {
        let mut request = message(headers, "");
        *request.method_mut() = method.parse().unwrap();
        client.exchange(request).await.unwrap();
    }
    drop((client, server));
    assert!(sink.is_empty(), "{:?}", sink.spans());
    assert_eq!((stats.requests(), stats.open()), (0, 0));
}
