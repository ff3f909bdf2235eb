//! When a span ends, and as what: through a real server and a real client.

mod support;

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_client_layer::McpClientTrace;
use mcp_trace::{End, McpCall, Method, ProtocolVersion};
use support::{Server, attributes, call, only_span, traced};
use tower::{Layer, Service, ServiceExt};

type Traced = McpClientTrace<reqwest::Client>;

fn request(url: String, body: impl Into<reqwest::Body>) -> reqwest::Request {
    reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .body(body)
        .build()
        .unwrap()
}

async fn start(client: &mut Traced, url: String, tool: &str) -> reqwest::Response {
    client.call(request(url, call(7, tool))).await.unwrap()
}

#[tokio::test]
async fn a_json_answer() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    for (tool, error_type, code) in [
        ("greet", None, None),
        ("fail", Some("tool_error"), None),
        ("missing", Some("-32602"), Some(-32602)),
    ] {
        let response = start(&mut client, server.url("/mcp"), tool).await;
        assert!(sink.is_empty(), "the answer has not been read");
        response.bytes().await.unwrap();
        let span = only_span(&sink).await;
        assert_eq!(span.name(), format!("tools/call {tool}"));
        assert_eq!(span.end, End::Complete);
        assert_eq!(
            span.outcome.error_type.as_ref().map(|text| text.as_str()),
            error_type
        );
        assert_eq!(span.outcome.rpc_code, code);
    }
}

#[tokio::test]
async fn only_tools_have_tool_errors() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    let body = call(7, "fail").replace("tools/call", "prompts/get");
    client
        .call(request(server.url("/mcp"), body))
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert!(!only_span(&sink).await.outcome.is_error());
}

#[tokio::test]
async fn an_event_with_the_id_of_the_request() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    for path in ["/sse", "/sse-in-pieces"] {
        for (tool, error_type) in [
            ("greet", None),
            ("fail", Some("tool_error")),
            ("missing", Some("-32602")),
        ] {
            let mut response = start(&mut client, server.url(path), tool).await;
            let span = loop {
                let chunk = response
                    .chunk()
                    .await
                    .unwrap()
                    .expect("the answer comes first");
                assert!(!chunk.is_empty());
                if !sink.is_empty() {
                    break sink.take().remove(0);
                }
            };
            assert_eq!(span.end, End::Complete);
            assert_eq!(
                span.outcome.error_type.as_ref().map(|text| text.as_str()),
                error_type
            );
            drop(response);
            assert!(sink.is_empty(), "it ends once");
        }
    }
}

#[tokio::test]
async fn attributes_of_a_call() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    let mut request = request(server.url("/mcp"), call(7, "greet"));
    request
        .headers_mut()
        .insert("mcp-session-id", "s-7".parse().unwrap());
    request
        .headers_mut()
        .insert("mcp-protocol-version", "2025-06-18".parse().unwrap());
    client.call(request).await.unwrap().bytes().await.unwrap();
    let found = attributes(&only_span(&sink).await);
    let port = server.address.port().to_string();
    for (key, value) in [
        ("mcp.method.name", "tools/call"),
        ("gen_ai.tool.name", "greet"),
        ("gen_ai.operation.name", "execute_tool"),
        ("jsonrpc.request.id", "7"),
        ("mcp.session.id", "s-7"),
        ("mcp.protocol.version", "2025-06-18"),
        ("server.address", "127.0.0.1"),
        ("server.port", port.as_str()),
        ("network.transport", "tcp"),
        ("network.protocol.name", "http"),
        ("network.protocol.version", "1.1"),
    ] {
        assert_eq!(
            found.get(key).map(String::as_str),
            Some(value),
            "{key} in {found:#?}"
        );
    }
}

#[tokio::test]
async fn a_long_session_id_is_cut() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    let mut request = request(server.url("/mcp"), call(7, "greet"));
    let long = "s".repeat(300);
    request
        .headers_mut()
        .insert("mcp-session-id", long.parse().unwrap());
    client.call(request).await.unwrap().bytes().await.unwrap();
    assert_eq!(
        attributes(&only_span(&sink).await)["mcp.session.id"],
        long[..McpCall::MAX_SESSION_ID_LEN]
    );
}

#[tokio::test]
async fn initialize_tells_the_session_and_the_version() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2026-07-28"}}"#;
    client
        .call(request(server.url("/initialize"), body))
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let span = only_span(&sink).await;
    let call = span.operation.as_mcp().unwrap();
    assert_eq!(call.method, Method::Initialize);
    assert_eq!(call.session_id.as_ref().unwrap(), &"s-1");
    assert_eq!(call.protocol_version, Some(ProtocolVersion::V2025_11_25));
}

