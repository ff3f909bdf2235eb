//! Whatever a peer sends: the answer is the same with and without the layer.

mod support;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::any;
use mcp_trace::current;
use support::*;

/// Answers with everything it received.
async fn echo(headers: HeaderMap, body: Bytes) -> Vec<u8> {
    let _ = current(); // an observer must not change anything either
    let mut seen = format!("{headers:?}\n").into_bytes();
    seen.extend_from_slice(&body);
    seen
}

fn without_date(answer: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    text.lines()
        .filter(|line| !line.starts_with("date:"))
        .collect::<Vec<_>>()
        .join("\n")
        .into_bytes()
}

#[tokio::test]
async fn garbage_in_every_carrier_changes_no_byte() {
    let (layer, _sink) = traced();
    let router = || Router::new().fallback(any(echo));
    let (plain, traced) = (serve(router()).await, serve(router().layer(layer)).await);

    let long = format!("traceparent: {}", "0".repeat(10_000));
    let state = format!("tracestate: {}", "a=b,".repeat(2_500));
    let headers: [&[&str]; 8] = [
        &[],
        &[&long],
        &[&long, &state],
        &["traceparent: ", "traceparent: x", "baggage: %zz=%80;;,,="],
        &[
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            &state,
        ],
        &[
            "mcp-method: \u{7f}ools",
            "mcp-name: =?base64?!!?=",
            "mcp-protocol-version: 20260728",
        ],
        &["content-encoding: gzip"],
        &["expect: 100-continue"],
    ];
    let deep = "[".repeat(100_000);
    let bodies: Vec<Vec<u8>> = [
        "",
        "{",
        "[]",
        "[1,2",
        "null",
        "\u{feff}{}",
        "{\"jsonrpc\":\"2.0\"",
        CALL,
        ANSWER,
        &deep,
        &format!("[{CALL},{CALL}]"),
        &CALL[..CALL.len() - 1],
        &call_with_meta("[]"),
        &call_with_meta("42"),
        &call_with_meta(r#"{"traceparent":42,"tracestate":[],"baggage":{}}"#),
        &call_with_meta(&format!(r#"{{"traceparent":"{}"}}"#, "x".repeat(100_000))),
        &call_with_meta(r#"{"traceparent":"\ud800"}"#),
    ]
    .into_iter()
    .map(|body| body.as_bytes().to_vec())
    .chain([
        vec![0xff, 0xfe, 0x00],
        CALL.as_bytes().iter().map(|b| b | 0x80).collect(),
    ])
    .collect();

    for headers in headers {
        for body in &bodies {
            let request = post(headers, body);
            let (expected, got) = (
                exchange(plain, &request).await,
                exchange(traced, &request).await,
            );
            let shown = String::from_utf8_lossy(&request[..request.len().min(400)]).into_owned();
            assert_eq!(without_date(&got), without_date(&expected), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_body_shorter_than_declared_changes_nothing() {
    let (layer, _sink) = traced();
    let router = || Router::new().fallback(any(echo));
    let (plain, traced) = (serve(router()).await, serve(router().layer(layer)).await);
    for address in [plain, traced] {
        let mut request = post(&[], CALL.as_bytes());
        request.truncate(request.len() - 10);
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &request)
            .await
            .unwrap();
        tokio::io::AsyncWriteExt::shutdown(&mut stream)
            .await
            .unwrap();
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer)
            .await
            .unwrap();
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    }
}
