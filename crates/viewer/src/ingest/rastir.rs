//! Rastir's push protocol: `POST /v1/telemetry`.
//!
//! Rastir's own collector answers a batch with one odd span by 500, or takes it and loses what
//! comes after. Here an odd span costs no other span anything. Ids of 32 digits, which Rastir's
//! Python client makes, are cut to the 16 that it puts into `traceparent`, so that a span is found
//! by the parent id that its children carry.

use std::sync::Arc;

use axum::body::Body;
use axum::extract;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value as Json, json};
use traceparent::{SpanId, TraceId};

use super::bounds::{bound, bound_resource};
use super::{Batch, Decoded, body};
use crate::span::{Event, Kind, Source, Span, Status, Value, text};
use crate::viewer::State;

/// The attribute under which Rastir's `span_type` is kept.
pub(crate) const SPAN_TYPE: &str = "span_type";

pub(super) async fn take(
    extract::State(state): extract::State<Arc<State>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let value = state.limits.value;
    match body::read(&state, &headers, body, move |body| read(&body, value)).await {
        // Rastir's clients send again after a 429, as after a 503.
        Err(body::Refused::Busy) => {
            state.rejected.request();
            let detail = Json::from("Ingestion queue full");
            let answer = error(StatusCode::TOO_MANY_REQUESTS, &detail);
            ([(header::RETRY_AFTER, "1")], answer).into_response()
        }
        Err(refused) => {
            state.rejected.request();
            error(refused.status(), &refused.message().into())
        }
        Ok(Err(detail)) => {
            state.rejected.request();
            error(StatusCode::BAD_REQUEST, &detail.into())
        }
        Ok(Ok(decoded)) => {
            let (accepted, rejected) = (decoded.accepted(), decoded.rejected);
            let reason = decoded.reason;
            state.rejected.spans(rejected);
            state.take(decoded);
            if accepted == 0 {
                return error(StatusCode::BAD_REQUEST, &reason.into());
            }
            let mut answer = json!({"status": "accepted", "spans_received": accepted});
            if rejected > 0 {
                answer["spans_rejected"] = rejected.into();
            }
            (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
        }
    }
}

fn error(status: StatusCode, detail: &Json) -> Response {
    (status, axum::Json(json!({"detail": detail}))).into_response()
}

fn read(body: &[u8], max: usize) -> Result<Decoded, &'static str> {
    let payload: Json = serde_json::from_slice(body).map_err(|_| "Invalid JSON")?;
    let Json::Object(mut payload) = payload else {
        return Err("Payload must be a JSON object");
    };
    let spans = match payload.remove("spans") {
        Some(Json::Array(spans)) if !spans.is_empty() => spans,
        _ => return Err("'spans' must be a non-empty array"),
    };
    let mut resource: Vec<_> = [
        ("service.name", "service"),
        ("service.version", "version"),
        ("deployment.environment.name", "env"),
    ]
    .into_iter()
    .filter_map(|(name, key)| Some((name.to_owned(), value(payload.remove(key)?))))
    .filter(|(_, value)| *value != Value::Null)
    .collect();
    bound_resource(&mut resource, max);
    let service = text(&resource, "service.name")
        .unwrap_or("unknown")
        .to_owned();

    let mut decoded = Decoded::default();
    let mut batch = Batch {
        resource,
        spans: Vec::with_capacity(spans.len()),
    };
    for span in spans {
        let Json::Object(span) = span else {
            decoded.reject("a span is not an object");
            continue;
        };
        match convert(span, &service) {
            Ok((trace, mut span)) => {
                bound(&mut span, max);
                batch.spans.push((trace, span));
            }
            Err(reason) => decoded.reject(reason),
        }
    }
    decoded.batches.push(batch);
    Ok(decoded)
}

