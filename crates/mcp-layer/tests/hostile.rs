//! What no honest peer sends, through real hyper: as many spans as messages, each ended once.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mcp_layer::{RequestBody, Stats};
use mcp_trace::{End, MemorySink, SpanRecord};
use support::wire::{Client, Http, Server, message, serve_hyper};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{Layer, service_fn};

const SPAN_ID: std::ops::Range<usize> = 36..52;

/// A server that reads what there is and answers with `pieces`, each in a frame of its own.
async fn server(
    http: Http,
    content_type: &'static str,
    pieces: Vec<Bytes>,
) -> (Server, Arc<MemorySink>, Arc<Stats>) {
    let (layer, sink) = traced();
    let stats = layer.stats();
    let inner = service_fn(move |request: Request<RequestBody<_>>| {
        let frames: Vec<_> = pieces
            .iter()
            .cloned()
            .map(|piece| Ok::<_, Infallible>(Frame::data(piece)))
            .collect();
        async move {
            let read = request.into_body().collect().await.is_ok();
            let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
            Ok::<_, Infallible>(
                Response::builder()
                    .status(if read { 200 } else { 400 })
                    .header("content-type", content_type)
                    .body(body)
                    .unwrap(),
            )
        }
    });
    (serve_hyper(http, layer.layer(inner)).await, sink, stats)
}

async fn none_open(stats: &Stats) {
    for _ in 0..2000 {
        if stats.open() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} requests are open", stats.open());
}

async fn sent(body: String) -> SpanRecord {
    let (server, sink, stats) = server(Http::One, "application/json", vec![ANSWER.into()]).await;
    let mut client = Client::connect(Http::One, server.address).await;
    client.exchange(message(&[], body)).await.unwrap();
    none_open(&stats).await;
    span(&sink).await
}

