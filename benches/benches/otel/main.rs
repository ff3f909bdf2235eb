//! What a server layer adds to a request in an OpenTelemetry application, beside other layers.
//!
//! A POST with nine headers and a valid `traceparent`, sampled; spans end in a processor that drops
//! them, so that the exporter's cost is nobody's. The service reads the message and answers at once;
//! no sockets. Peers read no message and make one HTTP span.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::{DiscardSink, SpanSink};
use mcp_trace_benches::{alloc::Counting, table::Table};
use mcp_trace_opentelemetry::{OtelBridge, ProcessorSink, TracerSink, W3cPropagator};
use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use tower::{Layer, Service};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const REQUESTS: usize = 256;
const MESSAGE: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get_weather","arguments":{"city":"Vienna","unit":"celsius","days":3,"note":"an argument that is somewhat longer than the others, as texts for a model are"},"_meta":{"progressToken":7,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"}}}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"21 degrees"}],"isError":false}}"#;

#[derive(Debug)]
struct Drop;

impl SpanProcessor for Drop {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}
    fn on_end(&self, span: SpanData) {
        black_box(span);
    }
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Reads the message when it is called, and answers.
#[derive(Clone)]
struct Inner;

impl<B: Body + Unpin> Service<Request<B>> for Inner {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drain(request.into_body());
        let mut response = Response::new(Full::new(Bytes::from_static(ANSWER.as_bytes())));
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", json);
        ready(Ok(response))
    }
}

fn drain(body: impl Body) {
    let mut body = pin!(body);
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        black_box(frame.is_data());
    }
}

fn request(parent: &str) -> Request<Full<Bytes>> {
    Request::post("http://localhost/mcp")
        .header("host", "localhost")
        .header("user-agent", "bench")
        .header("accept", "application/json, text/event-stream")
        .header("accept-encoding", "identity")
        .header("content-type", "application/json")
        .header("content-length", MESSAGE.len())
        .header("mcp-protocol-version", "2025-11-25")
        .header("mcp-session-id", "ccd30546-5aa9-4946-a715-b3fd06c81e91")
        .header("traceparent", parent)
        .body(Full::new(Bytes::from_static(MESSAGE.as_bytes())))
        .expect("a valid request")
}

/// One request through a stack, up to the end of its answer.
fn run<S, R>(service: &mut S, parent: &str)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    R: Body,
{
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(())) = service.poll_ready(&mut cx) else {
        unreachable!("always ready");
    };
    let mut future = pin!(service.call(request(parent)));
    if let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) {
        drain(response.into_body());
    }
}

fn ours(sink: Arc<dyn SpanSink>) -> impl FnMut(&String) {
    let mut service = McpServerTraceLayer::new().with_sink(sink).layer(Inner);
    move |parent| run(&mut service, parent)
}

fn main() {
    let parents: Vec<String> = (1..=REQUESTS)
        .map(|n| format!("00-{:032x}-{:016x}-01", n * 0x9e37_79b9, n * 0x85eb_ca6b))
        .collect();

    Table::new("a request, without the bridge")
        .case("the service alone", &parents, |parent| {
            run(&mut Inner, parent)
        })
        .case(
            "mcp-layer, spans dropped",
            &parents,
            ours(Arc::new(DiscardSink::default())),
        )
        .run();

    let provider = SdkTracerProvider::builder()
        .with_span_processor(Drop)
        .build();
    global::set_tracer_provider(provider.clone());
    global::set_text_map_propagator(W3cPropagator::new());
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    tracing_subscriber::registry().with(layer).init();
    let _bridge = OtelBridge::new()
        .context_only()
        .install()
        .expect("the only bridge");

    let tracer = TracerSink::new(provider.tracer("bench"));
    let processor = ProcessorSink::new(Drop, &Resource::builder_empty().build());
    let mut instrumentation =
        opentelemetry_instrumentation_tower::http::server::LayerBuilder::builder()
            .with_metrics(false)
            .build()
            .expect("no metrics to build")
            .layer(Inner);
    let mut tower_otel = tower_otel::trace::HttpLayer::server(tracing::Level::INFO).layer(Inner);
    Table::new("a request, with the bridge")
        .case("the service alone", &parents, |parent| {
            run(&mut Inner, parent)
        })
        .case(
            "mcp-layer, spans dropped",
            &parents,
            ours(Arc::new(DiscardSink::default())),
        )
        .case(
            "mcp-layer, ProcessorSink",
            &parents,
            ours(Arc::new(processor)),
        )
        .case("mcp-layer, TracerSink", &parents, ours(Arc::new(tracer)))
        .case("opentelemetry-instrumentation-tower", &parents, |parent| {
            run(&mut instrumentation, parent)
        })
        .case("tower-otel", &parents, |parent| {
            run(&mut tower_otel, parent)
        })
        .run();
}
