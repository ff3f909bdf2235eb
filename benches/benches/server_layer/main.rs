//! What a server layer adds to a request, beside the layers of others.
//!
//! Everything runs in memory: an inner service that reads its request and answers it. The bare
//! service is the floor; what a layer adds is the difference to it. Spans are made and ended, and
//! go to a sink that drops them.
//!
//! Our layer reads answers in JSON, also where it reads no request; the others read none, and neither
//! does what is written by hand. Where the answer is plain text, all do the same.

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
use mcp_layer::McpServerTraceLayer;
use mcp_trace::DiscardSink;
use mcp_trace_benches::{alloc::Counting, table::Table};
use tower::{Layer, Service, service_fn};

mod hand;
mod peers;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const ANSWER: &[u8] =
    br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"22 degrees"}],"isError":false}}"#;

/// Reads the body, if it is told to, and answers with JSON.
async fn answer<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes>,
{
    answer_now(request, "application/json")
}

/// The same, and says that it is text.
async fn answer_in_text<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes>,
{
    answer_now(request, "text/plain")
}

fn answer_now<B>(
    request: Request<B>,
    content_type: &str,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes>,
{
    drain(request.into_body());
    let response = Response::builder().header("content-type", content_type);
    Ok(response
        .body(Full::new(Bytes::from_static(ANSWER)))
        .expect("a constant head"))
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
    let mut context = Context::from_waker(Waker::noop());
    let _ = service.poll_ready(&mut context);
    let future: Pin<&mut S::Future> = pin!(service.call(request));
    if let Poll::Ready(Ok(response)) = future.poll(&mut context) {
        drain(response.into_body());
    }
}

/// A request to copy from.
struct Input {
    request: Request<()>,
    body: Bytes,
}

impl Input {
    fn new(headers: &[(&'static str, &str)], body: &str) -> Vec<Self> {
        let make = |_| {
            let mut request = Request::post("http://localhost/mcp")
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            Self {
                request: request.body(()).expect("constant headers"),
                body: Bytes::from(body.to_owned()),
            }
        };
        (0..256).map(make).collect()
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.request.method().clone();
        *request.uri_mut() = self.request.uri().clone();
        *request.headers_mut() = self.request.headers().clone();
        request
    }
}

fn main() {
    let meta = format!(
        r#""_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","traceparent":"{PARENT}"}}"#
    );
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"get_weather","arguments":{{"city":"Berlin","units":"metric","days":3,"detail":["wind","rain"]}},{meta}}}}}"#
    );
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "get_weather"),
        ("traceparent", PARENT),
    ];
    let off = format!("{}-00", &PARENT[..52]);
    let [version, method, name, _] = headers;
    let unsampled = [version, method, name, ("traceparent", off.as_str())];
    let (sampled, not) = (
        Input::new(&headers, &call),
        Input::new(&unsampled, &call.replace(PARENT, &off)),
    );
    let layer = McpServerTraceLayer::new().with_sink(Arc::new(DiscardSink::default()));

    let mut bare = service_fn(answer::<Full<Bytes>>);
    let layer_of_headers = layer.clone().headers_only();
    let mut headers_only = layer_of_headers.layer(service_fn(answer::<Full<Bytes>>));
    let mut by_hand = hand::Hand::around(service_fn(answer));
    let mut by_hand_unsampled = hand::PassingHand::around(service_fn(answer));
    let mut full = layer.layer(service_fn(answer));
    let mut full_unsampled = full.clone();
    let mut headers_unsampled = headers_only.clone();
    let mut fastrace = peers::fastrace_layer().layer(service_fn(answer));
    let mut tower_otel = peers::tower_otel(service_fn(answer));
    let mut instrumentation = peers::instrumentation(service_fn(answer));

    Table::new(&format!("one tools/call of {} bytes", call.len()))
        .case("bare service", &sampled, |input| {
            run(&mut bare, input.request())
        })
        .case("by hand: headers, recorded", &sampled, |input| {
            run(&mut by_hand, input.request())
        })
        .case("by hand: headers, unsampled", &not, |input| {
            run(&mut by_hand_unsampled, input.request())
        })
        .case("ours: headers, unsampled", &not, |input| {
            run(&mut headers_unsampled, input.request())
        })
        .case("ours: message, unsampled", &not, |input| {
            run(&mut full_unsampled, input.request())
        })
        .case("ours: headers and answer, recorded", &sampled, |input| {
            run(&mut headers_only, input.request())
        })
        .case("ours: message and answer, recorded", &sampled, |input| {
            run(&mut full, input.request())
        })
        .case("fastrace-tower", &sampled, |input| {
            run(&mut fastrace, input.request())
        })
        .case("opentelemetry-instrumentation-tower", &sampled, |input| {
            run(&mut instrumentation, input.request())
        })
        .case("tower-otel", &sampled, |input| {
            run(&mut tower_otel, input.request())
        })
        .run();

    let mut bare_text = service_fn(answer_in_text::<Full<Bytes>>);
    let mut headers_text = layer_of_headers.layer(service_fn(answer_in_text::<Full<Bytes>>));
    let mut by_hand_text = hand::Hand::around(service_fn(answer_in_text));
    let mut fastrace_text = peers::fastrace_layer().layer(service_fn(answer_in_text));
    Table::new("one tools/call that is answered in plain text")
        .case("bare service", &sampled, |input| {
            run(&mut bare_text, input.request())
        })
        .case("by hand: headers, recorded", &sampled, |input| {
            run(&mut by_hand_text, input.request())
        })
        .case("ours: headers, recorded", &sampled, |input| {
            run(&mut headers_text, input.request())
        })
        .case("fastrace-tower", &sampled, |input| {
            run(&mut fastrace_text, input.request())
        })
        .run();

    // As behind nearly every router.
    let used = |input: &Input| {
        let mut request = input.request();
        request.extensions_mut().insert("an outer layer's");
        request
    };
    Table::new("extensions that an outer layer has used")
        .case("bare service", &sampled, |input| {
            run(&mut bare, used(input))
        })
        .case("ours: headers and answer, recorded", &sampled, |input| {
            run(&mut headers_only, used(input))
        })
        .run();
}
