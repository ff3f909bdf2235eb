//! What the tests share.

use std::time::{Duration, Instant};

use mcp_trace_viewer::{ServeError, Viewer};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A viewer on a free port.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) http: Client,
    end: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::with(Viewer::new()).await
    }

    pub(crate) async fn with(viewer: Viewer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (end, ended) = oneshot::channel::<()>();
        let served = tokio::spawn(viewer.serve(listener, async {
            let _ = ended.await;
        }));
        Self {
            url,
            http: client(),
            end,
            served,
        }
    }

    /// Ends it as Ctrl-C does.
    pub(crate) async fn stop(self) {
        self.end.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.get(path).send().await.unwrap().text().await.unwrap()
    }

    /// The spans of a trace.
    pub(crate) async fn spans(&self, trace: &str) -> Vec<Value> {
        let trace = self.json(&format!("/api/traces/{trace}")).await;
        trace["spans"].as_array().unwrap().clone()
    }

    /// Sends spans by OTLP/JSON, as a service called `test`; all are taken.
    pub(crate) async fn push(&self, spans: &[Value]) {
        let answer = self.post("/v1/traces").json(&request(spans)).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({}));
    }

    /// Waits until the list of traces is as wanted, for at most 10 s.
    pub(crate) async fn eventually(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let list = self.json("/api/traces").await;
            if wanted(&list) {
                return list;
            }
            assert!(Instant::now() < end, "not within 10 s: {list}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A client that no proxy comes between.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// An OTLP/JSON request.
pub(crate) fn request(spans: &[Value]) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "test"}}]},
        "scopeSpans": [{"spans": spans}],
    }]})
}

/// A span in OTLP/JSON of 1 ms, which began `start` ms after the first of 2026.
pub(crate) fn span(trace: &str, id: u64, parent: Option<u64>, start: u64) -> Value {
    let start = (1_767_225_600_000 + start) * 1_000_000;
    json!({
        "traceId": trace,
        "spanId": format!("{id:016x}"),
        "parentSpanId": parent.map_or_else(String::new, |id| format!("{id:016x}")),
        "name": format!("span {id}"),
        "kind": 1,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + 1_000_000).to_string(),
    })
}

/// The span with an attribute.
pub(crate) fn with(mut span: Value, key: &str, value: Value) -> Value {
    let attribute = json!({"key": key, "value": value});
    match span["attributes"].as_array_mut() {
        Some(attributes) => attributes.push(attribute),
        None => span["attributes"] = json!([attribute]),
    }
    span
}

/// A trace id.
pub(crate) fn trace(n: u64) -> String {
    format!("{:032x}", u128::from(n) + 1)
}
