//! Runs one hot path so many times, for `.ci/instructions` to count its instructions.
//!
//! ```sh
//! cargo run --release --manifest-path benches/instructions/Cargo.toml -- parse 1000
//! ```

use std::{
    convert::Infallible,
    env,
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response, request::Builder};
use http_body::Body;
use http_body_util::Full;
use mcp_client_layer::McpClientTraceLayer;
use mcp_envelope::{AnswerWatcher, Id, RequestScanner};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{ActiveSpan, DiscardSink, Operation, ScopeGuard, SpanKind, TraceContext};
use tower::{Layer, Service, service_fn};
use traceparent::TraceParent;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OFF: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather","arguments":{"city":"Berlin","units":"metric","days":3,"detail":["wind","rain"]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}}"#;
const BARE_CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather","arguments":{"city":"Berlin","units":"metric","days":3,"detail":["wind","rain"],"note":"as long as the one with a context in it is, so that both are three hundred bytes and can be compared"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"22 degrees"}],"isError":false}}"#;

#[path = "../../benches/server_layer/hand.rs"]
mod hand;

fn main() {
    let mut arguments = env::args().skip(1);
    let case = arguments.next().expect("a case");
    let times: usize = arguments
        .next()
        .and_then(|times| times.parse().ok())
        .expect("how often");
    let mut run = named(&case);
    for _ in 0..times {
        run();
    }
}

fn named(case: &str) -> Box<dyn FnMut()> {
    match case {
        "parse" => Box::new(|| {
            let _ = black_box(TraceParent::parse(black_box(PARENT.as_bytes())));
        }),
        "format" => {
            let parent = TraceParent::parse(PARENT.as_bytes()).expect("valid");
            Box::new(move || {
                black_box(black_box(&parent).to_bytes());
            })
        }
        "scan" => Box::new(|| {
            let mut scanner = RequestScanner::new();
            scanner.push(black_box(CALL.as_bytes()));
            black_box(&scanner);
        }),
        "watch" => Box::new(|| {
            let mut watcher = AnswerWatcher::json(Some(Id::Number(1)));
            black_box(watcher.push(black_box(ANSWER.as_bytes())).is_some());
        }),
        "service" => {
            let mut service = service_fn(answer::<Full<Bytes>>);
            Box::new(move || run(&mut service, request(PARENT)))
        }
        "call" => {
            let mut service = service_fn(answer::<Full<Bytes>>);
            Box::new(move || run(&mut service, call()))
        }
        "by hand" => {
            let mut service = hand::Hand::around(service_fn(answer));
            Box::new(move || run(&mut service, request(PARENT)))
        }
        "server, headers" => {
            let mut service = server().headers_only().layer(service_fn(answer));
            Box::new(move || run(&mut service, request(PARENT)))
        }
        "server, message" => {
            let mut service = server().layer(service_fn(answer));
            Box::new(move || run(&mut service, request(PARENT)))
        }
        "server, unsampled" => {
            let mut service = server().headers_only().layer(service_fn(answer));
            Box::new(move || run(&mut service, request(OFF)))
        }
        "client" => {
            let agent = ActiveSpan::builder(SpanKind::Internal)
                .sink(Arc::new(DiscardSink::default()))
                .under(Some(TraceContext::new_root()))
                .start(Operation::Internal {
                    name: "agent".into(),
                });
            let mut service = McpClientTraceLayer::new().layer(service_fn(answer));
            Box::new(move || {
                let _agent = ScopeGuard::enter(agent.clone());
                run(&mut service, call());
            })
        }
        _ => panic!("no case {case}"),
    }
}

fn server() -> McpServerTraceLayer {
    McpServerTraceLayer::new().with_sink(Arc::new(DiscardSink::default()))
}

/// What comes to a server.
fn request(parent: &'static str) -> Request<Full<Bytes>> {
    of(head().header("traceparent", parent), CALL)
}

/// What a client is told to send.
fn call() -> Request<Full<Bytes>> {
    of(head(), BARE_CALL)
}

fn head() -> Builder {
    Request::post("http://localhost/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "get_weather")
}

fn of(head: Builder, body: &'static str) -> Request<Full<Bytes>> {
    head.body(Full::new(Bytes::from_static(body.as_bytes())))
        .expect("constant parts")
}

/// Reads its request, and answers with JSON.
async fn answer<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes>,
{
    drain(request.into_body());
    Ok(Response::builder()
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(ANSWER.as_bytes())))
        .expect("constant parts"))
}

fn drain<B: Body>(body: B) {
    let mut body = pin!(body);
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(_))) = body.as_mut().poll_frame(&mut context) {}
}

/// Calls a service and reads its answer to the end.
fn run<S, R>(service: &mut S, request: Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    R: Body,
{
    let mut context = Context::from_waker(Waker::noop());
    let _ = service.poll_ready(&mut context);
    let future = pin!(service.call(request));
    if let Poll::Ready(Ok(response)) = future.poll(&mut context) {
        drain(response.into_body());
    }
}
