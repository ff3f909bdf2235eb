//! The headers that rmcp's HTTP client sends: each message's own context, and nothing else.
#![cfg(feature = "http-client")]

mod support;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{InTraceExt, Method, SpanKind, SpanRecord, TraceContext};
use mcp_trace_rmcp::{TracedHandler, TracedHttpClient, wrap_mcp};
use rmcp::model::{CallToolRequestParams, ClientJsonRpcMessage, JsonRpcMessage, RequestParamsMeta};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
    StreamableHttpResponseLimits,
};
use serde_json::Value;
use support::{Mode, Tools, connect, parent, serve, sink, spans, until};

const FOREIGN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";

/// What went over the wire.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<(http::Method, HeaderMap, Value)>>>);

impl Wire {
    fn tap(&self, router: Router) -> Router {
        let seen = self.0.clone();
        router.layer(from_fn(move |request: Request, next: Next| {
            let seen = seen.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let message = serde_json::from_slice(&body).unwrap_or_default();
                seen.lock()
                    .unwrap()
                    .push((head.method.clone(), head.headers.clone(), message));
                next.run(Request::from_parts(head, Body::from(body))).await
            }
        }))
    }

    fn take(&self) -> Vec<(http::Method, HeaderMap, Value)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn carriers<'a>(headers: &'a HeaderMap, message: &'a Value) -> (Option<&'a str>, Option<&'a str>) {
    let header = headers
        .get("traceparent")
        .map(|value| value.to_str().unwrap());
    (header, message["params"]["_meta"]["traceparent"].as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_has_its_own_context_and_nothing_stays_behind() {
    for mode in Mode::ALL {
        let (wire, clients, servers) = (Wire::default(), sink(), sink());
        let layer = McpServerTraceLayer::new().with_sink(servers.clone());
        let server = serve(mode, TracedHandler::new(Tools), |router| {
            wire.tap(router.layer(layer))
        })
        .await;
        let client = connect(mode, &server, TracedHttpClient::new(reqwest::Client::new())).await;
        let tools = wrap_mcp(client.peer().clone()).with_sink(clients.clone());
        wire.take();

        let root = TraceContext::new_root();
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let tools = tools.clone().under(root.clone());
            calls.spawn(async move {
                tools
                    .call_tool(CallToolRequestParams::new("whoami"))
                    .await
                    .unwrap()
            });
        }
        calls.join_all().await;
        let sent: Vec<_> = wire
            .take()
            .into_iter()
            .filter(|(_, _, message)| message["method"] == "tools/call")
            .collect();
        assert_eq!(sent.len(), 200, "{mode:?}");
        let mut parents = HashSet::new();
        for (_, headers, message) in &sent {
            let (header, meta) = carriers(headers, message);
            assert!(header.is_some(), "{mode:?}");
            assert_eq!(header, meta, "{mode:?}");
            parents.insert(parent(header.unwrap()).parent_id());
        }
        let ids = |spans: Vec<SpanRecord>| {
            spans
                .iter()
                .map(SpanRecord::span_id)
                .collect::<HashSet<_>>()
        };
        let client_spans = spans(&clients, SpanKind::Client, &Method::ToolsCall);
        assert_eq!(parents, ids(client_spans), "{mode:?}");
        until("the SERVER spans", || {
            spans(&servers, SpanKind::Server, &Method::ToolsCall).len() == 200
        })
        .await;
        for span in spans(&servers, SpanKind::Server, &Method::ToolsCall) {
            assert!(parents.contains(&span.parent_id().unwrap()), "{mode:?}");
            assert!(
                span.links().is_empty(),
                "{mode:?}: both carriers name one span"
            );
        }

        // Nothing of the calls stays: not on a later call, not on the session's end.
        client
            .peer()
            .call_tool(CallToolRequestParams::new("whoami"))
            .await
            .unwrap();
        client.cancel().await.unwrap();
        if mode == Mode::StatefulLegacy {
            let ended = || {
                wire.0
                    .lock()
                    .unwrap()
                    .iter()
                    .any(|(method, ..)| method == http::Method::DELETE)
            };
            until("DELETE", ended).await;
        }
        let after = wire.take();
        assert!(!after.is_empty());
        for (method, headers, message) in &after {
            assert_eq!(
                carriers(headers, message),
                (None, None),
                "{mode:?} {method}"
            );
            assert!(!headers.contains_key("tracestate"), "{mode:?} {method}");
        }
    }
}

#[tokio::test]
async fn the_standing_stream_carries_nothing() {
    let wire = Wire::default();
    let server = serve(Mode::StatefulLegacy, Tools, |router| wire.tap(router)).await;
    let agent = TraceContext::new_root();
    let connected = connect(
        Mode::StatefulLegacy,
        &server,
        TracedHttpClient::new(reqwest::Client::new()),
    );
    let _client = connected.in_trace(agent).await;
    let opened = || {
        wire.0
            .lock()
            .unwrap()
            .iter()
            .any(|(method, ..)| method == http::Method::GET)
    };
    until("GET", opened).await;
    for (method, headers, _) in wire.take() {
        assert!(!headers.contains_key("traceparent"), "{method}");
    }
}

