//! Many calls over one client: none sees the context of another, and nothing stays behind.

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_client_layer::McpClientTrace;
use mcp_trace::{MemorySink, SpanKind, SpanRecord, agent_span};
use support::{Sent, Server, call, spans, traced};
use tower::{Layer, Service, ServiceExt};

const CALLS: usize = 200;

/// What a client of some kind can do.
trait Calls: Clone + Send + 'static {
    fn send(&self, method: &str, url: String, body: String) -> impl Future<Output = ()> + Send;
}

#[derive(Clone)]
struct Tower(McpClientTrace<reqwest::Client>);

impl Calls for Tower {
    async fn send(&self, method: &str, url: String, body: String) {
        let request = reqwest::Client::new().request(method.parse().unwrap(), url);
        let request = request
            .header("content-type", "application/json")
            .body(body)
            .build()
            .unwrap();
        self.0
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
    }
}

#[derive(Clone)]
struct Middleware(reqwest_middleware::ClientWithMiddleware);

impl Calls for Middleware {
    async fn send(&self, method: &str, url: String, body: String) {
        let request = self
            .0
            .request(method.parse().unwrap(), url)
            .header("content-type", "application/json");
        request
            .body(body)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
    }
}

#[derive(Clone)]
struct Hyper<S>(S);

impl<S, B> Calls for Hyper<S>
where
    S: Service<
            Request<Full<Bytes>>,
            Response = http::Response<B>,
            Error: std::fmt::Debug,
            Future: Send,
        >,
    S: Clone + Send + Sync + 'static,
    B: http_body::Body<Data: Send, Error: std::fmt::Debug> + Send,
{
    async fn send(&self, method: &str, url: String, body: String) {
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", "application/json");
        let request = request.body(Full::from(body)).unwrap();
        self.0
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap();
    }
}

fn id_of(sent: &Sent) -> u64 {
    sent.json()["id"].as_u64().unwrap()
}

async fn check(client: impl Calls, sink: Arc<MemorySink>) {
    let server = Server::start().await;
    let url = server.url("/mcp");

    // Half of the calls are made at once in one task, the others in a task each.
    let agent = agent_span("planner").with_sink(sink.clone()).start();
    let one = |id| {
        let (client, url) = (client.clone(), url.clone());
        async move { client.send("POST", url, call(id, "greet")).await }
    };
    let in_trace = |id| mcp_trace::InTraceExt::in_trace(one(id), agent.clone());
    let tasks: Vec<_> = (0..CALLS / 2)
        .map(|id| tokio::spawn(in_trace(id)))
        .collect();
    join_all((CALLS / 2..CALLS).map(in_trace)).await;
    for task in tasks {
        task.await.unwrap();
    }
    agent.end();

    let recorded = spans(&sink, CALLS + 1).await;
    let agent_id = agent.context().unwrap().span_id();
    let client_span = |sent: &Sent| -> &SpanRecord {
        let header = sent.header_context().unwrap();
        assert_eq!(sent.meta_context(), Some(header), "both carriers");
        let id = id_of(sent).to_string();
        let span = recorded
            .iter()
            .find(|span| span.span_id() == header.parent_id())
            .expect("a recorded span");
        assert_eq!(
            span.operation
                .as_mcp()
                .unwrap()
                .request_id
                .as_ref()
                .unwrap(),
            &id.as_str(),
            "its own call"
        );
        span
    };
    let sent = server.take();
    assert_eq!(sent.len(), CALLS);
    let parents: HashSet<_> = sent
        .iter()
        .map(|sent| client_span(sent).span_id())
        .collect();
    assert_eq!(parents.len(), CALLS);
    for span in sent.iter().map(client_span) {
        assert_eq!(
            (span.kind, span.parent_id()),
            (SpanKind::Client, Some(agent_id))
        );
    }

    // Nothing of it is left for a call outside of any agent, nor for other requests.
    let trace_id = agent.context().unwrap().trace_id();
    client.send("POST", url.clone(), call(1, "greet")).await;
    client.send("GET", url.clone(), String::new()).await;
    client.send("DELETE", url, String::new()).await;
    let sent = server.take();
    let contexts: Vec<_> = sent
        .iter()
        .map(|sent| sent.header_context().unwrap())
        .collect();
    assert!(
        contexts
            .iter()
            .all(|context| context.trace_id() != trace_id)
    );
    let traces: HashSet<_> = contexts.iter().map(|context| context.trace_id()).collect();
    assert_eq!(traces.len(), 3, "three roots");
    let names: Vec<_> = spans(&sink, 3)
        .await
        .iter()
        .map(|span| span.name().into_owned())
        .collect();
    assert_eq!(names, ["tools/call greet", "GET", "DELETE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reqwest_behind_the_layer() {
    let (layer, sink) = traced();
    check(Tower(layer.layer(reqwest::Client::new())), sink).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reqwest_with_the_middleware() {
    let (layer, sink) = traced();
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new());
    check(
        Middleware(client.with(McpClientTrace::from(layer)).build()),
        sink,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hyper_behind_the_layer() {
    let (layer, sink) = traced();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    check(Hyper(layer.layer(client)), sink).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hyper_behind_a_buffer() {
    let (layer, sink) = traced();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let buffered = tower::buffer::Buffer::new(client, 256);
    check(Hyper(layer.layer(buffered)), sink).await;
}
