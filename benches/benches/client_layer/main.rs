//! What a client layer adds to a call, beside the layers of others.
//!
//! Everything runs in memory: an inner service that answers each request, and a caller that reads
//! the answer. The bare service is the floor; what a layer adds is the difference to it. Spans are
//! made and ended, and go to a sink that drops them. Ours writes its context to the headers and to
//! `_meta`, and ends with the answer; so does what is written by hand. The others write headers, and
//! end with the head.
//!
//! `reqwest-tracing` is a middleware, not a layer: it has a table of its own, whose floor is the
//! bare chain.

use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use mcp_client_layer::{McpClientTrace, McpClientTraceLayer};
use mcp_trace::{ActiveSpan, DiscardSink, Operation, ScopeGuard, SpanKind, TraceContext};
use mcp_trace_benches::{alloc::Counting, table::Table};
use reqwest_middleware::ClientWithMiddleware;
use tower::{Layer, Service, service_fn};

mod hand;
mod peers;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather","arguments":{"city":"Berlin","units":"metric","days":3,"detail":["wind","rain","humidity"],"language":"en"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":"f3a1c0d2-58"},"cursor":"bm8gbW9yZQ=="}}"#;
/// The beginning of the object where the context goes.
const META: &str = r#""_meta":{"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"22 degrees"}],"isError":false}}"#;

fn answer() -> Response<Full<Bytes>> {
    Response::builder()
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(ANSWER.as_bytes())))
        .expect("a constant head")
}

/// A future that waits for nothing.
fn now<F: Future>(future: F) -> F::Output {
    let future: Pin<&mut F> = pin!(future);
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("all of it is in memory"),
    }
}

fn drain<B: Body>(body: B) {
    let mut body = pin!(body);
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(_))) = body.as_mut().poll_frame(&mut context) {}
}

/// Calls the service and reads its answer to the end.
fn run<S, R>(service: &mut S, request: Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    R: Body,
{
    let _ = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    if let Ok(response) = now(service.call(request)) {
        drain(response.into_body());
    }
}

/// The same through a chain of middleware.
fn execute(client: &ClientWithMiddleware, request: Request<Bytes>) {
    let request = request.try_into().expect("a valid URL");
    if let Ok(response) = now(client.execute(request)) {
        let _ = now(response.bytes());
    }
}

fn request<B: From<Bytes>>(body: &Bytes) -> Request<B> {
    Request::post("http://localhost/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "get_weather")
        .body(body.clone().into())
        .expect("constant parts")
}

fn main() {
    let calls = vec![Bytes::from(CALL); 256];
    let sink = Arc::new(DiscardSink::default());
    let agent = |context| {
        let name = "weather_agent".into();
        ActiveSpan::builder(SpanKind::Internal)
            .sink(sink.clone())
            .under(Some(context))
            .start(Operation::Internal { name })
    };
    let root = TraceContext::new_root();
    let (sampled, not) = (agent(root.clone()), agent(root.clone().with_sampled(false)));
    let layer = McpClientTraceLayer::new();

    let service = || service_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(answer()));
    let mut bare = service();
    let place = CALL.find(META).expect("it is there") + META.len();
    let mut by_hand = hand::Hand::around(service(), place);
    let by_hand_agent = hand::Span::agent(root.traceparent());
    let mut ours = layer.layer(service());
    let mut unsampled = ours.clone();
    let mut tower_otel = peers::tower_otel(service());
    Table::new(&format!(
        "one tools/call of {} bytes through tower",
        CALL.len()
    ))
    .case("bare service", &calls, |call| run(&mut bare, request(call)))
    .case("by hand: both carriers, recorded", &calls, |call| {
        hand::within(&by_hand_agent, || run(&mut by_hand, request(call)))
    })
    .case("ours: both carriers, unsampled", &calls, |call| {
        let _agent = ScopeGuard::enter(not.clone());
        run(&mut unsampled, request(call))
    })
    .case("ours: both carriers, answer watched", &calls, |call| {
        let _agent = ScopeGuard::enter(sampled.clone());
        run(&mut ours, request(call))
    })
    .case("tower-otel", &calls, |call| {
        let _subscriber = tracing::dispatcher::set_default(&tower_otel.1);
        run(&mut tower_otel.0, request(call))
    })
    .run();

    let chain = || reqwest_middleware::ClientBuilder::new(reqwest::Client::new());
    let bare = chain().with(peers::Answers).build();
    let ours = chain()
        .with(McpClientTrace::from(layer))
        .with(peers::Answers)
        .build();
    let (reqwest_tracing, subscriber) = peers::reqwest_tracing(chain());
    Table::new(&format!(
        "one tools/call of {} bytes through reqwest-middleware",
        CALL.len()
    ))
    .case("bare chain", &calls, |call| execute(&bare, request(call)))
    .case("ours: both carriers, answer watched", &calls, |call| {
        let _agent = ScopeGuard::enter(sampled.clone());
        execute(&ours, request(call))
    })
    .case("reqwest-tracing", &calls, |call| {
        let _subscriber = tracing::dispatcher::set_default(&subscriber);
        execute(&reqwest_tracing, request(call))
    })
    .run();
}
