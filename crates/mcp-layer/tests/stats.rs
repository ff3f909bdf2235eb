//! What the layer counts, and the cap on what callers may have recorded.

mod support;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use mcp_trace::{Trust, current};
use support::wire::message;
use support::*;
use tower::ServiceExt;

fn with_meta(traceparent: &str) -> String {
    call_with_meta(&format!(r#"{{"traceparent":"{traceparent}"}}"#))
}

async fn send(app: &Router, request: Request<Body>) -> String {
    let response = app.clone().oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    String::from_utf8(body.into()).unwrap()
}

async fn tell(_body: Bytes) -> String {
    current().unwrap().traceparent().to_string()
}

#[tokio::test]
async fn each_reason_is_counted() {
    let (layer, sink) = traced();
    let stats = layer.stats();
    let app = Router::new().fallback(tell).layer(layer.clone());
    send(&app, message(&[("traceparent", HEADER)], CALL)).await;
    assert_eq!(
        (stats.requests(), stats.spans(), stats.invalid_headers()),
        (1, 1, 0)
    );
    send(&app, message(&[("traceparent", "bad")], CALL)).await;
    send(
        &app,
        message(&[("traceparent", HEADER), ("traceparent", HEADER)], CALL),
    )
    .await;
    assert_eq!((stats.invalid_headers(), stats.invalid_metas()), (2, 0));
    send(&app, message(&[], with_meta("bad"))).await;
    send(&app, message(&[], call_with_meta(r#"{"traceparent":42}"#))).await;
    send(&app, message(&[], with_meta(META))).await;
    assert_eq!((stats.invalid_headers(), stats.invalid_metas()), (2, 2));
    // What is no message is a request and no span.
    send(&app, message(&[("traceparent", HEADER)], "{}")).await;
    assert_eq!((stats.requests(), stats.spans(), stats.open()), (7, 6, 0));
    let batch = format!("[{CALL},{CALL}]");
    send(&app, message(&[("traceparent", HEADER)], batch)).await;
    assert_eq!((stats.requests(), stats.spans(), sink.len()), (8, 8, 8));
    assert_eq!(stats.early_observers(), 0);

    let early = Router::new()
        .fallback(|request: axum::extract::Request| {
            let _ = current();
            async { drop(axum::body::to_bytes(request.into_body(), usize::MAX).await) }
        })
        .layer(layer);
    send(
        &early,
        message(&[("traceparent", HEADER)], with_meta(HEADER)),
    )
    .await;
    assert_eq!(stats.early_observers(), 0, "both say the same");
    send(&early, message(&[("traceparent", HEADER)], with_meta(META))).await;
    send(&early, message(&[], with_meta(META))).await;
    assert_eq!(stats.early_observers(), 2);
}

#[tokio::test]
async fn open_requests_are_counted_until_they_end() {
    let (layer, _sink) = traced();
    let stats = layer.stats();
    let stream = futures_util::stream::pending::<Result<Bytes, std::io::Error>>;
    let handler = move |_body: Bytes| async move { Body::from_stream(stream()) };
    let app = Router::new().fallback(handler).layer(layer);
    let response = app.oneshot(message(&[], CALL)).await.unwrap();
    assert_eq!((stats.requests(), stats.open()), (1, 1));
    drop(response);
    assert_eq!((stats.requests(), stats.open()), (1, 0));
}

#[tokio::test]
async fn callers_cannot_have_more_recorded_than_the_cap() {
    let (layer, sink) = traced();
    let layer = layer.sampled_per_second(2);
    let stats = layer.stats();
    let app = Router::new().fallback(tell).layer(layer);
    let mut sampled = 0;
    for number in 0..40 {
        // One request takes one token, however many carriers it has.
        let answer = send(&app, message(&[("traceparent", HEADER)], with_meta(META))).await;
        assert!(
            answer.starts_with(&META[..35]),
            "the trace goes on: {answer}"
        );
        sampled += usize::from(answer.ends_with("-01"));
        assert!(
            number >= 10 || sampled == number + 1,
            "a burst of ten is allowed"
        );
    }
    assert_eq!(sink.len(), sampled);
    assert!(sampled < 30, "{sampled}");
    assert_eq!(stats.sampling_capped(), 40 - sampled as u64);
    // Who does not ask for it, and who begins a trace, is not concerned.
    let off = HEADER.replace("-01", "-00");
    send(&app, message(&[("traceparent", &off)], CALL)).await;
    send(&app, message(&[], CALL)).await;
    assert_eq!(sink.len(), sampled + 1);
}

#[tokio::test]
async fn the_cap_does_not_concern_traces_that_begin_here() {
    let (layer, sink) = traced();
    let app = Router::new()
        .fallback(tell)
        .layer(layer.sampled_per_second(0).trust(Trust::RestartAndLink));
    send(&app, message(&[("traceparent", HEADER)], CALL)).await;
    assert_eq!(sink.len(), 1);
}

/// Lines of the layer, without those of others.
#[cfg(feature = "tracing")]
#[test]
fn each_reason_is_told_once_a_minute() {
    use std::sync::{Arc, Mutex};
    use tracing::field::{Field, Visit};
    use tracing::{Event, Metadata, Subscriber, span};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);
    impl Visit for Lines {
        fn record_debug(&mut self, _field: &Field, value: &dyn std::fmt::Debug) {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
    impl Subscriber for Lines {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("mcp_layer")
        }
        fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}
        fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}
        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }
        fn enter(&self, _span: &span::Id) {}
        fn exit(&self, _span: &span::Id) {}
    }

    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let app = Router::new().fallback(tell).layer(traced().0);
            for _ in 0..100 {
                send(
                    &app,
                    message(&[("traceparent", "evil\\u{1b}")], with_meta("bad")),
                )
                .await;
            }
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines
            .iter()
            .all(|line| line.contains("breaks the rules") && !line.contains("evil"))
    );
}

/// A parser of other people reads the page, and finds what the methods say.
#[tokio::test]
async fn a_page_of_metrics_has_every_count() {
    let (layer, _sink) = traced();
    let stats = layer.stats();
    let app = Router::new().fallback(tell).layer(layer);
    send(&app, message(&[("traceparent", HEADER)], CALL)).await;
    send(&app, message(&[("traceparent", "bad")], CALL)).await;

    let page = stats.prometheus();
    let lines = page.lines().map(|line| Ok(line.to_owned()));
    let page = prometheus_parse::Scrape::parse(lines).unwrap();
    let found: Vec<_> =
        page.samples
            .iter()
            .map(|sample| {
                let value = match sample.value {
                    prometheus_parse::Value::Counter(value)
                    | prometheus_parse::Value::Gauge(value) => value,
                    ref other => panic!("{other:?}"),
                };
                let name = sample.metric.strip_prefix("mcp_trace_layer_").unwrap();
                let reason = sample.labels.get("reason").unwrap_or_default();
                (format!("{name} {reason}").trim().to_owned(), value)
            })
            .collect();
    let of = |name: &str| found.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!((of("requests_total"), of("spans_total")), (2.0, 2.0));
    assert_eq!(of("open_requests"), 0.0);
    assert_eq!(of("exceptions_total invalid_header"), 1.0);
    assert_eq!(of("exceptions_total sampling_capped"), 0.0);
}

#[tokio::test]
async fn a_panic_in_a_function_of_the_program_leaves_nothing_open() {
    fn panics<T>() -> T {
        panic!("expected by the test");
    }
    let layers = [
        traced().0.client_address(move |_: &_| panics()),
        traced().0.trust_with(move |_: &_| panics()),
    ];
    for layer in layers {
        let stats = layer.stats();
        let app = Router::new().fallback(tell).layer(layer);
        let sent = tokio::spawn(app.oneshot(message(&[], CALL))).await;
        assert!(sent.unwrap_err().is_panic());
        assert_eq!(stats.open(), 0);
    }
}

#[tokio::test]
async fn debug_shows_neither_the_session_nor_the_message() {
    let (layer, _sink) = traced();
    let tell = |request: Request<mcp_layer::RequestBody<Body>>| {
        std::future::ready(Ok::<_, std::convert::Infallible>(
            axum::http::Response::new(format!("{:?}", request.body())),
        ))
    };
    let service = tower::Layer::layer(&layer, tower::service_fn(tell));
    let request = message(&[("mcp-session-id", "s3cret")], CALL);
    let told = service.oneshot(request).await.unwrap().into_body();
    let told = axum::body::to_bytes(Body::new(told), usize::MAX)
        .await
        .unwrap();
    let told = std::str::from_utf8(&told).unwrap();
    assert!(told.contains("Reading"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}
