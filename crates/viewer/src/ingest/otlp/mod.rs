//! [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp): `POST /v1/traces`, binary
//! protobuf or JSON, plain or gzip.

mod answer;
mod convert;
mod json;
mod protobuf;

use std::sync::Arc;

use axum::body::Body;
use axum::extract;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use self::answer::Encoding;
use super::body;
use crate::viewer::State;

pub(super) async fn take(
    extract::State(state): extract::State<Arc<State>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(encoding) = Encoding::of(&headers) else {
        state.rejected.request();
        let message = "send application/x-protobuf or application/json";
        return Encoding::Json.error(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    };
    let read = match encoding {
        Encoding::Protobuf => protobuf::read,
        Encoding::Json => json::read,
    };
    match body::read(&state, &headers, body, read).await {
        Ok(taken) => encoding.success(&taken),
        Err(refused) => encoding.error(refused.status(), refused.message()),
    }
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = given.split(';').next().unwrap_or_default().trim();
        [
            (Self::Protobuf, "application/x-protobuf"),
            (Self::Json, "application/json"),
        ]
        .into_iter()
        .find_map(|(encoding, name)| kind.eq_ignore_ascii_case(name).then_some(encoding))
    }
}
