//! What is asked: the page, what the page asks, and what Rastir's collector would answer.

mod live;
mod traces;

use std::sync::Arc;

use axum::extract::State as Extract;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use http::header;
use serde_json::{Value, json};

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
        "db": null,
    }))
}