#[tokio::test]
async fn a_context_in_typed_meta_is_mirrored_with_its_tracestate() {
    let wire = Wire::default();
    let server = serve(Mode::ModernJson, Tools, |router| wire.tap(router)).await;
    let client = connect(
        Mode::ModernJson,
        &server,
        TracedHttpClient::new(reqwest::Client::new()),
    )
    .await;
    wire.take();
    let mut params = CallToolRequestParams::new("whoami");
    params.set_traceparent(FOREIGN);
    params.set_tracestate("vendor=theirs");
    client.call_tool(params).await.unwrap();
    let (_, headers, message) = wire.take().remove(0);
    assert_eq!(carriers(&headers, &message), (Some(FOREIGN), Some(FOREIGN)));
    assert_eq!(headers["tracestate"], "vendor=theirs");
    assert_eq!(message["params"]["_meta"]["tracestate"], "vendor=theirs");

    // What is not valid is not repeated.
    let mut params = CallToolRequestParams::new("whoami");
    params.set_traceparent("00-nonsense");
    client.call_tool(params).await.unwrap();
    let (_, headers, message) = wire.take().remove(0);
    assert_eq!(carriers(&headers, &message), (None, Some("00-nonsense")));
}

/// Which method was used, and what was current in it.
type Seen = Arc<Mutex<Vec<(&'static str, Option<TraceContext>)>>>;

/// An HTTP client that notes which of its methods are used, and in which context.
#[derive(Clone, Default)]
struct Probe {
    http: reqwest::Client,
    seen: Seen,
}

type Headers = HashMap<HeaderName, HeaderValue>;
type Error = StreamableHttpError<reqwest::Error>;

impl StreamableHttpClient for Probe {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        _: Arc<str>,
        _: ClientJsonRpcMessage,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Headers,
    ) -> Result<StreamableHttpPostResponse, Error> {
        unreachable!("rmcp calls the form with limits")
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Error> {
        tokio::task::yield_now().await;
        let what = match &message {
            JsonRpcMessage::Request(request) if request.request.method() == "tools/call" => {
                "tools/call"
            }
            _ => "other",
        };
        self.seen.lock().unwrap().push((what, mcp_trace::current()));
        self.http
            .post_message_with_response_limits(uri, message, session_id, auth, headers, limits)
            .await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth: Option<String>,
        headers: Headers,
    ) -> Result<(), Error> {
        self.seen
            .lock()
            .unwrap()
            .push(("delete", mcp_trace::current()));
        self.http
            .delete_session(uri, session_id, auth, headers)
            .await
    }

    fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: Headers,
    ) -> impl Future<Output = Opened> + Send + '_ {
        std::future::ready(Err(StreamableHttpError::ServerDoesNotSupportSse))
    }

    fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth: Option<String>,
        headers: Headers,
        max: usize,
    ) -> impl Future<Output = Opened> + Send + '_ {
        self.seen
            .lock()
            .unwrap()
            .push(("get with limit", mcp_trace::current()));
        self.http.get_stream_with_max_sse_event_size(
            uri,
            session_id,
            last_event_id,
            auth,
            headers,
            max,
        )
    }
}

type Opened = Result<
    futures_core::stream::BoxStream<
        'static,
        Result<sse_stream::Sse, rmcp::transport::streamable_http_client::SseError>,
    >,
    Error,
>;

#[tokio::test]
async fn the_inner_client_gets_every_form_and_runs_in_the_messages_context() {
    let probe = Probe::default();
    let server = serve(Mode::StatefulLegacy, Tools, |router| router).await;
    let client = connect(
        Mode::StatefulLegacy,
        &server,
        TracedHttpClient::new(probe.clone()),
    )
    .await;
    let clients = sink();
    let tools = wrap_mcp(client.peer().clone()).with_sink(clients.clone());
    tools
        .call_tool(CallToolRequestParams::new("whoami"))
        .await
        .unwrap();
    client.cancel().await.unwrap();
    let seen = |what| {
        probe
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|(form, _)| *form == what)
            .cloned()
            .collect::<Vec<_>>()
    };
    until("DELETE", || !seen("delete").is_empty()).await;

    let span = spans(&clients, SpanKind::Client, &Method::ToolsCall).remove(0);
    let calls = seen("tools/call");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].1.as_ref().unwrap().span_id(), span.span_id());
    for form in ["other", "get with limit", "delete"] {
        assert!(!seen(form).is_empty(), "{form}");
        assert!(
            seen(form).iter().all(|(_, context)| context.is_none()),
            "{form}"
        );
    }
}
