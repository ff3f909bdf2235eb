//! A server on loopback that keeps what it was sent, and a sink to look into.
#![allow(dead_code, unreachable_pub)] // each test file uses a part

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mcp_client_layer::McpClientTraceLayer;
use mcp_trace::{AttributeVisitor, MemorySink, SpanRecord, TraceParent};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub const FOREIGN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A `tools/call` without trace context.
pub fn call(id: usize, tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"to":"Ada"}}}}}}"#
    )
}

pub fn traced() -> (McpClientTraceLayer, Arc<MemorySink>) {
    let sink = Arc::new(MemorySink::default());
    (McpClientTraceLayer::new().with_sink(sink.clone()), sink)
}

/// What reached the server.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn header_context(&self) -> Option<TraceParent> {
        self.headers
            .get("traceparent")
            .map(|value| TraceParent::parse(value.as_bytes()).unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn meta(&self, key: &str) -> Option<String> {
        self.json()["params"]["_meta"][key].as_str().map(Into::into)
    }

    pub fn meta_context(&self) -> Option<TraceParent> {
        self.meta("traceparent")
            .map(|value| TraceParent::parse(value.as_bytes()).unwrap())
    }
}

/// A span's attributes by name, as text.
pub fn attributes(span: &SpanRecord) -> std::collections::BTreeMap<String, String> {
    #[derive(Default)]
    struct Collect(std::collections::BTreeMap<String, String>);
    impl AttributeVisitor for Collect {
        fn text(&mut self, key: &str, value: &str) {
            self.0.insert(key.into(), value.into());
        }
        fn int(&mut self, key: &str, value: i64) {
            self.0.insert(key.into(), value.to_string());
        }
        fn float(&mut self, key: &str, value: f64) {
            self.0.insert(key.into(), value.to_string());
        }
        fn bool(&mut self, key: &str, value: bool) {
            self.0.insert(key.into(), value.to_string());
        }
    }
    let mut collect = Collect::default();
    span.visit_attributes(&mut collect);
    collect.0
}

/// Waits until `sink` holds `count` spans.
pub async fn spans(sink: &MemorySink, count: usize) -> Vec<SpanRecord> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while sink.len() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} spans: {:#?}",
            sink.len(),
            sink.spans()
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    sink.take()
}

/// Waits for the only span.
pub async fn only_span(sink: &MemorySink) -> SpanRecord {
    let mut spans = spans(sink, 1).await;
    assert_eq!(spans.len(), 1, "{spans:#?}");
    spans.remove(0)
}

/// An HTTP server that answers by the path; see [`answer`].
#[derive(Clone, Debug)]
pub struct Server {
    pub address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            sent: Arc::default(),
        };
        let sent = server.sent.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sent = sent.clone();
                let service = service_fn(move |request| handle(request, sent.clone()));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(async move {
                    connection
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                });
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was sent so far, in the order of arrival.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    pub fn only(&self) -> Sent {
        let mut sent = self.take();
        assert_eq!(sent.len(), 1, "{sent:#?}");
        sent.remove(0)
    }
}

type Answer = Response<BoxBody<Bytes, io::Error>>;

async fn handle(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Sent>>>,
) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let sent = Sent {
        method: parts.method,
        path: parts.uri.path().into(),
        headers: parts.headers,
        body,
    };
    log.lock().unwrap().push(sent.clone());
    Ok(answer(&sent).await)
}

/// Chunks with the milliseconds to wait before each; `None` breaks the connection.
fn body(chunks: Vec<(u64, Option<String>)>) -> BoxBody<Bytes, io::Error> {
    let chunks = stream::iter(chunks).then(|(wait, chunk)| async move {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        chunk
            .map(|chunk| Frame::data(Bytes::from(chunk)))
            .ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    });
    BoxBody::new(StreamBody::new(SyncStream(Mutex::new(chunks.boxed()))))
}

/// A stream that is only polled through `&mut`.
struct SyncStream<S>(Mutex<S>);

impl<S: stream::Stream + Unpin> stream::Stream for SyncStream<S> {
    type Item = S::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<S::Item>> {
        self.0.get_mut().unwrap().poll_next_unpin(cx)
    }
}

async fn answer(sent: &Sent) -> Answer {
    let message: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
    let result = match message["params"]["name"].as_str() {
        Some("fail") => json!({"result": {"content": [], "isError": true}}),
        Some("missing") => json!({"error": {"code": -32602, "message": "who?"}}),
        _ => json!({"result": {"content": [], "isError": false}}),
    };
    let mut reply = json!({"jsonrpc": "2.0", "id": message["id"]});
    reply
        .as_object_mut()
        .unwrap()
        .extend(result.as_object().unwrap().clone());
    let reply = reply.to_string();
    let now = |chunk: &str| (0, Some(chunk.to_owned()));
    let priming = now("data: \nid: 0\nretry: 3000\n\n");
    let progress = now(
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":1}}\n\n",
    );
    let event = format!("data: {reply}\n\n");
    let response = Response::builder();
    let json = |status: u16, chunks| {
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(body(chunks))
            .unwrap()
    };
    let sse = |chunks| {
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(body(chunks))
            .unwrap()
    };
    if let Some(status) = sent.path.strip_prefix("/status/") {
        let response = response.status(status.parse::<u16>().unwrap());
        return response
            .header("content-type", "text/plain")
            .body(body(vec![now("nothing here")]))
            .unwrap();
    }
    match sent.path.as_str() {
        "/sse" => sse(vec![
            priming,
            progress,
            now(&event),
            (60_000, Some(": still open\n\n".into())),
        ]),
        "/slow-sse" => sse(vec![priming, progress, (150, Some(event))]),
        "/sse-without-answer" => sse(vec![priming, progress]),
        "/sse-in-pieces" => sse(event
            .as_bytes()
            .chunks(7)
            .map(|piece| now(std::str::from_utf8(piece).unwrap()))
            .collect()),
        "/endless" => sse(vec![
            priming,
            progress.clone(),
            (60_000, Some(String::new())),
        ]),
        "/broken" => json(200, vec![now(&reply[..20]), (20, None)]),
        "/stalled" => json(200, vec![now(&reply[..20]), (60_000, Some(String::new()))]),
        "/hang" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            json(200, vec![])
        }
        "/error-404" => {
            let reply = json!({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}});
            json(404, vec![now(&reply.to_string())])
        }
        "/initialize" => {
            let reply = json!({"jsonrpc": "2.0", "id": message["id"], "result": {"protocolVersion": "2025-11-25"}});
            let mut response = json(200, vec![now(&reply.to_string())]);
            response
                .headers_mut()
                .insert("mcp-session-id", "s-1".parse().unwrap());
            response
        }
        "/accepted" => response.status(202).body(body(vec![])).unwrap(),
        // The same server by its other name.
        "/elsewhere" => {
            let port = sent.header("host").and_then(|host| host.rsplit(':').next());
            let location = format!("http://localhost:{}/mcp", port.unwrap_or_default());
            let response = response.status(307).header("location", location);
            response.body(body(vec![])).unwrap()
        }
        "/redirect" => response
            .status(307)
            .header("location", "/mcp")
            .body(body(vec![]))
            .unwrap(),
        _ if sent.method != Method::POST => response.status(202).body(body(vec![])).unwrap(),
        _ => {
            let length = reply.len();
            let mut response = json(200, vec![now(&reply)]);
            response
                .headers_mut()
                .insert("content-length", length.into());
            response
        }
    }
}
