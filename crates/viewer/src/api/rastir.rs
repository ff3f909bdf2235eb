//! What reads a Rastir collector reads this.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as Extract};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use traceparent::TraceId;

use super::{away, error};
use crate::rastir;
use crate::viewer::State;

/// Traces of one list, unless asked for otherwise.
const LIST: usize = 20;

/// What `GET /v1/traces` asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    trace_id: Option<String>,
    service: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/traces`
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(rejection) => return error(StatusCode::UNPROCESSABLE_ENTITY, &rejection.body_text()),
    };
    if let Some(id) = asked.trace_id.filter(|id| !id.is_empty()) {
        return one(Extract(state), Path(id)).await;
    }
    away(move || {
        let limit = asked.limit.unwrap_or(LIST);
        let traces = state.store.latest(limit, asked.service.as_deref());
        let traces: Vec<_> = traces
            .iter()
            .map(|trace| json!({"trace_id": trace.trace_id.to_string(), "span_count": trace.spans}))
            .collect();
        Json(json!({"traces": traces})).into_response()
    })
    .await
}

/// `GET /v1/traces/{id}`
pub(super) async fn one(Extract(state): Extract<Arc<State>>, Path(text): Path<String>) -> Response {
    away(move || {
        let id = TraceId::parse(text.as_bytes()).ok();
        let Some((id, (spans, _))) = id.and_then(|id| Some((id, state.store.spans(id)?))) else {
            return error(StatusCode::NOT_FOUND, "Trace not found");
        };
        let spans: Vec<_> = spans
            .iter()
            .filter_map(|record| Some(rastir::span(id, &record.span()?)))
            .collect();
        Json(json!({"trace_id": text, "spans": spans})).into_response()
    })
    .await
}

/// `GET /health`
pub(super) async fn health() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// `GET /ready`
pub(super) async fn ready(Extract(state): Extract<Arc<State>>) -> Response {
    if state.is_behind() {
        return error(StatusCode::SERVICE_UNAVAILABLE, "Ingestion queue full");
    }
    Json(json!({"status": "ready"})).into_response()
}

/// `GET /metrics`
pub(super) async fn metrics(Extract(state): Extract<Arc<State>>) -> Response {
    let counts = state.store.counts();
    let mut page = state.metrics.render();
    for (name, help, value) in [
        (
            "rastir_trace_store_size",
            "Spans that are kept.",
            counts.spans,
        ),
        (
            "rastir_active_traces",
            "Traces that are kept.",
            counts.traces,
        ),
    ] {
        page.push_str(&format!(
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"
        ));
    }
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], page).into_response()
}
