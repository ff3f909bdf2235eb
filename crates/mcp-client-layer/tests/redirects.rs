//! Redirects happen below the layer: what they carry, and to whom.

mod support;

use mcp_client_layer::{McpClientTraceLayer, Targets};
use mcp_trace::{InTraceExt, TraceContext};
use reqwest::redirect::{Attempt, Policy};
use support::{Server, call, spans, traced};
use tower::{Layer, ServiceExt};

/// Calls `there`, which says to go to the same server under another name.
async fn call_elsewhere(layer: McpClientTraceLayer, policy: Policy, there: &Server) -> u16 {
    let client = reqwest::Client::builder().redirect(policy).build().unwrap();
    let request = client
        .post(there.url("/elsewhere"))
        .header("content-type", "application/json")
        .body(call(1, "greet"))
        .build()
        .unwrap();
    let answer = layer.layer(client).oneshot(request);
    let answer = answer.in_trace(TraceContext::new_root()).await.unwrap();
    let status = answer.status().as_u16();
    answer.bytes().await.unwrap();
    status
}

/// The policy of the crate's documentation.
fn same_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let from = attempt.previous().last().and_then(|url| url.host_str());
    if from == attempt.url().host_str() {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

#[tokio::test]
async fn reqwest_repeats_the_context_to_another_host() {
    let (layer, sink) = traced();
    let layer = layer.propagate_to(Targets::hosts(["127.0.0.1"]));
    let server = Server::start().await;
    assert_eq!(call_elsewhere(layer, Policy::default(), &server).await, 200);
    let sent = server.take();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[1].header("host").unwrap().split(':').next(),
        Some("localhost")
    );
    assert_eq!(sent[0].header_context(), sent[1].header_context());
    assert_eq!(spans(&sink, 1).await.len(), 1, "one call");
}

#[tokio::test]
async fn a_policy_keeps_the_context_on_its_host() {
    let (layer, sink) = traced();
    let layer = layer.propagate_to(Targets::hosts(["127.0.0.1"]));
    let server = Server::start().await;
    assert_eq!(
        call_elsewhere(layer, Policy::custom(same_host), &server).await,
        307
    );
    assert!(server.only().header_context().is_some());
    assert_eq!(spans(&sink, 1).await.len(), 1);
}
