//! What travels along with a context: `tracestate` whole, baggage by name, from either carrier.

mod support;

use axum::Router;
use axum::body::Bytes;
use mcp_layer::McpServerTraceLayer;
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{Trust, current};
use support::wire::message;
use support::*;
use tower::ServiceExt;

/// `tracestate` and baggage that a handler finds current.
async fn seen(layer: McpServerTraceLayer, headers: &[(&str, &str)], body: &str) -> String {
    let app = Router::new()
        .fallback(|_: Bytes| async {
            let context = current().unwrap();
            let (state, baggage) = (context.tracestate(), context.baggage());
            format!("{} {}", state.unwrap_or("-"), baggage.unwrap_or("-"))
        })
        .layer(layer);
    let response = app
        .oneshot(message(headers, body.to_owned()))
        .await
        .unwrap();
    let body = axum::body::to_bytes(response.into_body(), 4096)
        .await
        .unwrap();
    String::from_utf8(body.into()).unwrap()
}

fn layer() -> McpServerTraceLayer {
    traced().0.baggage(BaggageFilter::keys(["tenant"]))
}

const HEADERS: [(&str, &str); 5] = [
    ("traceparent", HEADER),
    ("tracestate", "a=1"),
    ("tracestate", "b=2, c=3"),
    ("baggage", "secret=1,tenant=x"),
    ("baggage", "Tenant=y"),
];

fn meta() -> String {
    call_with_meta(&format!(
        r#"{{"traceparent":"{META}","tracestate":"m=1","baggage":"tenant=z;p=1,secret=2"}}"#
    ))
}

#[tokio::test]
async fn of_the_headers() {
    assert_eq!(seen(layer(), &HEADERS, CALL).await, "a=1,b=2,c=3 tenant=x");
}

#[tokio::test]
async fn of_the_message_and_then_nothing_of_the_headers() {
    assert_eq!(seen(layer(), &[], &meta()).await, "m=1 tenant=z;p=1");
    assert_eq!(seen(layer(), &HEADERS, &meta()).await, "m=1 tenant=z;p=1");
    let bare = call_with_meta(&format!(r#"{{"traceparent":"{META}"}}"#));
    assert_eq!(seen(layer(), &HEADERS, &bare).await, "- -");
}

#[tokio::test]
async fn no_baggage_unless_it_is_named_and_none_of_strangers() {
    let (plain, _) = traced();
    assert_eq!(seen(plain, &HEADERS, &meta()).await, "m=1 -");
    for trust in [Trust::RestartAndLink, Trust::Ignore] {
        assert_eq!(seen(layer().trust(trust), &HEADERS, CALL).await, "- -");
        assert_eq!(seen(layer().trust(trust), &HEADERS, &meta()).await, "- -");
    }
}

#[tokio::test]
async fn of_a_message_without_a_valid_traceparent_nothing_counts() {
    let broken = meta().replace(META, "00-x");
    assert_eq!(seen(layer(), &[], &broken).await, "- -");
    assert_eq!(
        seen(layer(), &HEADERS, &broken).await,
        "a=1,b=2,c=3 tenant=x"
    );
}
