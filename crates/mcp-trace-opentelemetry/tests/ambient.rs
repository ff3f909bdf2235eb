//! A server that has HTTP spans of OpenTelemetry already, around our layer: which span is the
//! parent of the SERVER span, and which is linked.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::{get, post};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::Trust;
use mcp_trace_opentelemetry::{BridgeGuard, W3cPropagator};
use opentelemetry::trace::{SpanKind, TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_instrumentation_tower::http::server::LayerBuilder;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::{Value, json};
use tower_http::trace::TraceLayer;
use tower_otel::trace::HttpLayer;
use tracing::{Level, info_span};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

fn application() -> &'static InMemorySpanExporter {
    static APPLICATION: OnceLock<(InMemorySpanExporter, BridgeGuard)> = OnceLock::new();
    let (exporter, _) = APPLICATION.get_or_init(|| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("application"));
        // The HTTP client here is not part of the application.
        let targets = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target("hyper_util", LevelFilter::OFF);
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(targets));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        global::set_tracer_provider(provider);
        global::set_text_map_propagator(W3cPropagator::new());
        let bridge = mcp_trace_opentelemetry::install().unwrap();
        (exporter, bridge)
    });
    exporter
}

const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-03";
const META: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-03";

/// What makes the HTTP span.
#[derive(Clone, Copy)]
enum Outside {
    /// tower-otel, which continues the trace of the header.
    TowerOtel,
    /// OpenTelemetry's own, which does the same, and makes its span current in polls alone.
    Instrumentation,
    /// tower-http, which knows no headers: each request is a trace of its own.
    TowerHttp,
}

/// The HTTP span and the SERVER span of one request.
async fn spans(
    outside: Outside,
    layer: McpServerTraceLayer,
    header: Option<&str>,
    meta: Option<&str>,
) -> (SpanData, SpanData) {
    /// Answers with the span that is current before the message has been read.
    async fn handle(request: axum::extract::Request) -> axum::Json<Value> {
        let early = Context::current();
        let early = match early.span() {
            // Attributes set here are the HTTP span's.
            span if span.is_recording() => span.span_context().span_id().to_string(),
            _ => String::new(),
        };
        let body = axum::body::to_bytes(request.into_body(), 10_000).await;
        assert!(body.is_ok());
        axum::Json(json!({"jsonrpc": "2.0", "id": 1, "result": {"early": early}}))
    }
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    let tool = format!("t{}", REQUESTS.fetch_add(1, Ordering::Relaxed));

    application();
    let app = Router::new().route("/{tool}", post(handle)).layer(layer);
    let app = match outside {
        Outside::TowerOtel => app.layer(HttpLayer::server(Level::INFO)),
        Outside::Instrumentation => {
            let layer = LayerBuilder::builder().with_metrics(false);
            app.layer(layer.build().unwrap())
        }
        Outside::TowerHttp => {
            let span =
                |request: &http::Request<_>| info_span!("POST", url.path = request.uri().path());
            app.layer(TraceLayer::new_for_http().make_span_with(span))
        }
    };
    let mut params = json!({"name": tool});
    if let Some(meta) = meta {
        params["_meta"] = json!({"traceparent": meta});
    }
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let mut request = reqwest::Client::new()
        .post(format!("{}/{tool}", serve(app).await))
        .header("content-type", "application/json")
        .body(message.to_string());
    if let Some(header) = header {
        request = request.header("traceparent", header);
    }
    let answer = request.send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();

    let path = KeyValue::new("url.path", format!("/{tool}"));
    let http = until(|span| span.attributes.contains(&path)).await;
    let server = until(|span| span.name == format!("tools/call {tool}")).await;
    if !matches!(outside, Outside::TowerHttp) {
        // Nothing hides it until the place of our own span is known.
        assert_eq!(
            answer["result"]["early"],
            http.span_context.span_id().to_string()
        );
    }
    (http, server)
}

async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

