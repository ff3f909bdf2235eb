//! Which trace a handler runs in: rmcp's five HTTP modes times what headers and `_meta` say.

mod support;

use std::time::Duration;

use axum::Router;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::MemorySink;
use mcp_trace_rmcp::TracedHandler;
use rmcp::ServerHandler;
use serde_json::{Value, json};
use std::sync::Arc;
use support::{Mode, Raw, Tools, parent, serve, server_span, sink, told};

const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
const META: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";
const BROKEN: &str = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";

struct Case {
    name: &'static str,
    header: Option<&'static str>,
    meta: Option<Value>,
    parent: Option<&'static str>,
    link: Option<&'static str>,
}

fn cases() -> Vec<Case> {
    let case = |name, header, meta: Option<&str>, parent, link| Case {
        name,
        header,
        meta: meta.map(Value::from),
        parent,
        link,
    };
    let number = Case {
        name: "_meta a number",
        header: Some(HEADER),
        meta: Some(42.into()),
        parent: Some(HEADER),
        link: None,
    };
    vec![
        case("header only", Some(HEADER), None, Some(HEADER), None),
        case("_meta only", None, Some(META), Some(META), None),
        case("both equal", Some(META), Some(META), Some(META), None),
        case(
            "both different",
            Some(HEADER),
            Some(META),
            Some(META),
            Some(HEADER),
        ),
        case("neither", None, None, None, None),
        case("header invalid", Some(BROKEN), None, None, None),
        case(
            "header invalid, _meta valid",
            Some(BROKEN),
            Some(META),
            Some(META),
            None,
        ),
        case("_meta invalid", None, Some(BROKEN), None, None),
        case(
            "_meta invalid, header valid",
            Some(HEADER),
            Some(BROKEN),
            Some(HEADER),
            None,
        ),
        number,
    ]
}

/// Runs every case against a server, and looks at what the handler told and what was recorded.
async fn check<H>(
    mode: Mode,
    sink: &Arc<MemorySink>,
    handler: H,
    wrap: impl FnOnce(Router) -> Router,
    seen_by: &str,
) where
    H: ServerHandler + Clone,
{
    let server = serve(mode, handler, wrap).await;
    let client = Raw::connect(mode, &server).await;
    for case in cases() {
        let _ = sink.take();
        let what = format!("{mode:?}, {}", case.name);
        let headers: Vec<_> = case
            .header
            .iter()
            .map(|value| ("traceparent", *value))
            .collect();
        let meta = case
            .meta
            .clone()
            .map_or(json!({}), |value| json!({"traceparent": value}));
        let answer = client
            .call("slow", json!({"ms": 100}), &headers, &meta)
            .await;
        let seen = told(&answer)[seen_by].clone();

        let span = server_span(sink).await;
        assert_eq!(
            seen["trace"],
            span.trace_id().to_string(),
            "{what}: the handler's trace"
        );
        assert_eq!(
            seen["span"],
            span.span_id().to_string(),
            "{what}: the handler's span"
        );
        match case.parent.map(parent) {
            Some(parent) => {
                assert_eq!(span.trace_id(), parent.trace_id(), "{what}: the trace");
                assert_eq!(
                    span.parent_id(),
                    Some(parent.parent_id()),
                    "{what}: the parent"
                );
                assert!(
                    span.parent.unwrap().remote,
                    "{what}: the parent is another process"
                );
            }
            None => {
                assert_eq!(span.parent_id(), None, "{what}: a new trace");
                for sent in [HEADER, META] {
                    assert_ne!(
                        span.trace_id(),
                        parent(sent).trace_id(),
                        "{what}: a new trace"
                    );
                }
            }
        }
        let links: Vec<_> = span
            .links()
            .iter()
            .map(|link| link.traceparent().to_string())
            .collect();
        assert_eq!(
            links,
            case.link.into_iter().collect::<Vec<_>>(),
            "{what}: the links"
        );
        assert!(
            span.duration >= Duration::from_millis(100),
            "{what}: lasted {:?}",
            span.duration
        );
        assert!(!span.outcome.is_error(), "{what}: {:?}", span.outcome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traced_handler_alone() {
    for mode in Mode::ALL {
        let sink = sink();
        check(
            mode,
            &sink,
            TracedHandler::new(Tools).with_sink(sink.clone()),
            |router| router,
            "current",
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn layer_and_traced_handler() {
    for mode in Mode::ALL {
        let (sink, unused) = (sink(), sink());
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        // The handler's own sink shows that it makes no second span.
        let handler = TracedHandler::new(Tools).with_sink(unused.clone());
        check(
            mode,
            &sink,
            handler,
            |router| router.layer(layer),
            "current",
        )
        .await;
        assert!(unused.is_empty(), "{mode:?}: {:?}", unused.spans());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn layer_alone_reaches_handlers_that_ask_the_context() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        check(mode, &sink, Tools, |router| router.layer(layer), "context").await;
    }
}

#[tokio::test]
async fn on_one_thread() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new().with_sink(sink.clone());
        check(
            mode,
            &sink,
            TracedHandler::new(Tools),
            |router| router.layer(layer),
            "current",
        )
        .await;
    }
}

#[tokio::test]
async fn a_layer_without_spans_hands_its_context_to_the_handler() {
    for mode in Mode::ALL {
        let sink = sink();
        let layer = McpServerTraceLayer::new()
            .with_sink(sink.clone())
            .without_spans();
        let handler = TracedHandler::new(Tools).with_sink(sink.clone());
        let server = serve(mode, handler, |router| router.layer(layer)).await;
        let client = Raw::connect(mode, &server).await;
        let answer = client
            .call("whoami", json!({}), &[], &json!({"traceparent": META}))
            .await;
        let seen = told(&answer)["current"].clone();
        assert_eq!(
            seen["trace"],
            parent(META).trace_id().to_string(),
            "{mode:?}"
        );
        assert_eq!(
            seen["span"],
            parent(META).parent_id().to_string(),
            "{mode:?}"
        );
        assert!(sink.is_empty(), "{mode:?}: {:?}", sink.spans());
    }
}

#[tokio::test]
async fn without_anything_the_handler_still_finds_the_senders_context() {
    for mode in Mode::ALL {
        let server = serve(mode, Tools, |router| router).await;
        let client = Raw::connect(mode, &server).await;
        let answer = client
            .call(
                "whoami",
                json!({}),
                &[("traceparent", HEADER)],
                &json!({"traceparent": META}),
            )
            .await;
        let seen = told(&answer);
        assert_eq!(seen["current"], Value::Null, "{mode:?}");
        assert_eq!(
            seen["context"]["trace"],
            parent(META).trace_id().to_string(),
            "{mode:?}"
        );
        let answer = client
            .call("whoami", json!({}), &[("traceparent", HEADER)], &json!({}))
            .await;
        assert_eq!(
            told(&answer)["context"]["trace"],
            parent(HEADER).trace_id().to_string(),
            "{mode:?}"
        );
    }
}
