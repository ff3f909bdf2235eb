//! Which of the two carriers is the parent, and what becomes of the other.

mod support;

use axum::Router;
use axum::routing::post as on_post;
use mcp_trace::current;
use support::*;

struct Seen {
    trace_id: String,
    parent: Option<String>,
    parent_remote: bool,
    links: Vec<String>,
}

/// Sends one call through a real server whose handler answers with what it sees.
async fn call(headers: &[&str], meta: Option<&str>) -> Seen {
    let (layer, sink) = traced();
    let app = Router::new()
        .route(
            "/mcp",
            on_post(|_body: String| async { current().unwrap().traceparent().to_string() }),
        )
        .layer(layer);
    let address = serve(app).await;
    let body = meta.map_or(CALL.to_owned(), call_with_meta);
    let answer =
        String::from_utf8(exchange(address, &post(headers, body.as_bytes())).await).unwrap();
    let span = span(&sink).await;
    assert_eq!(span.name(), "tools/call greet");
    let own = span.context.traceparent().to_string();
    assert!(
        answer.ends_with(&own),
        "the handler saw another span than {own}: {answer}"
    );
    Seen {
        trace_id: span.trace_id().to_string(),
        parent: span.parent_id().map(|id| id.to_string()),
        parent_remote: span.parent.is_some_and(|parent| parent.remote),
        links: span
            .links()
            .iter()
            .map(|link| link.traceparent().to_string())
            .collect(),
    }
}

fn header() -> String {
    format!("traceparent: {HEADER}")
}

fn meta() -> String {
    format!(r#"{{"traceparent":"{META}"}}"#)
}

fn assert_parent(seen: &Seen, traceparent: &str) {
    assert_eq!(seen.trace_id, traceparent[3..35]);
    assert_eq!(seen.parent.as_deref(), Some(&traceparent[36..52]));
    assert!(seen.parent_remote);
}

#[tokio::test]
async fn header_alone_is_the_parent() {
    let seen = call(&[&header()], None).await;
    assert_parent(&seen, HEADER);
    assert!(seen.links.is_empty());
}

#[tokio::test]
async fn meta_alone_is_the_parent() {
    let seen = call(&[], Some(&meta())).await;
    assert_parent(&seen, META);
    assert!(seen.links.is_empty());
}

#[tokio::test]
async fn both_equal_is_the_parent_without_a_link() {
    let seen = call(
        &[&header()],
        Some(&format!(r#"{{"traceparent":"{HEADER}"}}"#)),
    )
    .await;
    assert_parent(&seen, HEADER);
    assert!(seen.links.is_empty());
}

#[tokio::test]
async fn both_different_is_meta_with_the_header_linked() {
    let seen = call(&[&header()], Some(&meta())).await;
    assert_parent(&seen, META);
    assert_eq!(seen.links, [HEADER]);
}

#[tokio::test]
async fn neither_is_a_new_trace() {
    let (first, second) = (call(&[], None).await, call(&[], None).await);
    assert_eq!(first.parent, None);
    assert_ne!(first.trace_id, second.trace_id);
}

#[tokio::test]
async fn an_invalid_header_counts_as_absent() {
    for bad in [
        "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-00f067aa0ba902b7-01",
        "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-x",
        "traceparent: ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        "traceparent: 00-+af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
    ] {
        assert_eq!(call(&[bad], None).await.parent, None, "{bad}");
        assert_parent(&call(&[bad], Some(&meta())).await, META);
    }
}

#[tokio::test]
async fn two_traceparent_headers_are_invalid_together() {
    assert_eq!(call(&[&header(), &header()], None).await.parent, None);
}

#[tokio::test]
async fn an_invalid_meta_counts_as_absent() {
    for bad in [
        r#"{"traceparent":42}"#,
        r#"{"traceparent":null}"#,
        r#"{"traceparent":{"a":[1]}}"#,
        r#"{"traceparent":" 00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01"}"#,
        r#"{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"}"#,
        "[]",
        "null",
        "7",
    ] {
        assert_parent(&call(&[&header()], Some(bad)).await, HEADER);
        assert_eq!(call(&[], Some(bad)).await.parent, None, "{bad}");
    }
}

#[tokio::test]
async fn the_random_flag_of_python_survives() {
    let (layer, sink) = traced();
    let app = Router::new()
        .route("/mcp", on_post(|_body: String| async {}))
        .layer(layer);
    let address = serve(app).await;
    let meta = format!(r#"{{"traceparent":"{}"}}"#, META.replace("-01", "-03"));
    exchange(address, &post(&[], call_with_meta(&meta).as_bytes())).await;
    let flags = span(&sink).await.context.flags();
    assert!(flags.is_sampled() && flags.is_random());
}