#[tokio::test]
async fn a_notification_ends_with_its_receipt() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    let body = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let response = client
        .call(request(server.url("/accepted"), body))
        .await
        .unwrap();
    response.bytes().await.unwrap();
    let span = only_span(&sink).await;
    assert_eq!(
        (span.name().as_ref(), span.end, span.outcome.is_error()),
        ("notifications/initialized", End::Complete, false)
    );
    assert_eq!(
        server.only().meta_context(),
        Some(span.context.traceparent())
    );
    assert_eq!(span.operation.as_mcp().unwrap().request_id, None);
}

#[tokio::test]
async fn a_bad_status_is_the_error_unless_json_rpc_says_more() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    for status in ["400", "404", "503"] {
        let response = start(
            &mut client,
            server.url(&format!("/status/{status}")),
            "greet",
        )
        .await;
        assert!(
            response.error_for_status().is_err(),
            "nobody reads the body"
        );
        let span = only_span(&sink).await;
        assert_eq!(
            (span.outcome.error_type.unwrap().as_str(), span.end),
            (status, End::Complete)
        );
    }
    start(&mut client, server.url("/error-404"), "greet")
        .await
        .bytes()
        .await
        .unwrap();
    let span = only_span(&sink).await;
    assert_eq!(
        (
            span.outcome.error_type.unwrap().as_str(),
            span.outcome.rpc_code
        ),
        ("-32601", Some(-32601))
    );
    assert_eq!(span.outcome.message.unwrap().as_str(), "no");
}

#[tokio::test]
async fn failures_of_the_transport() {
    let (layer, sink) = traced();
    let server = Server::start().await;
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/mcp", listener.local_addr().unwrap())
    };
    let client = reqwest::Client::builder()
        .timeout(Duration::from_millis(150))
        .build()
        .unwrap();

    let mut traced = layer.layer(client.clone());
    traced
        .call(request(nobody.clone(), call(1, "greet")))
        .await
        .unwrap_err();
    assert_eq!(
        only_span(&sink).await.outcome.error_type.unwrap(),
        "connect"
    );
    let error = traced
        .call(request(server.url("/hang"), call(1, "greet")))
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(
        only_span(&sink).await.outcome.error_type.unwrap(),
        "timeout"
    );
    let error = start(&mut traced, server.url("/stalled"), "greet")
        .await
        .bytes()
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(
        only_span(&sink).await.outcome.error_type.unwrap(),
        "timeout"
    );
    start(&mut traced, server.url("/broken"), "greet")
        .await
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(only_span(&sink).await.outcome.error_type.unwrap(), "_OTHER");

    let middleware = reqwest_middleware::ClientBuilder::new(client)
        .with(McpClientTrace::from(layer.clone()))
        .build();
    for (url, expected) in [
        (nobody.clone(), "connect"),
        (server.url("/hang"), "timeout"),
    ] {
        middleware
            .execute(request(url, call(1, "greet")))
            .await
            .unwrap_err();
        assert_eq!(only_span(&sink).await.outcome.error_type.unwrap(), expected);
    }

    let hyper: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let post = |url: String| {
        http::Request::post(url)
            .body(Full::from(call(1, "greet")))
            .unwrap()
    };
    layer
        .layer(hyper.clone())
        .oneshot(post(nobody))
        .await
        .unwrap_err();
    assert_eq!(
        only_span(&sink).await.outcome.error_type.unwrap(),
        "connect"
    );
    let timeout = tower::timeout::Timeout::new(hyper.clone(), Duration::from_millis(50));
    layer
        .layer(timeout)
        .oneshot(post(server.url("/hang")))
        .await
        .unwrap_err();
    assert_eq!(
        only_span(&sink).await.outcome.error_type.unwrap(),
        "timeout"
    );
    let timeout = tower::timeout::Timeout::new(layer.layer(hyper), Duration::from_millis(50));
    timeout
        .oneshot(post(server.url("/hang")))
        .await
        .unwrap_err();
    assert_eq!(
        only_span(&sink).await.outcome.error_type.unwrap(),
        "cancelled",
        "given up from outside"
    );
}

#[tokio::test]
async fn giving_up_is_a_cancellation() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    let cancelled = |span: mcp_trace::SpanRecord| {
        (
            span.end,
            span.outcome.error_type.unwrap().as_str().to_owned(),
        )
    };
    let expected = (End::Cancelled, "cancelled".to_owned());

    drop(client.call(request(server.url("/mcp"), call(1, "greet"))));
    assert_eq!(
        cancelled(only_span(&sink).await),
        expected,
        "before the first poll"
    );
    let call = client.call(request(server.url("/hang"), call(1, "greet")));
    tokio::time::timeout(Duration::from_millis(50), call)
        .await
        .unwrap_err();
    assert_eq!(
        cancelled(only_span(&sink).await),
        expected,
        "before the head"
    );
    let mut response = start(&mut client, server.url("/endless"), "greet").await;
    response.chunk().await.unwrap().unwrap();
    drop(response);
    assert_eq!(
        cancelled(only_span(&sink).await),
        expected,
        "before the answer"
    );

    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(McpClientTrace::from(layer))
        .build();
    let call = client.execute(request(server.url("/hang"), support::call(1, "greet")));
    tokio::time::timeout(Duration::from_millis(50), call)
        .await
        .unwrap_err();
    assert_eq!(
        cancelled(only_span(&sink).await),
        expected,
        "in the middleware"
    );
}