async fn until(is_it: impl Fn(&SpanData) -> bool) -> SpanData {
    for _ in 0..500 {
        let spans = application().get_finished_spans().unwrap();
        if let Some(span) = spans.into_iter().find(&is_it) {
            return span;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no such span: {:#?}", application().get_finished_spans());
}

/// The trace and parent of a span as a traceparent without its ends.
fn place(span: &SpanData) -> String {
    let (trace, parent) = (span.span_context.trace_id(), span.parent_span_id);
    format!("{trace}-{parent}")
}

fn ids(span: &SpanData) -> String {
    let span = &span.span_context;
    format!("{}-{}", span.trace_id(), span.span_id())
}

fn links(span: &SpanData) -> Vec<String> {
    let ids = |link: &opentelemetry::trace::Link| {
        let span = &link.span_context;
        format!("{}-{}", span.trace_id(), span.span_id())
    };
    span.links.iter().map(ids).collect()
}

const NO_PARENT: &str = "0000000000000000";

#[tokio::test]
async fn the_message_is_the_parent_and_the_http_span_is_linked() {
    // Both carriers say the same, as with our own clients: the trace is one.
    let (http, server) = spans(
        Outside::TowerOtel,
        McpServerTraceLayer::new(),
        Some(META),
        Some(META),
    )
    .await;
    assert_eq!(http.span_kind, SpanKind::Server);
    assert_eq!(place(&http), META[3..52]);
    assert_eq!(place(&server), META[3..52]);
    assert!(server.parent_span_is_remote);
    assert_eq!(links(&server), [ids(&http)]);

    // Only the message says something, as with Python's: the HTTP span is a root.
    let (http, server) = spans(
        Outside::TowerOtel,
        McpServerTraceLayer::new(),
        None,
        Some(META),
    )
    .await;
    assert_eq!(http.parent_span_id.to_string(), NO_PARENT);
    assert_eq!(place(&server), META[3..52]);
    assert_eq!(links(&server), [ids(&http)]);

    // The header's context is not linked once more: the HTTP span is below it.
    let (http, server) = spans(
        Outside::TowerOtel,
        McpServerTraceLayer::new(),
        Some(HEADER),
        Some(META),
    )
    .await;
    assert_eq!(place(&http), HEADER[3..52]);
    assert_eq!(place(&server), META[3..52]);
    assert_eq!(links(&server), [ids(&http)]);
}

#[tokio::test]
async fn without_a_context_in_the_message_the_http_span_is_the_parent() {
    for outside in [Outside::TowerOtel, Outside::Instrumentation] {
        for header in [Some(HEADER), None] {
            let (http, server) = spans(outside, McpServerTraceLayer::new(), header, None).await;
            if let Some(header) = header {
                assert_eq!(place(&http), header[3..52]);
            }
            assert_eq!(place(&server), ids(&http));
            assert!(!server.parent_span_is_remote);
            assert!(server.links.is_empty());
        }
    }
}

/// An HTTP span that does not continue the caller's trace does not break it either.
#[tokio::test]
async fn the_header_is_the_parent_where_the_http_span_is_in_another_trace() {
    for meta in [Some(HEADER), None] {
        let (http, server) = spans(
            Outside::TowerHttp,
            McpServerTraceLayer::new(),
            Some(HEADER),
            meta,
        )
        .await;
        assert_eq!(http.parent_span_id.to_string(), NO_PARENT);
        assert_eq!(place(&server), HEADER[3..52]);
        assert!(server.parent_span_is_remote);
        assert_eq!(links(&server), [ids(&http)]);
    }
    // Without one there is only the HTTP span.
    let (http, server) = spans(Outside::TowerHttp, McpServerTraceLayer::new(), None, None).await;
    assert_eq!(place(&server), ids(&http));
}

/// The HTTP span may be in the stranger's trace.
#[tokio::test]
async fn a_caller_that_is_not_trusted_is_not_continued_by_way_of_the_http_span() {
    for (trust, linked) in [(Trust::RestartAndLink, 2), (Trust::Ignore, 1)] {
        let layer = McpServerTraceLayer::new().trust(trust);
        let (http, server) = spans(Outside::TowerOtel, layer, Some(HEADER), None).await;
        assert_eq!(place(&http), HEADER[3..52]);
        assert_eq!(server.parent_span_id.to_string(), NO_PARENT);
        assert_ne!(server.span_context.trace_id(), http.span_context.trace_id());
        assert_eq!(server.links.len(), linked, "{trust:?}");
        assert!(links(&server).contains(&ids(&http)));
    }
}

/// What is no message has no span of ours, and the HTTP span stays what is current.
#[tokio::test]
async fn a_standing_stream_runs_in_its_http_span() {
    async fn stream() -> String {
        let context = Context::current();
        assert!(context.span().is_recording());
        context.span().span_context().span_id().to_string()
    }
    application();
    let app = Router::new()
        .route("/mcp", get(stream))
        .layer(McpServerTraceLayer::new())
        .layer(HttpLayer::server(Level::INFO));
    let url = serve(app).await + "/mcp";
    let request = reqwest::Client::new()
        .get(url)
        .header("traceparent", HEADER)
        .header("accept", "text/event-stream");
    let seen = request.send().await.unwrap().text().await.unwrap();
    let http = until(|span| span.span_context.span_id().to_string() == seen).await;
    assert_eq!(
        (&*http.name, place(&http)),
        ("GET", HEADER[3..52].to_owned())
    );
}
