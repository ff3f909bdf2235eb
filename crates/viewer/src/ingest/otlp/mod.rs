//! [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp): `POST /v1/traces`, binary
//! protobuf or JSON, plain or gzip.

mod answer;
mod convert;
mod json;

use std::sync::Arc;

use axum::body::Body;
use axum::extract;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use self::answer::Encoding;
use super::{Decoded, body};
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
    let value = state.limits.value;
    let decoded = body::read(&state, &headers, body, move |body| match encoding {
        Encoding::Protobuf => protobuf(body, value),
        Encoding::Json => json::read(&body).map(|request| convert::convert(request, value)),
    });
    match decoded.await {
        Err(refused) => {
            state.rejected.request();
            encoding.error(refused.status(), refused.message())
        }
        Ok(Err(message)) => {
            state.rejected.request();
            encoding.error(StatusCode::BAD_REQUEST, &message)
        }
        Ok(Ok(decoded)) => {
            let (rejected, reason) = (decoded.rejected, decoded.reason);
            state.rejected.spans(rejected);
            state.take(decoded);
            encoding.success(rejected, reason)
        }
    }
}

fn protobuf(body: Bytes, value: usize) -> Result<Decoded, String> {
    let request = ExportTraceServiceRequest::decode(body)
        .map_err(|_| "the body is not an ExportTraceServiceRequest".to_owned())?;
    Ok(convert::convert(request, value))
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
