//! Nobody waits longer than without the layer, whatever the body does.

mod support;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use mcp_trace::current;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const EXPECT: &str = "expect: 100-continue";

async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let wait = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer));
    let len = wait.await.expect("an answer in time").unwrap();
    String::from_utf8_lossy(&buffer[..len]).into_owned()
}

/// The head of a POST whose body never comes.
fn head_only(headers: &[&str]) -> Vec<u8> {
    let mut request = post(headers, CALL.as_bytes());
    request.truncate(request.len() - CALL.len());
    request
}

#[tokio::test]
async fn the_inner_service_answers_before_the_body_has_come() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::PAYLOAD_TOO_LARGE] {
        let (layer, sink) = traced();
        let app = Router::new()
            .fallback(move || async move { status })
            .layer(layer);
        let address = serve(app).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(&head_only(&["mcp-protocol-version: 2025-11-25"]))
            .await
            .unwrap();
        assert!(read_some(&mut stream).await.contains(status.as_str()));
        let span = span(&sink).await;
        assert_eq!(
            (span.name().as_ref(), span.outcome.is_error()),
            ("POST", false),
            "nobody has read what it is"
        );
    }
}

#[tokio::test]
async fn expect_100_continue_is_answered_when_the_inner_service_reads() {
    let (layer, sink) = traced();
    let app = Router::new()
        .fallback(|body: String| async move { body })
        .layer(layer);
    let address = serve(app).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&head_only(&[EXPECT])).await.unwrap();
    assert!(
        read_some(&mut stream)
            .await
            .starts_with("HTTP/1.1 100 Continue")
    );
    stream.write_all(CALL.as_bytes()).await.unwrap();
    assert!(read_some(&mut stream).await.contains("200 OK"));
    assert_eq!(span(&sink).await.name(), "tools/call greet");
}

#[tokio::test]
async fn expect_100_continue_is_not_answered_when_it_does_not() {
    let (layer, _sink) = traced();
    let app = Router::new()
        .fallback(|| async { StatusCode::UNAUTHORIZED })
        .layer(layer);
    let address = serve(app).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&head_only(&[EXPECT])).await.unwrap();
    assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 401"));
}

/// Before the body has been read an observer sees the header's context; it then holds, and
/// the one of the message is a link.
#[tokio::test]
async fn a_trickling_client_keeps_nobody_waiting() {
    let (layer, sink) = traced();
    let (seen, mut see) = tokio::sync::mpsc::unbounded_channel();
    let app = Router::new()
        .fallback(move |body: Body| {
            seen.send(current().unwrap()).unwrap();
            async move {
                let _ = axum::body::to_bytes(body, usize::MAX).await;
                current().unwrap().traceparent().to_string()
            }
        })
        .layer(layer);
    let address = serve(app).await;
    let body = call_with_meta(&format!(r#"{{"traceparent":"{META}"}}"#));
    let header = format!("traceparent: {HEADER}");
    let mut request = post(&[&header], body.as_bytes());
    let body = request.split_off(request.len() - body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&request).await.unwrap();
    // The handler runs though not a byte of the body has been sent.
    let early = see.recv().await.unwrap();
    assert_eq!(early.trace_id().to_string(), HEADER[3..35]);
    for byte in body {
        stream.write_all(&[byte]).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.ends_with(&early.traceparent().to_string()),
        "{answer}"
    );
    let span = span(&sink).await;
    assert_eq!(span.parent_id().unwrap().to_string(), HEADER[36..52]);
    assert_eq!(span.links()[0].traceparent().to_string(), META);
}
