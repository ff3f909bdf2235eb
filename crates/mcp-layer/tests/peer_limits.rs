//! What other software does that breaks a trace elsewhere, and what becomes of it here. Each test is
//! a row of `docs/interop.md`.

mod support;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post as on_post};
use mcp_trace::{ActiveSpan, InTraceExt, MemorySink, SpanRecord, current, traceparent_headers};
use support::*;
use tokio::sync::{Barrier, mpsc, oneshot};

/// A server that answers every message with `answer`.
fn answering(answer: &'static str) -> (Router, Arc<MemorySink>) {
    let (layer, sink) = traced();
    let json = [("content-type", "application/json")];
    let route = on_post(move |_message: String| async move { (json, answer) })
        .merge(get(|| async {}).delete(|| async {}));
    (Router::new().route("/mcp", route).layer(layer), sink)
}

/// The span of one message with these headers.
async fn received(headers: &[String], message: &str) -> SpanRecord {
    let (app, sink) = answering(ANSWER);
    let address = serve(app).await;
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    exchange(address, &post(&headers, message.as_bytes())).await;
    span(&sink).await
}

fn header(traceparent: &str) -> String {
    format!("traceparent: {traceparent}")
}

fn call_with(traceparent: &str) -> String {
    call_with_meta(&format!(r#"{{"traceparent":{traceparent}}}"#))
}

/// The parent as it would stand in a traceparent; empty for a root.
fn parent(span: &SpanRecord) -> String {
    let ids = |id| format!("{}-{id}", span.trace_id());
    span.parent_id().map_or(String::new(), ids)
}

/// Rastir's clients write the header of a connection that concurrent calls share.
#[tokio::test]
async fn a_header_that_concurrent_calls_share() {
    const CALLS: usize = 5;
    let all_there = Arc::new(Barrier::new(CALLS));
    let (layer, sink) = traced();
    let handle = on_post(move |_message: String| async move {
        all_there.wait().await;
        current().unwrap().span_id().to_string()
    });
    let address = serve(Router::new().route("/mcp", handle).layer(layer)).await;
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let request = post(&[&header(HEADER)], CALL.as_bytes());
            tokio::spawn(async move { exchange(address, &request).await })
        })
        .collect();
    let mut seen = Vec::new();
    for call in calls {
        let answer = String::from_utf8(call.await.unwrap()).unwrap();
        seen.push(answer[answer.len() - 16..].to_owned());
    }
    let spans = spans(&sink, CALLS).await;
    assert!(spans.iter().all(|span| parent(span) == HEADER[3..52]));
    let mut ids: Vec<_> = spans
        .iter()
        .map(|span| span.context.span_id().to_string())
        .collect();
    ids.sort();
    seen.sort();
    assert_eq!(ids, seen, "each handler has a span of its own");
    ids.dedup();
    assert_eq!(ids.len(), CALLS);
}

/// Rastir never takes its header back: what is sent later, and is not traced, still has it.
#[tokio::test]
async fn a_header_that_is_stale() {
    // Where the message knows better, it is the parent.
    let span = received(&[header(HEADER)], &call_with(&format!("\"{META}\""))).await;
    assert_eq!(parent(&span), META[3..52]);
    assert_eq!(span.links()[0].traceparent().to_string(), HEADER);

    // The stream and the end of a session make no spans, so none end up in the old trace.
    let (app, sink) = answering(ANSWER);
    let address = serve(app).await;
    for method in ["GET", "DELETE"] {
        let request = format!(
            "{method} /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}\r\n\r\n",
            header(HEADER)
        );
        exchange(address, request.as_bytes()).await;
    }
    assert_eq!(sink.len(), 0);
}

/// The SDKs before Python's `mcp` 2, TypeScript's and Rust's send nothing of their own; and Python's
/// sends nothing with notifications.
#[tokio::test]
async fn a_message_without_context() {
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    for message in [CALL, initialized] {
        let span = received(&[], message).await;
        assert_eq!(parent(&span), "");
        assert!(span.links().is_empty() && span.context.is_sampled());
    }
}

/// Rastir's spans have ids of 32 digits, of which it sends the first 16.
#[tokio::test]
async fn a_span_id_that_was_cut() {
    let id = "5d0fd26ac1f64d35a1f1c0b2c6c4b7e9";
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let span = received(&[header(&format!("00-{trace}-{}-01", &id[..16]))], CALL).await;
    assert_eq!(parent(&span), format!("{trace}-{}", &id[..16]));
    // Whole it is no context.
    let span = received(&[header(&format!("00-{trace}-{id}-01"))], CALL).await;
    assert_eq!(parent(&span), "");
}

/// Rastir and OpenTelemetry for Rust take what is no traceparent; whoever continues it passes it on.
#[tokio::test]
async fn a_header_that_others_would_take() {
    let trace = "0af7651916cd43dd8448eb211c80319c";
    for bad in [
        format!("ff-{trace}-00f067aa0ba902b7-01"),
        format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
        format!("00-{trace}-0000000000000000-01"),
        format!("00-{}-00f067aa0ba902b7-01", "x".repeat(32)),
        format!("00-{trace}-00f067aa0ba902b7-1"),
        format!("00-{trace}-00f067aa0ba902b7-01-"),
        "00-1-2-01".to_owned(),
    ] {
        let span = received(&[header(&bad)], CALL).await;
        assert_eq!(parent(&span), "", "{bad}");
    }
}

