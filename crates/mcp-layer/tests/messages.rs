//! A service that takes JSON-RPC messages through a channel, without HTTP.

mod support;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use mcp_layer::{McpServerTraceLayer, MessageFormat};
use mcp_trace::{
    ActiveSpan, End, InTraceExt, McpCall, Method, Outcome, ProtocolVersion, Sampler, SpanKind,
    Text, Trust,
};
use serde_json::{Value, json};
use support::{HEADER, META, span, traced};
use tokio::sync::{mpsc, oneshot};
use tower::{Layer, Service, ServiceExt};

/// A message on its way to the worker.
struct Envelope {
    headers: HeaderMap,
    message: Value,
    span: Option<Arc<ActiveSpan>>,
}

impl Envelope {
    fn new(message: Value) -> Self {
        Self {
            headers: HeaderMap::new(),
            message,
            span: None,
        }
    }
}

#[derive(Clone)]
struct Format;

impl MessageFormat for Format {
    type Message = Envelope;
    type Answer = Value;

    fn call(&self, envelope: &Envelope) -> McpCall {
        let message = &envelope.message;
        let mut call = McpCall::new(Method::parse(message["method"].as_str().unwrap()));
        call.set_target(message["params"]["name"].as_str(), None);
        call.request_id = message.get("id").map(|id| Text::new(&id.to_string()));
        call.protocol_version = Some(ProtocolVersion::V2026_07_28);
        call
    }

    fn meta<'m>(&self, envelope: &'m Envelope, key: &str) -> Option<&'m str> {
        envelope.message["params"]["_meta"][key].as_str()
    }

    fn headers<'m>(&self, envelope: &'m Envelope) -> Option<&'m HeaderMap> {
        Some(&envelope.headers)
    }

    fn attach(&self, envelope: &mut Envelope, span: &Arc<ActiveSpan>) {
        envelope.span = Some(span.clone());
    }

    fn outcome(&self, answer: &Value) -> Outcome {
        if let Some(code) = answer["error"]["code"].as_i64() {
            return Outcome::rpc_error(SpanKind::Server, code, "no");
        }
        match answer["result"]["isError"] {
            Value::Bool(true) => Outcome::tool_error(),
            _ => Outcome::default(),
        }
    }
}

type Job = (Envelope, oneshot::Sender<Value>);

/// Sends messages to a task, which may be anywhere.
#[derive(Clone)]
struct Channel(mpsc::Sender<Job>);

impl Service<Envelope> for Channel {
    type Response = Value;
    type Error = String;
    type Future = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), String>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, envelope: Envelope) -> Self::Future {
        let jobs = self.0.clone();
        // What is current when the service is called, and when it is polled.
        let called = mcp_trace::current();
        Box::pin(async move {
            assert_eq!(called, mcp_trace::current());
            assert!(envelope.message["params"]["name"] != "panic", "expected");
            let (answer, answered) = oneshot::channel();
            let sent = jobs.send((envelope, answer)).await;
            sent.map_err(|_| "nobody works".to_owned())?;
            answered.await.map_err(|_| "no answer".to_owned())
        })
    }
}

/// Answers with the span that it works under.
fn worker() -> Channel {
    let (jobs, mut queue) = mpsc::channel::<Job>(8);
    tokio::spawn(async move {
        while let Some((envelope, answer)) = queue.recv().await {
            let work = async {
                let name = envelope.message["params"]["name"].as_str();
                let context = mcp_trace::current().map(|c| c.traceparent().to_string());
                match name {
                    Some("refuse") => json!({"error": {"code": -32000}}),
                    Some("unknown") => json!({"error": {"code": -32602}}),
                    Some("fail") => json!({"result": {"isError": true}}),
                    _ => json!({"result": context}),
                }
            };
            let name = envelope.message["params"]["name"].clone();
            let result = match &envelope.span {
                Some(span) => work.in_trace(span.clone()).await,
                None => work.await,
            };
            if name != "die" {
                let _ = answer.send(result);
            }
        }
    });
    Channel(jobs)
}

fn call(tool: &str, meta: Value) -> Envelope {
    Envelope::new(
        json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool, "_meta": meta}}),
    )
}

#[tokio::test]
async fn the_message_is_continued_its_headers_linked_and_the_worker_in_its_trace() {
    let (layer, sink) = traced();
    let service = layer.messages(Format).layer(worker());
    let mut envelope = call("greet", json!({"traceparent": META}));
    envelope
        .headers
        .insert("traceparent", HeaderValue::from_static(HEADER));
    let answer = service.oneshot(envelope).await.unwrap();
    let span = span(&sink).await;
    assert_eq!(
        (span.name().as_ref(), span.kind),
        ("tools/call greet", SpanKind::Server)
    );
    assert_eq!(span.trace_id().to_string(), META[3..35]);
    assert_eq!(span.parent_id().unwrap().to_string(), META[36..52]);
    assert_eq!(span.links()[0].traceparent().to_string(), HEADER);
    assert_eq!(answer["result"], span.context.traceparent().to_string());
    let call = span.operation.as_mcp().unwrap();
    assert_eq!(call.request_id.as_ref().unwrap(), "7");
    assert_eq!((span.end, span.outcome.is_error()), (End::Complete, false));
}

