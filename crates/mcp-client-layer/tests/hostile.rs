//! Servers that answer as no honest one does: one span for each call, ended once, and the same bytes
//! and errors as without the layer.

mod support;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_trace::End;
use support::{call, only_span, traced};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};

/// Answers the first request of each connection with these bytes, and closes it.
async fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                // The whole message, whose end every test sends.
                while !seen.ends_with(b"}}}") {
                    let mut buffer = [0; 4096];
                    match stream.read(&mut buffer).await {
                        Ok(len) if len > 0 => seen.extend_from_slice(&buffer[..len]),
                        _ => return,
                    }
                }
                // A client that has heard enough leaves.
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    url
}

/// The status, the bytes of the body as far as it came, and whether it failed.
async fn fetch<S, B>(mut client: S, url: &str) -> Option<(u16, Vec<u8>, bool)>
where
    S: Service<Request<Full<Bytes>>, Response = http::Response<B>>,
    B: http_body::Body<Data = Bytes>,
{
    let request = Request::post(url)
        .header("content-type", "application/json")
        .body(Full::from(call(1, "greet")))
        .unwrap();
    let client = client.ready().await.ok()?;
    let response = client.call(request).await.ok()?;
    let status = response.status().as_u16();
    let mut body = std::pin::pin!(response.into_body());
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            Ok(Err(_)) => {}
            Err(_) => return Some((status, bytes, true)),
        }
    }
    Some((status, bytes, false))
}

fn http(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn one_span_for_each_call_and_nothing_changed() {
    const JSON: &str = "content-type: application/json";
    const EVENTS: &str = "content-type: text/event-stream";
    const FAILED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"isError":true}}"#;
    let batch = vec![r#"{"jsonrpc":"2.0","id":2,"result":{}}"#; 10_000].join(",");
    let long = "x".repeat(1 << 20);
    let error =
        format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":-1,"message":"{long}\u0007"}}}}"#);
    let early = [
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(10),
        http(JSON, FAILED),
    ];
    let tool = Some("tool_error");
    let rows: Vec<(Vec<u8>, Option<&str>)> = vec![
        (http(JSON, FAILED), tool),
        (http(JSON, &format!("{FAILED}{long}")), tool),
        (http(JSON, &format!("[{batch},{FAILED}]")), tool),
        (http(JSON, &format!("[{batch}]")), None),
        (http(JSON, &error), Some("-1")),
        (http(JSON, &format!("\u{feff}{FAILED}")), None),
        (http(JSON, "{\"jsonrpc\":"), None),
        (http(JSON, &"[".repeat(100_000)), None),
        (http(JSON, ""), None),
        (http("content-type: text/html", FAILED), None),
        (
            http(&format!("{JSON}\r\ncontent-encoding: gzip"), FAILED),
            None,
        ),
        (http(&format!("{EVENTS}\r\n{JSON}"), FAILED), None),
        (http(EVENTS, &format!("\u{feff}data:{FAILED}\r\r")), tool),
        (http(EVENTS, &format!(": {long}\ndata: {FAILED}\n\n")), tool),
        (http(EVENTS, &format!("data: {FAILED}")), None),
        (early.concat(), tool),
        // Less than was promised, and nothing that is a body.
        (
            http(&format!("{JSON}\r\ncontent-length: 500"), FAILED),
            tool,
        ),
        (
            http(&format!("{JSON}\r\ncontent-length: 500"), "{"),
            Some("_OTHER"),
        ),
        (
            http(&format!("{JSON}\r\ntransfer-encoding: chunked"), "zz\r\n"),
            Some("_OTHER"),
        ),
        (b"HTTP/1.1 200 OK\r\n".to_vec(), Some("_OTHER")),
        (b"no\r\n\r\n".to_vec(), Some("_OTHER")),
        (Vec::new(), Some("_OTHER")),
        (b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), None),
        (
            b"HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
                .to_vec(),
            None,
        ),
    ];
    for (answer, error_type) in rows {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
        let url = server(answer).await;
        let client = || Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let plain = fetch(client(), &url).await;
        let (layer, sink) = traced();
        let layered = fetch(layer.layer(client()), &url).await;
        assert!(layered == plain, "{shown}");
        let span = only_span(&sink).await;
        let found = span.outcome.error_type.as_ref().map(|text| text.as_str());
        assert_eq!(found, error_type, "{shown}");
        // An event stream may go on elsewhere.
        let is_stream = shown.contains("event-stream") && error_type.is_none();
        let end = if is_stream {
            End::Detached
        } else {
            End::Complete
        };
        assert_eq!(span.end, end, "{shown}");
        assert!(span.weight() < 4096, "{}", span.weight());
        assert!(
            !span
                .outcome
                .message
                .is_some_and(|text| text.as_str().contains('\u{7}'))
        );
    }
}
