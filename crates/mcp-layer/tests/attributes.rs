//! The attributes of SERVER spans: one test per row of the table in the OpenTelemetry MCP
//! conventions.

mod support;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Response;
use mcp_trace::{McpCall, Method, SpanKind, SpanRecord};
use support::attributes::attributes;
use support::wire::*;
use support::*;

/// The span of one message over HTTP/1.1, answered with `answer`.
async fn record(headers: &[(&str, &str)], body: &str, answer: &str) -> SpanRecord {
    over(Http::One, headers, body, answer).await
}

async fn over(http: Http, headers: &[(&str, &str)], body: &str, answer: &str) -> SpanRecord {
    let (layer, sink) = traced();
    let answer = answer.to_owned();
    let app = Router::new().fallback(move |_body: Bytes| async move {
        Response::builder()
            .header("content-type", "application/json")
            .body(Body::from(answer))
            .unwrap()
    });
    let server = serve_axum(app.layer(layer)).await;
    let mut client = Client::connect(http, server.address).await;
    client
        .exchange(message(headers, body.to_owned()))
        .await
        .unwrap();
    span(&sink).await
}

async fn of(headers: &[(&str, &str)], body: &str) -> BTreeMap<String, String> {
    attributes(&record(headers, body, ANSWER).await)
}

async fn of_answer(answer: &str) -> (SpanRecord, BTreeMap<String, String>) {
    let span = record(&[], CALL, answer).await;
    let all = attributes(&span);
    (span, all)
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

fn get<'a>(all: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    all.get(key).map(String::as_str)
}

#[tokio::test]
async fn kind_and_name() {
    let named = [
        (CALL.to_owned(), "tools/call greet"),
        (
            request("prompts/get", r#"{"name":"hello"}"#),
            "prompts/get hello",
        ),
        (
            request("resources/read", r#"{"uri":"file:///a"}"#),
            "resources/read",
        ),
        (request("tools/list", "{}"), "tools/list"),
        (request("made/up", "{}"), "_OTHER"),
        (
            request(
                "tools/call",
                &format!(r#"{{"name":"{}"}}"#, "x".repeat(129)),
            ),
            "tools/call _OTHER",
        ),
    ];
    for (body, name) in named {
        let span = record(&[], &body, ANSWER).await;
        assert_eq!((span.name().as_ref(), span.kind), (name, SpanKind::Server));
    }
}

#[tokio::test]
async fn mcp_method_name() {
    for method in Method::KNOWN {
        let all = of(&[], &request(method.as_str(), "{}")).await;
        assert_eq!(get(&all, "mcp.method.name"), Some(method.as_str()));
    }
    let all = of(&[], &request("vendor/Thing", "{}")).await;
    assert_eq!(get(&all, "mcp.method.name"), Some("vendor/Thing"));
}

#[tokio::test]
async fn mcp_method_name_of_notifications() {
    for method in [
        "notifications/cancelled",
        "notifications/initialized",
        "notifications/vendor",
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{}}}}"#);
        let all = of(&[], &body).await;
        assert_eq!(get(&all, "mcp.method.name"), Some(method));
        assert_eq!(get(&all, "jsonrpc.request.id"), None);
    }
}

#[tokio::test]
async fn error_type_only_if_the_operation_fails() {
    let (_, all) = of_answer(ANSWER).await;
    assert_eq!(get(&all, "error.type"), None);
    let (_, all) =
        of_answer(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}"#).await;
    assert_eq!(get(&all, "error.type"), Some("-32000"));
}

#[tokio::test]
async fn error_type_tool_error() {
    let (span, all) =
        of_answer(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}"#).await;
    assert_eq!(get(&all, "error.type"), Some("tool_error"));
    assert!(span.outcome.is_error());
    assert_eq!(get(&all, "rpc.response.status_code"), None);
}

#[tokio::test]
async fn rpc_response_status_code_of_a_caller_fault_is_no_error() {
    for code in ["-32700", "-32600", "-32601", "-32602", "-32002"] {
        let answer =
            format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"no"}}}}"#);
        let (span, all) = of_answer(&answer).await;
        assert_eq!(get(&all, "rpc.response.status_code"), Some(code));
        assert_eq!(
            (get(&all, "error.type"), span.outcome.message),
            (None, None),
            "{code}"
        );
    }
}