/// FastMCP starts a new trace where `_meta` is invalid, though the header is not; Envoy's gateway
/// reads a key that is absent as `<nil>`.
#[tokio::test]
async fn an_invalid_meta_beside_a_valid_header() {
    for bad in ["42", "null", r#""<nil>""#, r#""00-1-2-01""#, r#""""#] {
        let span = received(&[header(HEADER)], &call_with(bad)).await;
        assert_eq!(parent(&span), HEADER[3..52], "{bad}");
        assert!(span.links().is_empty());
    }
}

/// OpenTelemetry for Rust writes an empty tracestate.
#[tokio::test]
async fn an_empty_tracestate() {
    let span = received(&[header(HEADER), "tracestate: ".to_owned()], CALL).await;
    assert_eq!(parent(&span), HEADER[3..52]);
    assert_eq!(span.context.tracestate(), None);
}

/// OpenTelemetry for Rust before 0.32 refuses the flags `03`, which Python's SDK sends, and clears
/// the second bit since.
#[tokio::test]
async fn a_trace_with_the_random_flag() {
    let (layer, sink) = traced();
    let sends = on_post(|_message: String| async {
        traceparent_headers()["traceparent"]
            .to_str()
            .unwrap()
            .to_owned()
    });
    let address = serve(Router::new().route("/mcp", sends).layer(layer)).await;
    let random = META.replace("-01", "-03");
    let message = call_with(&format!("\"{random}\""));
    let answer = exchange(address, &post(&[], message.as_bytes())).await;
    assert_eq!(parent(&span(&sink).await), META[3..52]);
    assert!(answer.ends_with(b"-03"), "the next one learns of it");
}

/// FastMCP makes no span where the caller is not sampled, and loses the trace with it.
#[tokio::test]
async fn a_caller_that_is_not_sampled() {
    let (layer, sink) = traced();
    let sends = on_post(|_message: String| async {
        traceparent_headers()["traceparent"]
            .to_str()
            .unwrap()
            .to_owned()
    });
    let address = serve(Router::new().route("/mcp", sends).layer(layer)).await;
    let message = call_with(&format!("\"{}\"", META.replace("-01", "-00")));
    let answer = exchange(address, &post(&[], message.as_bytes())).await;
    let answer = String::from_utf8(answer).unwrap();
    let sent = answer.rsplit("\r\n").next().unwrap();
    assert!(
        sent.starts_with(&META[..35]) && sent.ends_with("-00"),
        "{sent}"
    );
    assert_eq!(sink.len(), 0);
}

/// Python's clients and Rastir's take an answer with `isError` for a success.
#[tokio::test]
async fn a_tool_that_answers_with_an_error() {
    let failed = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}"#;
    let (app, sink) = answering(failed);
    exchange(serve(app).await, &post(&[], CALL.as_bytes())).await;
    let span = span(&sink).await;
    assert_eq!(span.outcome.error_type.unwrap().as_str(), "tool_error");
}

/// In a session, handlers of MCP SDK 1 for Python and of rmcp run in a task that the first request
/// has started, and see that request's context.
#[tokio::test]
async fn a_session_that_keeps_the_context_of_its_first_request() {
    type Message = (Arc<ActiveSpan>, oneshot::Sender<String>);
    let session: Arc<Mutex<Option<mpsc::Sender<Message>>>> = Arc::default();
    let handle = move |Extension(span): Extension<Arc<ActiveSpan>>, _message: String| {
        let mut session = session.lock().unwrap();
        let worker = session.get_or_insert_with(|| {
            let (worker, mut messages) = mpsc::channel::<Message>(8);
            let first = span.clone();
            // As those servers do it: the task is in the first request's context for good.
            let work = async move {
                while let Some((span, answer)) = messages.recv().await {
                    let seen = async { current().unwrap().traceparent().to_string() };
                    let _ = answer.send(seen.in_trace(span).await);
                }
            };
            tokio::spawn(work.in_trace(first));
            worker
        });
        let worker = worker.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            worker.send((span, answer)).await.unwrap();
            answered.await.unwrap()
        }
    };
    let (layer, sink) = traced();
    let address = serve(Router::new().route("/mcp", on_post(handle)).layer(layer)).await;
    for (count, sent) in [HEADER, META].into_iter().enumerate() {
        let answer = exchange(address, &post(&[&header(sent)], CALL.as_bytes())).await;
        let spans = spans(&sink, count + 1).await;
        let span = &spans[count];
        assert_eq!(parent(span), sent[3..52]);
        let own = span.context.traceparent().to_string();
        assert!(
            answer.ends_with(own.as_bytes()),
            "the handler saw another request"
        );
    }
}
