//! Traces and tools, for the page.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as Extract};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use traceparent::TraceId;

use super::{away, error};
use crate::store::Filter;
use crate::viewer::State;

/// `GET /api/traces`
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Response {
    match filter {
        Ok(Query(filter)) => away(move || Json(state.store.page(&filter)).into_response()).await,
        Err(rejection) => error(StatusCode::BAD_REQUEST, &rejection.body_text()),
    }
}

/// `GET /api/traces/{id}`
pub(super) async fn one(Extract(state): Extract<Arc<State>>, Path(id): Path<String>) -> Response {
    let Ok(id) = TraceId::parse(id.to_ascii_lowercase().as_bytes()) else {
        return error(StatusCode::BAD_REQUEST, "a trace id is 32 hex digits");
    };
    away(move || match state.store.spans(id) {
        None => error(StatusCode::NOT_FOUND, "this trace is not here"),
        Some((spans, truncated)) => {
            let mut body = format!("{{\"trace_id\":\"{id}\",\"spans\":[");
            for (at, span) in spans.iter().enumerate() {
                if at > 0 {
                    body.push(',');
                }
                span.write(&mut body);
            }
            body.push_str(&format!("],\"truncated\":{truncated}}}"));
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
    })
    .await
}

/// `GET /api/tools`
pub(super) async fn tools(Extract(state): Extract<Arc<State>>) -> Response {
    away(move || Json(state.store.tools()).into_response()).await
}
