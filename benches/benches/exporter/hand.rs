//! What somebody would write who knows the spans: no retry, no accounts, no second protocol.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use mcp_trace::{Operation, SpanRecord, SpanSink};

/// So many spans are worth a request.
const BATCH: usize = 512;
/// The most that a request takes, so that it stays below 4 MiB.
const MOST: usize = 8_192;

/// A queue under a lock, and a thread that posts what is in it.
#[derive(Debug)]
pub(crate) struct HandSink {
    shared: Arc<Shared>,
    room: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<(Vec<SpanRecord>, bool)>,
    due: Condvar,
}

impl HandSink {
    pub(crate) fn start(url: &str, room: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let (of_thread, url) = (shared.clone(), format!("{url}/v1/traces"));
        Self {
            shared,
            room,
            thread: Mutex::new(Some(thread::spawn(move || of_thread.send(&url)))),
        }
    }

    /// Sends what is left.
    pub(crate) fn stop(&self) {
        self.shared.queue.lock().expect("no panic").1 = true;
        self.shared.due.notify_one();
        if let Some(thread) = self.thread.lock().expect("no panic").take() {
            thread.join().expect("no panic");
        }
    }
}

impl SpanSink for HandSink {
    fn record(&self, span: SpanRecord) {
        let mut queue = self.shared.queue.lock().expect("no panic");
        if queue.0.len() < self.room {
            queue.0.push(span);
            if queue.0.len() == BATCH {
                self.shared.due.notify_one();
            }
        }
    }
}

impl Shared {
    fn send(&self, url: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let client: Client<HttpConnector, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).build_http();
        loop {
            let (spans, stopped) = {
                let queue = self.queue.lock().expect("no panic");
                let wait = Duration::from_secs(5);
                let (mut queue, _) = self
                    .due
                    .wait_timeout_while(queue, wait, |queue| queue.0.len() < BATCH && !queue.1)
                    .expect("no panic");
                (mem::take(&mut queue.0), queue.1)
            };
            for spans in spans.chunks(MOST) {
                let request = Request::post(url)
                    .header(CONTENT_TYPE, "application/x-protobuf")
                    .body(Full::from(request(spans)))
                    .expect("constant parts");
                runtime.block_on(async {
                    if let Ok(answer) = client.request(request).await {
                        let _ = answer.into_body().collect().await;
                    }
                });
            }
            if stopped && spans.is_empty() {
                return;
            }
        }
    }
}

/// `ExportTraceServiceRequest`.
fn request(spans: &[SpanRecord]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(spans.len() * 512);
    for span in spans {
        encode(span, &mut encoded);
    }
    let mut resource = Vec::new();
    attribute(&mut resource, 1, "service.name", "bench");
    let mut scope = Vec::new();
    text(&mut scope, 1, "bench");
    let scope_spans = 2 + scope.len() + encoded.len();
    let header = 2 + resource.len() + 1 + varint_len(scope_spans);
    let mut out = Vec::with_capacity(encoded.len() + 256);
    open(&mut out, 1, header + scope_spans);
    open(&mut out, 1, resource.len());
    out.extend_from_slice(&resource);
    open(&mut out, 2, scope_spans);
    open(&mut out, 1, scope.len());
    out.extend_from_slice(&scope);
    out.extend_from_slice(&encoded);
    out
}

/// A span of a tool call, with its length in two bytes: none is shorter than 128 bytes, none longer
/// than 16 KiB.
fn encode(span: &SpanRecord, out: &mut Vec<u8>) {
    let Operation::Mcp(call) = &span.operation else {
        return;
    };
    let start = out.len();
    out.extend_from_slice(&[0x12, 0, 0]);
    out.extend_from_slice(&[0x0a, 16]);
    out.extend_from_slice(&span.trace_id().to_bytes());
    out.extend_from_slice(&[0x12, 8]);
    out.extend_from_slice(&span.span_id().to_bytes());
    let tool = call.target.as_ref().map_or("", |tool| tool.as_str());
    open(out, 5, "tools/call ".len() + tool.len());
    out.extend_from_slice(b"tools/call ");
    out.extend_from_slice(tool.as_bytes());
    out.extend_from_slice(&[0x30, 3]);
    let began = span.start.duration_since(UNIX_EPOCH).unwrap_or_default();
    for (key, time) in [(0x39, began), (0x41, began + span.duration)] {
        out.push(key);
        out.extend_from_slice(&(time.as_nanos() as u64).to_le_bytes());
    }
    attribute(out, 9, "mcp.method.name", "tools/call");
    attribute(out, 9, "gen_ai.operation.name", "execute_tool");
    attribute(out, 9, "gen_ai.tool.name", tool);
    if let Some(id) = &call.request_id {
        attribute(out, 9, "jsonrpc.request.id", id.as_str());
    }
    if let Some(id) = &call.session_id {
        attribute(out, 9, "mcp.session.id", id.as_str());
    }
    attribute(out, 9, "network.transport", "tcp");
    attribute(out, 9, "network.protocol.name", "http");
    attribute(out, 9, "network.protocol.version", "1.1");
    if let Some(peer) = &call.network.peer {
        attribute(out, 9, "server.address", peer.address.as_str());
        if let Some(port) = peer.port {
            number(out, "server.port", port.into());
        }
    }
    attribute(out, 9, "remote", "true");
    let len = out.len() - start - 3;
    out[start + 1] = len as u8 | 0x80;
    out[start + 2] = (len >> 7) as u8;
}

/// A `KeyValue` below 128 bytes.
fn attribute(out: &mut Vec<u8>, field: u8, key: &str, value: &str) {
    let len = key.len() + value.len() + 6;
    out.extend_from_slice(&[field << 3 | 2, len as u8, 0x0a, key.len() as u8]);
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&[0x12, value.len() as u8 + 2, 0x0a, value.len() as u8]);
    out.extend_from_slice(value.as_bytes());
}

fn number(out: &mut Vec<u8>, key: &str, value: usize) {
    let len = 1 + varint_len(value);
    open(out, 9, 2 + key.len() + 2 + len);
    text(out, 1, key);
    open(out, 2, len);
    out.push(0x18);
    varint(out, value);
}

fn text(out: &mut Vec<u8>, field: u8, value: &str) {
    open(out, field, value.len());
    out.extend_from_slice(value.as_bytes());
}

fn open(out: &mut Vec<u8>, field: u8, len: usize) {
    out.push(field << 3 | 2);
    varint(out, len);
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_len(value: usize) -> usize {
    value.max(1).ilog2() as usize / 7 + 1
}