fn convert(mut span: Map<String, Json>, service: &str) -> Result<(TraceId, Span), &'static str> {
    let mut take = |key: &str| match span.remove(key) {
        Some(Json::String(text)) => text,
        _ => String::new(),
    };
    let trace = take("trace_id").to_ascii_lowercase();
    let trace = TraceId::parse(trace.as_bytes()).map_err(|_| "a trace_id is not 32 hex digits")?;
    let span_id = id(&take("span_id")).ok_or("a span_id is not 16 or 32 hex digits")?;
    let parent_id = match take("parent_span_id").as_str() {
        "" => None,
        digits => Some(id(digits).ok_or("a parent_span_id is not 16 or 32 hex digits")?),
    };
    let (name, own_service) = (take("name"), take("service"));
    let span_type = take("span_type");
    let status = match take("status").as_str() {
        status if status.eq_ignore_ascii_case("error") => Status::Error,
        status if status.eq_ignore_ascii_case("ok") => Status::Ok,
        _ => Status::Unset,
    };
    let mut attributes = pairs(span.remove("attributes"));
    let events = match span.remove("events") {
        Some(Json::Array(events)) => events.into_iter().filter_map(event).collect(),
        _ => Vec::new(),
    };
    let start = seconds(span.get("start_time"));
    let duration = match span.get("duration_ms").and_then(Json::as_f64) {
        Some(ms) => (ms * 1e6).round() as u64,
        None => seconds(span.get("end_time")).saturating_sub(start),
    };
    let kind = match text(&attributes, "remote") {
        Some("true") => Kind::Client,
        Some("false") => Kind::Server,
        _ => Kind::Internal,
    };
    if !span_type.is_empty() && text(&attributes, SPAN_TYPE).is_none() {
        attributes.push((SPAN_TYPE.to_owned(), Value::Text(span_type)));
    }
    let mut converted = Span {
        span_id,
        parent_id,
        name,
        kind,
        service: if own_service.is_empty() {
            service.to_owned()
        } else {
            own_service
        },
        start_ns: start,
        duration_ns: duration,
        status,
        message: String::new(),
        attributes,
        events,
        links: Vec::new(),
        flags: 1,
        trace_state: String::new(),
        source: Source::Rastir,
        cut: false,
        resource: Vec::new(),
    };
    if converted.is_error() {
        let message = converted.text("error.message").or_else(|| {
            let thrown = converted
                .events
                .iter()
                .rfind(|event| event.name == "exception");
            thrown.and_then(|event| text(&event.attributes, "exception.message"))
        });
        converted.message = message.unwrap_or_default().to_owned();
    }
    Ok((trace, converted))
}

/// 16 hex digits, or the first 16 of a UUID's 32.
fn id(digits: &str) -> Option<SpanId> {
    let digits = digits.to_ascii_lowercase();
    let all_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match digits.len() {
        16 => SpanId::parse(digits.as_bytes()).ok(),
        32 if all_hex => SpanId::parse(digits.get(..16)?.as_bytes()).ok(),
        _ => None,
    }
}

fn event(given: Json) -> Option<Event> {
    let Json::Object(mut event) = given else {
        return None;
    };
    let name = match event.remove("name") {
        Some(Json::String(name)) => name,
        _ => String::new(),
    };
    Some(Event {
        name,
        time_ns: seconds(event.get("timestamp")),
        attributes: pairs(event.remove("attributes")),
    })
}

fn pairs(given: Option<Json>) -> Vec<(String, Value)> {
    match given {
        Some(Json::Object(pairs)) => pairs
            .into_iter()
            .map(|(key, given)| (key, value(given)))
            .collect(),
        _ => Vec::new(),
    }
}

fn value(given: Json) -> Value {
    match given {
        Json::Array(values) => Value::List(values.into_iter().map(scalar).collect()),
        other => scalar(other),
    }
}

fn scalar(given: Json) -> Value {
    match given {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::String(text) => Value::Text(text),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::Float(number),
            (None, None) => Value::Text(number.to_string()),
        },
        nested => Value::Text(nested.to_string()),
    }
}

/// Nanoseconds from seconds; 0 for what is no time after 1970.
fn seconds(given: Option<&Json>) -> u64 {
    let seconds = given.and_then(Json::as_f64).unwrap_or_default();
    // Whole seconds apart, so that their fraction stays as exact as it was.
    let whole = seconds.trunc() as u64;
    let fraction = (seconds.fract() * 1e9).round() as u64;
    whole.saturating_mul(1_000_000_000).saturating_add(fraction)
}
