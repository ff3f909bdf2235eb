//! Many calls on one connection of HTTP/2: each stream carries its own context.

mod support;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use support::{call, spans, traced};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

const CALLS: usize = 50;

type Log = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// Accepts one connection, and keeps what comes over it.
async fn serve(listener: TcpListener, log: Log) {
    let (stream, _) = listener.accept().await.unwrap();
    let service = service_fn(|request: Request<Incoming>| {
        let log = log.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let message: Value = serde_json::from_slice(&body).unwrap();
            let answer = serde_json::json!({"jsonrpc": "2.0", "id": message["id"], "result": {}});
            log.lock().unwrap().push((head.headers, message));
            let answer = Full::<Bytes>::from(answer.to_string());
            let response = Response::builder().header("content-type", "application/json");
            Ok::<_, Infallible>(response.body(answer).unwrap())
        }
    });
    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
        .unwrap();
}

#[tokio::test]
async fn each_stream_has_its_own_context() {
    let (layer, sink) = traced();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let log = Log::default();
    tokio::spawn(serve(listener, log.clone()));

    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<Full<Bytes>>();
    let client = layer.layer(client);
    join_all((0..CALLS).map(|id| {
        let request = Request::post(&url)
            .header("content-type", "application/json")
            .body(Full::from(call(id, "greet")))
            .unwrap();
        let answer = client.clone().oneshot(request);
        async move { answer.await.unwrap().into_body().collect().await.unwrap() }
    }))
    .await;

    let found = spans(&sink, CALLS).await;
    let mut parents = HashSet::new();
    for (headers, message) in log.lock().unwrap().iter() {
        let header = headers["traceparent"].to_str().unwrap();
        assert_eq!(message["params"]["_meta"]["traceparent"], header);
        let span = found
            .iter()
            .find(|span| span.context.traceparent().to_string() == header);
        let call = span.unwrap().operation.as_mcp().unwrap();
        assert_eq!(
            call.request_id.as_ref().unwrap(),
            message["id"].to_string().as_str()
        );
        assert_eq!(call.network.http_version, Some(http::Version::HTTP_2));
        parents.insert(header.to_owned());
    }
    assert_eq!(parents.len(), CALLS);
}
