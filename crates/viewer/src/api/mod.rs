//! What is asked: the page, what the page asks, and what Rastir's collector would answer.

mod live;
mod rastir;
mod traces;

use std::sync::Arc;

use axum::extract::State as Extract;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::store::Journal;
use crate::viewer::State;
use crate::{page, policy};

/// Everything that is read.
pub(crate) fn routes() -> Router<Arc<State>> {
    let policy = policy::content_security_policy(page::html());
    let page = move || async move {
        let headers = [(header::CONTENT_SECURITY_POLICY, policy)];
        (headers, Html(page::html())).into_response()
    };
    Router::new()
        .route("/", get(page))
        .route("/api/traces", get(traces::list))
        .route("/api/traces/{id}", get(traces::one))
        .route("/api/tools", get(traces::tools))
        .route("/api/live", get(live::live))
        .route("/api/status", get(status))
        .route("/v1/traces", get(rastir::list))
        .route("/v1/traces/{id}", get(rastir::one))
        .route("/health", get(rastir::health))
        .route("/ready", get(rastir::ready))
        .route("/metrics", get(rastir::metrics))
}

async fn status(Extract(state): Extract<Arc<State>>) -> Json<Value> {
    let counts = state.store.counts();
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "traces": counts.traces,
        "spans": counts.spans,
        "bytes": counts.bytes,
        "limits": state.limits,
        "evicted": counts.evicted,
        "truncated": counts.truncated,
        "repeated": counts.repeated,
        "rejected": state.rejected,
        "db": state.journal.as_ref().map(|journal| journal.path().to_string_lossy()),
        "unsaved": state.journal.as_ref().map_or(0, Journal::lost),
    }))
}

/// Work that may take longer than others should wait for.
async fn away(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn error(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({"detail": detail}))).into_response()
}