#[tokio::test]
async fn keys_in_disguise_are_the_keys_and_the_first_of_two_counts() {
    let other = META.replace("b7ad6b71", "ffffffff");
    for params in [
        format!(r#""\u005fmeta":{{"trace\u0070arent":"{META}"}}"#),
        format!(r#""_meta":{{"traceparent":"{META}","traceparent":"{other}"}}"#),
        format!(r#""_meta":{{"traceparent":"{META}"}},"_meta":{{"traceparent":"{other}"}}"#),
        format!(r#""_meta":{{"x":{{"traceparent":"{other}"}},"traceparent":"{META}"}}"#),
        format!(
            r#""x":{{"_meta":{{"traceparent":"{other}"}}}},"_meta":{{"traceparent":"{META}"}}"#
        ),
        format!(
            r#""x":"\"_meta\":{{\"traceparent\":\"{other}\"}}","_meta":{{"traceparent":"{META}"}}"#
        ),
    ] {
        let span = sent(CALL.replace(
            r#""name":"greet""#,
            &format!(r#"{params},"n\u0061me":"greet""#),
        ))
        .await;
        assert_eq!(
            span.parent_id().unwrap().to_string(),
            META[SPAN_ID],
            "{params}"
        );
        assert_eq!(span.name(), "tools/call greet", "{params}");
    }
}

#[tokio::test]
async fn a_batch_of_ten_thousand() {
    let batch = format!("[{}]", vec![CALL; 10_000].join(","));
    let span = sent(batch).await;
    assert_eq!(span.attributes()[0].value, 10_000.into());
}

#[tokio::test]
async fn names_that_drive_terminals() {
    let span = sent(CALL.replace("greet", "a\\u001b[2J\\r\\n\u{202e}b")).await;
    assert!(
        !span
            .name()
            .chars()
            .any(|c| c.is_control() || c == '\u{202e}'),
        "{:?}",
        span.name()
    );
    let span = sent(CALL.replace("greet", &"x".repeat(1 << 20))).await;
    assert!(span.name().len() < 100, "{}", span.name());
    let span = sent(CALL.replace("\"id\":1", &format!("\"id\":\"{}\"", "i".repeat(1 << 20)))).await;
    assert!(span.weight() < 4096, "{}", span.weight());
}

/// Events with the line ends, marks and cuts that the HTML standard allows, byte by byte.
#[tokio::test]
async fn event_streams_of_every_kind() {
    const FAILED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"isError":true}}"#;
    let (head, tail) = FAILED.split_at(FAILED.find("\"result\"").unwrap());
    for (stream, is_answer) in [
        (format!("\u{feff}data:{FAILED}\r\r"), true),
        (
            format!("\u{feff}: hi\r\ndata: {head}\r\ndata:{tail}\r\n\r\n"),
            true,
        ),
        (format!("event: message\rid: 7\rdata: {FAILED}\r\r"), true),
        (format!("data\ndata: {FAILED}\n\n"), true),
        // The blank line that sends it never comes.
        (format!("data: {FAILED}\n"), false),
        (format!("data: {FAILED}"), false),
        (format!("dat\u{feff}a: {FAILED}\n\n"), false),
        (format!(" data: {FAILED}\n\n"), false),
        (format!("data: {FAILED}x\n\n"), true),
    ] {
        for http in Http::BOTH {
            let pieces = stream.bytes().map(|byte| Bytes::from(vec![byte])).collect();
            let (server, sink, stats) = server(http, "text/event-stream", pieces).await;
            let mut client = Client::connect(http, server.address).await;
            let (_, received) = client.exchange(message(&[], CALL)).await.unwrap();
            assert_eq!(received, stream);
            none_open(&stats).await;
            let span = span(&sink).await;
            let is_error = span
                .outcome
                .error_type
                .is_some_and(|text| text == "tool_error");
            assert_eq!(
                (span.end, is_error),
                (End::Complete, is_answer),
                "{stream:?}"
            );
        }
    }
}

/// The rest of the message never comes; the server says so, or nobody is left to hear it.
#[tokio::test]
async fn clients_that_leave_in_the_middle_of_their_message() {
    for cut in [0, 1, CALL.len() / 2, CALL.len() - 1] {
        let (server, _sink, stats) =
            server(Http::One, "application/json", vec![ANSWER.into()]).await;
        let mut request = post(&[], CALL.as_bytes());
        request.truncate(request.len() - CALL.len() + cut);
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        while stats.requests() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(stream);
        none_open(&stats).await;
        assert_eq!(stats.requests(), 1);
    }
}

/// HTTP/2 streams that are reset before, in and after their messages.
#[tokio::test]
async fn streams_that_are_reset() {
    let (server, sink, stats) = server(Http::Two, "application/json", vec![ANSWER.into()]).await;
    let client = Client::connect(Http::Two, server.address).await;
    let mut sent = Vec::new();
    for number in 0..90_usize {
        let mut sender = client.clone_sender();
        let cut = number * CALL.len() / 90;
        sent.push(tokio::spawn(async move {
            let begin = Bytes::from(&CALL[..cut]);
            let frames = futures_util::stream::iter([Ok::<_, Infallible>(Frame::data(begin))]);
            let frames = futures_util::StreamExt::chain(frames, futures_util::stream::pending());
            let request = message(&[], Body::new(StreamBody::new(frames)));
            let answer = sender.send_request(request);
            // Dropping it resets the stream.
            let _ = tokio::time::timeout(Duration::from_millis(number as u64 % 7), answer).await;
        }));
    }
    for sent in sent {
        sent.await.unwrap();
    }
    // The connection lives.
    let mut client = client;
    client.exchange(message(&[], CALL)).await.unwrap();
    none_open(&stats).await;
    let spans = sink.spans();
    let ids: std::collections::HashSet<_> = spans.iter().map(SpanRecord::span_id).collect();
    assert_eq!(ids.len(), spans.len(), "none ends twice");
    assert!(spans.len() as u64 <= stats.requests());
}

/// Refused by hyper, or read as one value by it: never another parent than without the trick.
#[tokio::test]
async fn headers_in_odd_forms() {
    let wide = format!("traceparent:\t \t{HEADER}  \t");
    let folded = format!("traceparent: {}\r\n {}", &HEADER[..20], &HEADER[20..]);
    let twice = format!("traceparent: {HEADER}, {HEADER}");
    let nul = format!("traceparent: {HEADER}\0");
    let states = vec!["tracestate: a=1"; 40].join("\r\n");
    let many = format!("traceparent: {HEADER}\r\n{states}");
    let named = format!("TRACEPARENT: {HEADER}");
    for (header, is_parent) in [
        (&wide, Some(true)),
        (&named, Some(true)),
        (&many, Some(true)),
        (&twice, Some(false)),
        (&folded, None),
        (&nul, None),
    ] {
        let (server, sink, stats) =
            server(Http::One, "application/json", vec![ANSWER.into()]).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(&post(&[header], CALL.as_bytes()))
            .await
            .unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        none_open(&stats).await;
        match is_parent {
            None => assert!(sink.is_empty(), "{header:?}"),
            Some(is_parent) => {
                let span = span(&sink).await;
                assert_eq!(span.parent_id().is_some(), is_parent, "{header:?}");
                assert!(
                    span.context
                        .tracestate()
                        .is_none_or(|list| list.len() <= 512)
                );
            }
        }
    }
}