#[tokio::test]
async fn a_stream_without_the_answer() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    for (version, end, error_type) in [
        ("2025-11-25", End::Detached, None),
        ("2026-07-28", End::Complete, Some("_OTHER")),
    ] {
        let mut request = request(server.url("/sse-without-answer"), call(1, "greet"));
        request
            .headers_mut()
            .insert("mcp-protocol-version", version.parse().unwrap());
        client.call(request).await.unwrap().bytes().await.unwrap();
        let span = only_span(&sink).await;
        assert_eq!(
            (
                span.end,
                span.outcome.error_type.as_ref().map(|text| text.as_str())
            ),
            (end, error_type),
            "{version}"
        );
    }
}

#[tokio::test]
async fn long_answers_tell_when_their_head_came() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    start(&mut client, server.url("/slow-sse"), "greet")
        .await
        .bytes()
        .await
        .unwrap();
    let span = only_span(&sink).await;
    assert!(span.duration >= Duration::from_millis(150));
    let head: f64 = attributes(&span)["mcp_trace.time_to_head"].parse().unwrap();
    assert!(head > 0.0 && head < 0.15, "{head}");

    start(&mut client, server.url("/mcp"), "greet")
        .await
        .bytes()
        .await
        .unwrap();
    assert!(!attributes(&only_span(&sink).await).contains_key("mcp_trace.time_to_head"));
}

#[tokio::test]
async fn standing_streams_hold_no_span_open() {
    let (layer, sink) = traced();
    let (server, mut client) = (Server::start().await, layer.layer(reqwest::Client::new()));
    let get = reqwest::Client::new()
        .get(server.url("/endless"))
        .build()
        .unwrap();
    let stream = client.call(get).await.unwrap();
    let span = only_span(&sink).await;
    assert_eq!(
        (span.name().as_ref(), span.outcome.is_error()),
        ("GET", false)
    );
    assert_eq!(attributes(&span)["http.response.status_code"], "200");
    drop(stream);

    let listen = r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{}}"#;
    let mut stream = client
        .call(request(server.url("/endless"), listen))
        .await
        .unwrap();
    assert!(sink.is_empty());
    stream.chunk().await.unwrap().unwrap();
    let span = only_span(&sink).await;
    assert_eq!(
        (span.name().as_ref(), span.end),
        ("subscriptions/listen", End::Complete)
    );
}

#[tokio::test]
async fn other_requests_end_with_their_body_or_when_nobody_reads_it() {
    let (layer, sink) = traced();
    let (server, client) = (
        Server::start().await,
        layer.layer(Client::builder(TokioExecutor::new()).build_http()),
    );
    for read in [true, false] {
        let get = http::Request::get(server.url("/status/200"))
            .body(Full::<bytes::Bytes>::default())
            .unwrap();
        let answer = client.clone().oneshot(get).await.unwrap();
        if read {
            answer.into_body().collect().await.unwrap();
        } else {
            drop(answer);
        }
        let span = only_span(&sink).await;
        assert_eq!((span.end, span.outcome.is_error()), (End::Complete, false));
    }
}

#[tokio::test]
async fn a_panic_that_is_caught_before_the_future_is_dropped() {
    let (layer, sink) = traced();
    let panics = tower::service_fn(|_: http::Request<Full<bytes::Bytes>>| async {
        tokio::task::yield_now().await;
        if true {
            panic!("expected by the test");
        }
        Ok::<http::Response<Full<bytes::Bytes>>, std::convert::Infallible>(http::Response::default())
    });
    let request = http::Request::post("http://127.0.0.1/mcp")
        .header("content-type", "application/json")
        .body(Full::from(call(1, "greet")))
        .unwrap();
    let mut future = Box::pin(layer.layer(panics).oneshot(request));
    let caught = std::future::poll_fn(|cx| {
        let poll = || future.as_mut().poll(cx).map(drop);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)) {
            Ok(poll) => poll.map(|()| false),
            Err(_) => std::task::Poll::Ready(true),
        }
    });
    assert!(caught.await);
    drop(future);
    let span = only_span(&sink).await;
    assert_eq!(span.outcome.error_type.unwrap(), "panic");
}
