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
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use traceparent::{SpanId, TraceId};

use super::body::{self, Refused};
use super::intake::Intake;
use super::{MAX_SPAN, TOO_LONG, is_object};
use crate::span::{Event, Kind, Source, Span, Status, Value, text};
use crate::viewer::State;

/// The attribute under which Rastir's `span_type` is kept.
pub(crate) const SPAN_TYPE: &str = "span_type";

const NO_OBJECT: &str = "Payload must be a JSON object";
const NO_SPANS: &str = "'spans' must be a non-empty array";

pub(super) async fn take(
    extract::State(state): extract::State<Arc<State>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match body::read(&state, &headers, body, read).await {
        Ok(taken) if taken.accepted == 0 => error(StatusCode::BAD_REQUEST, taken.reason),
        Ok(taken) => {
            let mut answer = json!({"status": "accepted", "spans_received": taken.accepted});
            if taken.rejected > 0 {
                answer["spans_rejected"] = taken.rejected.into();
            }
            (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
        }
        // Its clients send again after a 429, as after a 503.
        Err(Refused::Busy) => {
            let answer = error(StatusCode::TOO_MANY_REQUESTS, "Ingestion queue full");
            ([(header::RETRY_AFTER, "1")], answer).into_response()
        }
        Err(refused) => error(refused.status(), refused.message()),
    }
}

fn error(status: StatusCode, detail: &str) -> Response {
    (status, axum::Json(json!({"detail": detail}))).into_response()
}

/// The body; its spans stay text until their turn comes.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    service: Option<&'a RawValue>,
    #[serde(borrow, default)]
    env: Option<&'a RawValue>,
    #[serde(borrow, default)]
    version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    spans: Option<Vec<&'a RawValue>>,
}

fn read(body: &[u8], intake: &mut Intake<'_>) -> Result<(), Refused> {
    let payload: Payload<'_> = serde_json::from_slice(body).map_err(|error| {
        Refused::Malformed(match error.is_data() {
            false => "Invalid JSON",
            true if is_object(body) => NO_SPANS,
            true => NO_OBJECT,
        })
    })?;
    if !is_object(body) {
        return Err(Refused::Malformed(NO_OBJECT));
    }
    let spans = payload.spans.filter(|spans| !spans.is_empty());
    let spans = spans.ok_or(Refused::Malformed(NO_SPANS))?;
    let resource = [
        ("service.name", payload.service),
        ("service.version", payload.version),
        ("deployment.environment.name", payload.env),
    ]
    .into_iter()
    .filter_map(|(name, given)| Some((name.to_owned(), value(tree(given?)?))))
    .filter(|(_, value)| *value != Value::Null);
    let service = intake.resource(resource.collect());
    let service = service.as_deref().unwrap_or("unknown");
    for span in spans {
        intake.span(match tree(span) {
            Some(Json::Object(span)) => convert(span, service),
            Some(_) => Err("a span is not an object"),
            None => Err(TOO_LONG),
        });
    }
    Ok(())
}

/// The parser bounds how deep this can be.
fn tree(text: &RawValue) -> Option<Json> {
    let text = text.get();
    (text.len() <= MAX_SPAN)
        .then(|| serde_json::from_str(text).ok())
        .flatten()
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
