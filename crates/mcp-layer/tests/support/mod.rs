//! A server on loopback, a client that writes raw bytes, and a sink to look into.
#![allow(dead_code, unreachable_pub)] // each test file uses a part

pub mod attributes;
pub mod generator;
pub mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{MemorySink, SpanRecord};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
pub const META: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";

/// A `tools/call` without trace context.
pub const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"to":"Ada"}}}"#;
/// Its answer.
pub const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false}}"#;

/// [`CALL`] with `meta` as its `_meta`, written last as Python does.
pub fn call_with_meta(meta: &str) -> String {
    CALL.replace(r#""Ada"}"#, &format!(r#""Ada"}},"_meta":{meta}"#))
}

pub fn traced() -> (McpServerTraceLayer, Arc<MemorySink>) {
    let sink = Arc::new(MemorySink::default());
    (McpServerTraceLayer::new().with_sink(sink.clone()), sink)
}

/// Serves `router` on a free port of loopback.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A POST of JSON as raw bytes; `headers` are whole lines.
pub fn post(headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut request = b"POST /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n".to_vec();
    for header in headers {
        request.extend_from_slice(header.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}

/// Sends raw bytes and reads until the server closes.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// Waits for `count` spans.
pub async fn spans(sink: &MemorySink, count: usize) -> Vec<SpanRecord> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while sink.len() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} spans: {:?}",
            sink.len(),
            sink.spans()
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    sink.spans()
}

/// Waits for the only span.
pub async fn span(sink: &MemorySink) -> SpanRecord {
    let mut spans = spans(sink, 1).await;
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}