#[tokio::test]
async fn rpc_response_status_code_of_any_other_error() {
    for code in ["-32603", "-32000", "-32020", "-32021", "-32022", "1", "0"] {
        let answer =
            format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"no\u0007"}}}}"#);
        let (span, all) = of_answer(&answer).await;
        assert_eq!(get(&all, "rpc.response.status_code"), Some(code));
        assert_eq!(get(&all, "error.type"), Some(code));
        assert_eq!(
            span.outcome.message.unwrap(),
            "no\u{fffd}",
            "the status description is cleaned"
        );
    }
}

#[tokio::test]
async fn gen_ai_prompt_name() {
    let all = of(&[], &request("prompts/get", r#"{"name":"hello"}"#)).await;
    assert_eq!(get(&all, "gen_ai.prompt.name"), Some("hello"));
    assert_eq!(get(&all, "gen_ai.tool.name"), None);
}

#[tokio::test]
async fn gen_ai_tool_name_and_operation_name() {
    let all = of(&[], CALL).await;
    assert_eq!(get(&all, "gen_ai.tool.name"), Some("greet"));
    assert_eq!(get(&all, "gen_ai.operation.name"), Some("execute_tool"));
}

#[tokio::test]
async fn gen_ai_operation_name_only_for_tool_calls() {
    for method in ["tools/list", "prompts/get", "initialize", "vendor/thing"] {
        let all = of(&[], &request(method, "{}")).await;
        assert_eq!(get(&all, "gen_ai.operation.name"), None, "{method}");
    }
}

#[tokio::test]
async fn jsonrpc_request_id_is_a_string() {
    for (id, shown) in [
        ("7", Some("7")),
        (r#""a-1""#, Some("a-1")),
        ("null", None),
        ("1.5", Some("1.5")),
    ] {
        let body = CALL.replace(r#""id":1"#, &format!(r#""id":{id}"#));
        assert_eq!(
            get(&of(&[], &body).await, "jsonrpc.request.id"),
            shown,
            "{id}"
        );
    }
}

#[tokio::test]
async fn mcp_resource_uri() {
    for method in [
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "notifications/resources/updated",
    ] {
        let all = of(&[], &request(method, r#"{"uri":"file:///a"}"#)).await;
        assert_eq!(get(&all, "mcp.resource.uri"), Some("file:///a"), "{method}");
    }
    let all = of(&[], &request("resources/list", r#"{"uri":"file:///a"}"#)).await;
    assert_eq!(get(&all, "mcp.resource.uri"), None);
}

#[tokio::test]
async fn jsonrpc_protocol_version_is_never_other_than_2_0() {
    assert_eq!(get(&of(&[], CALL).await, "jsonrpc.protocol.version"), None);
}

#[tokio::test]
async fn mcp_protocol_version_of_the_header() {
    let all = of(&[("mcp-protocol-version", "2025-06-18")], CALL).await;
    assert_eq!(get(&all, "mcp.protocol.version"), Some("2025-06-18"));
    assert_eq!(
        get(
            &of(&[("mcp-protocol-version", "latest")], CALL).await,
            "mcp.protocol.version"
        ),
        None
    );
}

#[tokio::test]
async fn mcp_protocol_version_of_the_message() {
    let body = call_with_meta(r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#);
    let all = of(&[("mcp-protocol-version", "2025-06-18")], &body).await;
    assert_eq!(get(&all, "mcp.protocol.version"), Some("2026-07-28"));
}

#[tokio::test]
async fn mcp_protocol_version_that_initialize_settles_on() {
    let initialize = request(
        "initialize",
        r#"{"protocolVersion":"2026-07-28","capabilities":{}}"#,
    );
    let answer =
        r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;
    let all = attributes(&record(&[], &initialize, answer).await);
    assert_eq!(get(&all, "mcp.protocol.version"), Some("2025-11-25"));
}

#[tokio::test]
async fn mcp_session_id() {
    let all = of(&[("mcp-session-id", "s-1")], CALL).await;
    assert_eq!(get(&all, "mcp.session.id"), Some("s-1"));
    assert_eq!(get(&of(&[], CALL).await, "mcp.session.id"), None);
    let long = "s".repeat(300);
    let all = of(&[("mcp-session-id", &long)], CALL).await;
    let cut = &long[..McpCall::MAX_SESSION_ID_LEN];
    assert_eq!(get(&all, "mcp.session.id"), Some(cut));
}

#[tokio::test]
async fn network_protocol_and_transport() {
    for http in Http::BOTH {
        let all = attributes(&over(http, &[], CALL, ANSWER).await);
        assert_eq!(get(&all, "network.protocol.name"), Some("http"));
        assert_eq!(get(&all, "network.protocol.version"), Some(http.version()));
        assert_eq!(get(&all, "network.transport"), Some("tcp"));
    }
}

#[tokio::test]
async fn client_address_and_port_only_where_known() {
    use tower::{Layer, ServiceExt};

    assert_eq!(get(&of(&[], CALL).await, "client.address"), None);
    for (address, shown) in [
        ("192.0.2.1:81", "192.0.2.1"),
        ("[2001:db8::1]:81", "2001:db8::1"),
    ] {
        let (layer, sink) = traced();
        let layer = layer.client_address(move |_| address.parse().ok());
        let inner = tower::service_fn(
            |request: axum::http::Request<mcp_layer::RequestBody<Body>>| async {
                let _ = http_body_util::BodyExt::collect(request.into_body()).await;
                Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
            },
        );
        drop(
            layer
                .layer(inner)
                .oneshot(message(&[], CALL))
                .await
                .unwrap(),
        );
        let all = attributes(&span(&sink).await);
        assert_eq!(get(&all, "client.address"), Some(shown));
        assert_eq!(get(&all, "client.port"), Some("int 81"));
        assert_eq!(get(&all, "server.address"), None);
    }
}

#[tokio::test]
async fn arguments_and_results_are_not_recorded() {
    let (_, all) = of_answer(
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"secret"}]}}"#,
    )
    .await;
    assert_eq!(
        (
            get(&all, "gen_ai.tool.call.arguments"),
            get(&all, "gen_ai.tool.call.result")
        ),
        (None, None)
    );
    assert!(!format!("{all:?}").contains("secret") && !format!("{all:?}").contains("Ada"));
}

/// The status of the HTTP response is beside the point of a JSON-RPC error.
#[tokio::test]
async fn nothing_else_is_recorded() {
    let all = of(
        &[
            ("mcp-session-id", "s-1"),
            ("mcp-protocol-version", "2025-11-25"),
        ],
        CALL,
    )
    .await;
    let keys: Vec<_> = all.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "gen_ai.operation.name",
            "gen_ai.tool.name",
            "jsonrpc.request.id",
            "mcp.method.name",
            "mcp.protocol.version",
            "mcp.session.id",
            "network.protocol.name",
            "network.protocol.version",
            "network.transport",
            "remote",
        ]
    );
}

/// Answers of the client to requests of the server: the span is the server's, of kind CLIENT.
#[tokio::test]
async fn a_posted_response_has_no_span() {
    let (layer, sink) = traced();
    let app = Router::new().fallback(|_body: Bytes| async { axum::http::StatusCode::ACCEPTED });
    let server = serve_axum(app.layer(layer)).await;
    let mut client = Client::connect(Http::One, server.address).await;
    let headers = [
        ("mcp-session-id", "s-1"),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"model":"m","role":"assistant"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"User rejected"}}"#,
    ] {
        client.exchange(message(&headers, body)).await.unwrap();
        // Headers may say otherwise; the body is the source of truth.
        client
            .exchange(message(&[headers[1], ("mcp-method", "tools/call")], body))
            .await
            .unwrap();
    }
    drop((client, server));
    assert!(sink.is_empty(), "{:?}", sink.spans());
}

/// HTTP with SSE of 2024-11-05: the answer to the POST is 202, the one to the message comes
/// on the standing stream.
#[tokio::test]
async fn a_legacy_post_ends_with_its_202() {
    let (layer, sink) = traced();
    let app = Router::new()
        .fallback(|_body: Bytes| async { (axum::http::StatusCode::ACCEPTED, "Accepted") });
    let server = serve_axum(app.layer(layer)).await;
    let mut client = Client::connect(Http::One, server.address).await;
    let (status, _) = client.exchange(message(&[], CALL)).await.unwrap();
    let span = span(&sink).await;
    assert_eq!((status, span.name().as_ref()), (202, "tools/call greet"));
    assert_eq!(
        (span.end, span.outcome.is_error()),
        (mcp_trace::End::Complete, false)
    );
}
