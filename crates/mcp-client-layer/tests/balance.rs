//! The layer with a balanced set of servers, outside and inside.

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use mcp_trace::{InTraceExt, MemorySink, SpanKind, SpanRecord, agent_span};
use support::{Server, call, spans, traced};
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::Constant;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};

const CALLS: usize = 40;

/// Sends every request to one server.
#[derive(Clone)]
struct To<S>(S, Server);

impl<S: Service<reqwest::Request>> Service<usize> for To<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, id: usize) -> S::Future {
        let request = reqwest::Client::new()
            .post(self.1.url("/mcp"))
            .header("content-type", "application/json")
            .body(call(id, "greet"));
        self.0.call(request.build().unwrap())
    }
}

/// Every message has reached one of the servers with a span of its own.
async fn check(servers: [Server; 2], sink: &MemorySink) {
    let found = spans(sink, CALLS + 1).await;
    let agent = found
        .iter()
        .find(|span| span.kind == SpanKind::Internal)
        .unwrap();
    let clients: Vec<&SpanRecord> = found
        .iter()
        .filter(|span| span.kind == SpanKind::Client)
        .collect();
    let [first, second] = servers.map(|server| server.take());
    assert!(!first.is_empty() && !second.is_empty(), "both are used");
    let mut parents = HashSet::new();
    for sent in first.iter().chain(&second) {
        let context = sent.header_context().unwrap();
        assert_eq!(sent.meta_context(), Some(context));
        let span = clients
            .iter()
            .find(|span| span.span_id() == context.parent_id())
            .unwrap();
        let id = span.operation.as_mcp().unwrap().request_id.clone().unwrap();
        assert_eq!(id, sent.json()["id"].to_string().as_str());
        assert_eq!(span.parent_id(), Some(agent.span_id()));
        parents.insert(context.parent_id());
    }
    assert_eq!(parents.len(), CALLS);
}

#[tokio::test]
async fn inside_each_of_the_balanced_services() {
    let (layer, sink) = traced();
    let servers = [Server::start().await, Server::start().await];
    let services = servers
        .clone()
        .map(|server| Constant::new(To(layer.layer(reqwest::Client::new()), server), 1));
    let balance = Balance::new(ServiceList::new::<usize>(Vec::from(services)));
    run(sink.clone(), async move {
        // One handle, no queue: a buffer would call it where nothing is current.
        let mut balance = balance;
        let mut answers = Vec::new();
        for id in 0..CALLS {
            answers.push(balance.ready().await.unwrap().call(id));
        }
        for answer in join_all(answers).await {
            let answer: reqwest::Response = answer.unwrap();
            drop(answer.bytes().await);
        }
    })
    .await;
    check(servers, &sink).await;
}

#[tokio::test]
async fn outside_of_the_balance() {
    /// Points a traced request at one server.
    #[derive(Clone)]
    struct At(reqwest::Client, Server);

    impl Service<reqwest::Request> for At {
        type Response = reqwest::Response;
        type Error = reqwest::Error;
        type Future = <reqwest::Client as Service<reqwest::Request>>::Future;

        fn poll_ready(
            &mut self,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), reqwest::Error>> {
            Service::poll_ready(&mut self.0, cx)
        }

        fn call(&mut self, mut request: reqwest::Request) -> Self::Future {
            *request.url_mut() = self.1.url("/mcp").parse().unwrap();
            Service::call(&mut self.0, request)
        }
    }

    let (layer, sink) = traced();
    let servers = [Server::start().await, Server::start().await];
    let services = servers
        .clone()
        .map(|server| Constant::new(At(reqwest::Client::new(), server), 1));
    let balance = Balance::new(ServiceList::new::<reqwest::Request>(Vec::from(services)));
    let client = ServiceBuilder::new()
        .layer(layer)
        .buffer(CALLS)
        .service(balance);
    run(sink.clone(), async move {
        let calls = (0..CALLS).map(|id| {
            let request = reqwest::Client::new()
                .post("http://tools.example/mcp")
                .header("content-type", "application/json")
                .body(call(id, "greet"));
            let answer = client.clone().oneshot(request.build().unwrap());
            async move {
                let answer: reqwest::Response = answer.await?;
                Ok::<_, BoxError>(answer.bytes().await?)
            }
        });
        for answer in join_all(calls).await {
            answer.unwrap();
        }
    })
    .await;
    check(servers, &sink).await;
}

async fn run(sink: Arc<MemorySink>, calls: impl Future<Output = ()>) {
    let agent = agent_span("planner").with_sink(sink).start();
    calls.in_trace(agent.clone()).await;
    agent.end();
}