#[tokio::test]
async fn a_header_alone_is_the_parent_and_neither_is_a_new_trace() {
    let (layer, sink) = traced();
    let stats = layer.stats();
    let service = layer.messages(Format).layer(worker());
    let mut envelope = call("greet", json!({"traceparent": "nonsense"}));
    envelope
        .headers
        .insert("traceparent", HeaderValue::from_static(HEADER));
    service.clone().oneshot(envelope).await.unwrap();
    service.oneshot(call("greet", json!({}))).await.unwrap();
    let [first, second] = sink.take().try_into().unwrap();
    assert_eq!(first.parent_id().unwrap().to_string(), HEADER[36..52]);
    assert_eq!(second.parent_id(), None);
    assert_eq!((stats.requests(), stats.spans(), stats.open()), (2, 2, 0));
    assert_eq!(stats.invalid_metas(), 1);
}

#[tokio::test]
async fn how_it_ends() {
    let error_type = |tool: &'static str| async move {
        let (layer, sink) = traced();
        let service = layer.messages(Format).layer(worker());
        let answered = tokio::spawn(service.oneshot(call(tool, json!({})))).await;
        let span = span(&sink).await;
        assert_eq!(span.end, End::Complete);
        (
            answered.is_ok_and(|answer| answer.is_ok()),
            span.outcome.error_type,
        )
    };
    for (tool, answered, expected) in [
        ("greet", true, None),
        ("fail", true, Some("tool_error")),
        ("refuse", true, Some("-32000")),
        ("unknown", true, None),
        ("die", false, Some("service")),
        ("panic", false, Some("panic")),
    ] {
        let (was_answered, error) = error_type(tool).await;
        assert_eq!(was_answered, answered, "{tool}");
        assert_eq!(error.as_ref().map(Text::as_str), expected, "{tool}");
    }
}

/// Panics where it is handed the span.
#[derive(Clone)]
struct Panics;

impl MessageFormat for Panics {
    type Message = Envelope;
    type Answer = Value;

    fn call(&self, envelope: &Envelope) -> McpCall {
        Format.call(envelope)
    }

    fn meta<'m>(&self, envelope: &'m Envelope, key: &str) -> Option<&'m str> {
        envelope.message["params"]["_meta"][key].as_str()
    }

    fn attach(&self, _: &mut Envelope, _: &Arc<ActiveSpan>) {
        panic!("expected by the test")
    }

    fn outcome(&self, answer: &Value) -> Outcome {
        Format.outcome(answer)
    }
}

#[tokio::test]
async fn a_format_that_panics_ends_it_with_an_error() {
    let (layer, sink) = traced();
    let stats = layer.stats();
    let mut service = layer.messages(Panics).layer(worker());
    let call = AssertUnwindSafe(|| service.call(call("greet", json!({}))));
    assert!(catch_unwind(call).is_err());
    let span = span(&sink).await;
    assert_eq!(span.outcome.error_type.unwrap(), "panic");
    assert_eq!((stats.requests(), stats.open(), stats.spans()), (1, 0, 1));
}

#[tokio::test]
async fn who_drops_the_future_cancels() {
    let (layer, sink) = traced();
    let stats = layer.stats();
    let (jobs, _queue) = mpsc::channel(8); // nobody works
    let service = layer.messages(Format).layer(Channel(jobs));
    let pending = service.oneshot(call("greet", json!({})));
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(10), pending);
    assert!(waiting.await.is_err());
    let span = span(&sink).await;
    assert_eq!(span.end, End::Cancelled);
    assert_eq!((stats.requests(), stats.open()), (1, 0));
}

#[tokio::test]
async fn the_options_hold() {
    let (layer, sink) = traced();
    let layer = layer
        .trust(Trust::RestartAndLink)
        .known_tools(["greet"])
        .spans_for(|method| *method != Method::Ping);
    let service = layer.messages(Format).layer(worker());
    let meta = json!({"traceparent": META});
    service
        .clone()
        .oneshot(call("made up", meta.clone()))
        .await
        .unwrap();
    let mut ping = call("", meta);
    ping.message["method"] = "ping".into();
    service.oneshot(ping).await.unwrap();
    let span = span(&sink).await;
    assert_eq!(span.name(), "tools/call _OTHER");
    assert_eq!(span.parent_id(), None);
    assert_eq!(span.links()[0].traceparent().to_string(), META);

    let propagating = McpServerTraceLayer::new().without_spans();
    let service = propagating.messages(Format).layer(worker());
    let answer = service
        .oneshot(call("greet", json!({"traceparent": META})))
        .await;
    assert_eq!(answer.unwrap()["result"], META);

    let (layer, sink) = traced();
    let unsampled = layer.sampler_for(|_| Some(Sampler::NEVER));
    let service = unsampled.messages(Format).layer(worker());
    service.oneshot(call("greet", json!({}))).await.unwrap();
    assert!(sink.is_empty());
}
