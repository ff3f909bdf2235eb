//! The service under test of the W3C suite speaks the suite's protocol.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use crate::program::Server;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::HeaderMap;
use serde_json::json;
use tokio::net::TcpListener;

type Seen = Arc<Mutex<Vec<HeaderMap>>>;

#[tokio::test]
async fn it_makes_every_call_before_it_answers() {
    let seen = Seen::default();
    let keep =
        async |State(seen): State<Seen>, headers: HeaderMap| seen.lock().unwrap().push(headers);
    let harness = Router::new()
        .route("/", post(keep))
        .with_state(seen.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, harness).await });

    let service = Server::start("w3c_service", &[]).await;
    let call = json!({ "url": url, "arguments": [] });
    let answer = reqwest::Client::new()
        .post(&service.url)
        .header(
            "traceparent",
            "00-12345678901234567890123456789012-1234567890123456-01",
        )
        .header("tracestate", "foo=1,bar=2")
        .json(&json!([call, call]))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());

    let seen = seen.lock().unwrap();
    let sent: Vec<&str> = seen
        .iter()
        .map(|headers| headers["traceparent"].to_str().unwrap())
        .collect();
    assert_eq!(sent.len(), 2);
    for sent in &sent {
        assert!(
            sent.starts_with("00-12345678901234567890123456789012-"),
            "{sent}"
        );
        assert!(!sent.contains("-1234567890123456-"), "{sent}");
    }
    assert_ne!(sent[0], sent[1]);
    assert!(
        seen.iter()
            .all(|headers| headers["tracestate"] == "foo=1,bar=2")
    );
}
