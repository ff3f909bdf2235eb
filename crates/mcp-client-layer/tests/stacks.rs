//! The layer among other layers.

mod support;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use mcp_client_layer::McpClientTraceLayer;
use mcp_trace::{InTraceExt, SpanKind, agent_span, current_span};
use support::{FOREIGN, Server, call, spans, traced};
use tower::retry::Policy;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// Tries again after a bad status.
#[derive(Clone)]
struct Again(u32);

impl<E> Policy<reqwest::Request, reqwest::Response, E> for Again {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut reqwest::Request,
        result: &mut Result<reqwest::Response, E>,
    ) -> Option<Ready<()>> {
        let failed = result
            .as_ref()
            .is_ok_and(|answer| answer.status().is_server_error());
        self.0 = self.0.checked_sub(1)?;
        failed.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &reqwest::Request) -> Option<reqwest::Request> {
        request.try_clone()
    }
}

fn request(url: String) -> reqwest::Request {
    reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .body(call(1, "greet"))
        .build()
        .unwrap()
}

#[tokio::test]
async fn inside_a_retry_each_attempt_is_a_span_and_all_have_one_parent() {
    let (layer, sink) = traced();
    let server = Server::start().await;
    let client = ServiceBuilder::new()
        .timeout(Duration::from_secs(5))
        .retry(Again(2))
        .layer(layer)
        .buffer(8)
        .service(reqwest::Client::new());
    let agent = agent_span("planner").with_sink(sink.clone()).start();
    let mut request = request(server.url("/status/503"));
    request
        .headers_mut()
        .insert("traceparent", FOREIGN.parse().unwrap());
    drop(
        client
            .oneshot(request)
            .in_trace(agent.clone())
            .await
            .unwrap(),
    );
    let found = spans(&sink, 3).await;
    let mut ids: Vec<_> = found.iter().map(|span| span.span_id()).collect();
    let sent: Vec<_> = server
        .take()
        .iter()
        .map(|sent| sent.header_context().unwrap().parent_id())
        .collect();
    assert_eq!(ids, sent);
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(
        found
            .iter()
            .all(|span| span.parent_id() == found[0].parent_id()),
        "{found:#?}"
    );
}

#[tokio::test]
async fn inside_a_buffer_the_request_carries_the_span_above() {
    let (layer, sink) = traced();
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    // The buffer calls the client in a task where nothing is current.
    let client = ServiceBuilder::new()
        .buffer(8)
        .layer(layer)
        .service(service);
    let agent = agent_span("planner").with_sink(sink.clone()).start();
    let mut request = Request::post("/mcp").body(call(1, "greet")).unwrap();
    request.extensions_mut().insert(agent.clone());
    drop(
        client
            .oneshot(request)
            .in_trace(agent.clone())
            .await
            .unwrap(),
    );
    let parent = spans(&sink, 1).await[0].parent.unwrap();
    assert_eq!(parent.span_id, agent.context().unwrap().span_id());
}

#[tokio::test]
async fn outside_a_retry_there_is_one_span() {
    let (layer, sink) = traced();
    let server = Server::start().await;
    let client = ServiceBuilder::new()
        .layer(layer)
        .retry(Again(2))
        .service(reqwest::Client::new());
    drop(
        client
            .oneshot(request(server.url("/status/503")))
            .await
            .unwrap(),
    );
    let span = spans(&sink, 1).await.remove(0);
    let sent = server.take();
    assert_eq!(sent.len(), 3);
    assert!(
        sent.iter()
            .all(|sent| sent.header_context() == Some(span.context.traceparent()))
    );
}

/// Ready every second time it is asked; a clone is never ready.
struct Reluctant {
    asked: Arc<AtomicU32>,
    ready: bool,
}

impl Service<Request<String>> for Reluctant {
    type Response = Response<Empty<Bytes>>;
    type Error = BoxError;
    type Future = Ready<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.ready = self.asked.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        if self.ready {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being ready"
        );
        ready(Ok(Response::default()))
    }
}

#[test]
fn readiness_is_that_of_the_inner_service() {
    let (layer, sink) = traced();
    let asked = Arc::new(AtomicU32::new(0));
    let mut client = layer.layer(Reluctant {
        asked: asked.clone(),
        ready: false,
    });
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(client.poll_ready(cx).is_pending());
    assert!(client.poll_ready(cx).is_ready());
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert!(sink.is_empty(), "ready and no call is no span");
    let mut future =
        std::pin::pin!(client.call(Request::post("/mcp").body(call(1, "greet")).unwrap()));
    assert!(future.as_mut().poll(cx).is_ready());
}

#[tokio::test]
async fn nothing_is_asked_of_the_inner_service() {
    // Neither `Send` nor `Clone` nor `'static` nor `Unpin`.
    let (layer, sink) = traced();
    let count = Cell::new(0);
    let not_send = Rc::new(&count);
    let service = service_fn(async |request: Request<Full<Bytes>>| {
        tokio::task::yield_now().await;
        not_send.set(not_send.get() + 1);
        let _held = (request, &not_send);
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    layer
        .layer(service)
        .oneshot(Request::new(Full::default()))
        .await
        .unwrap();
    assert_eq!((count.get(), sink.len()), (1, 1));
}

#[tokio::test]
async fn the_version_is_that_of_the_answer() {
    let (layer, sink) = traced();
    let service = service_fn(async |_: Request<String>| {
        let mut answer = Response::new(Empty::<Bytes>::new());
        *answer.version_mut() = http::Version::HTTP_2;
        Ok::<_, Infallible>(answer)
    });
    layer
        .layer(service)
        .oneshot(Request::post("/mcp").body(call(1, "greet")).unwrap())
        .await
        .unwrap();
    let span = sink.take().remove(0);
    assert_eq!(
        span.operation.as_mcp().unwrap().network.http_version,
        Some(http::Version::HTTP_2)
    );
}

/// Sees what is current when it is dropped.
struct OnDrop<'a>(&'a Cell<Option<SpanKind>>);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.set(current_span().map(|span| span.kind()));
    }
}

#[tokio::test]
async fn the_span_is_current_while_the_inner_future_is_dropped() {
    let (layer, sink) = traced();
    let seen = Cell::new(None);
    let service = service_fn(async |_: Request<String>| {
        let _on_drop = OnDrop(&seen);
        std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>().await
    });
    let request = Request::post("/mcp").body(call(1, "greet")).unwrap();
    let mut call = Box::pin(layer.layer(service).oneshot(request));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(cx).is_pending());
    drop(call);
    assert_eq!((seen.get(), sink.len()), (Some(SpanKind::Client), 1));
}

#[test]
fn a_panic_of_the_inner_service_ends_the_span() {
    let (layer, sink) = traced();
    let mut client = layer.layer(service_fn(
        |_: Request<String>| -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
            panic!("on purpose")
        },
    ));
    let request = Request::post("/mcp").body(call(1, "greet")).unwrap();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(client.call(request))))
        .unwrap_err();
    assert_eq!(
        sink.take()[0].outcome.error_type.as_ref().unwrap(),
        &"panic"
    );
    assert!(mcp_trace::current().is_none());
}

#[test]
fn options_do_not_reach_layers_cloned_before() {
    let (layer, sink) = traced();
    let before = layer.clone();
    let _after = layer.mcp_only();
    let mut client = before.layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    }));
    drop(client.call(Request::new(())));
    assert_eq!(sink.len(), 1);
    let _ = McpClientTraceLayer::default();
}
