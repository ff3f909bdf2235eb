//! From OpenTelemetry's messages to spans.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span as ProtoSpan;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use traceparent::{SpanId, TraceId};

use crate::ingest::intake::Intake;
use crate::span::{Event, Kind, Link, Source, Span, Status, Value};

/// What OpenTelemetry's SDKs send where nothing is configured.
const UNKNOWN: &str = "unknown_service";

/// What is said about a service, and its name.
pub(super) fn resource(intake: &mut Intake<'_>, resource: Resource) -> String {
    let name = intake.resource(pairs(resource.attributes));
    name.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A span, or why it is none.
pub(super) fn span(span: ProtoSpan, service: &str) -> Result<(TraceId, Span), &'static str> {
    let trace = trace_id(&span.trace_id).ok_or("a trace id is not 16 bytes, or zero")?;
    let id = span_id(&span.span_id).ok_or("a span id is not 8 bytes, or zero")?;
    let parent_id = match span.parent_span_id.as_slice() {
        [] => None,
        bytes if bytes.iter().all(|byte| *byte == 0) => None,
        bytes => Some(span_id(bytes).ok_or("a parent span id is not 8 bytes")?),
    };
    let kind = match span.kind() {
        SpanKind::Server => Kind::Server,
        SpanKind::Client => Kind::Client,
        SpanKind::Producer => Kind::Producer,
        SpanKind::Consumer => Kind::Consumer,
        SpanKind::Internal | SpanKind::Unspecified => Kind::Internal,
    };
    let status = span.status.unwrap_or_default();
    let converted = Span {
        span_id: id,
        parent_id,
        kind,
        service: service.to_owned(),
        start_ns: span.start_time_unix_nano,
        duration_ns: span
            .end_time_unix_nano
            .saturating_sub(span.start_time_unix_nano),
        status: match status.code() {
            StatusCode::Unset => Status::Unset,
            StatusCode::Ok => Status::Ok,
            StatusCode::Error => Status::Error,
        },
        message: status.message,
        attributes: pairs(span.attributes),
        events: span
            .events
            .into_iter()
            .map(|event| Event {
                name: event.name,
                time_ns: event.time_unix_nano,
                attributes: pairs(event.attributes),
            })
            .collect(),
        links: span
            .links
            .into_iter()
            .filter_map(|link| {
                Some(Link {
                    trace_id: trace_id(&link.trace_id)?,
                    span_id: span_id(&link.span_id)?,
                    attributes: pairs(link.attributes),
                })
            })
            .collect(),
        flags: span.flags,
        trace_state: span.trace_state,
        name: span.name,
        source: Source::Otlp,
        // What the sender's own limits left out.
        cut: span.dropped_attributes_count > 0 || span.dropped_events_count > 0,
        resource: Vec::new(),
    };
    Ok((trace, converted))
}

fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    TraceId::from_bytes(bytes.try_into().ok()?)
}

fn span_id(bytes: &[u8]) -> Option<SpanId> {
    SpanId::from_bytes(bytes.try_into().ok()?)
}

fn pairs(pairs: Vec<KeyValue>) -> Vec<(String, Value)> {
    pairs
        .into_iter()
        .map(|pair| (pair.key, value(pair.value)))
        .collect()
}

fn value(given: Option<AnyValue>) -> Value {
    match given.and_then(|value| value.value) {
        Some(any_value::Value::ArrayValue(array)) => {
            Value::List(array.values.into_iter().map(scalar).collect())
        }
        Some(other) => scalar(AnyValue { value: Some(other) }),
        None => Value::Null,
    }
}

/// A scalar as it is; what is nested in JSON.
fn scalar(given: AnyValue) -> Value {
    match given.value {
        None => Value::Null,
        Some(any_value::Value::StringValue(text)) => Value::Text(text),
        Some(any_value::Value::BoolValue(truth)) => Value::Bool(truth),
        Some(any_value::Value::IntValue(number)) => Value::Int(number),
        Some(any_value::Value::DoubleValue(number)) => Value::Float(number),
        Some(any_value::Value::BytesValue(bytes)) => Value::Text(BASE64_STANDARD.encode(bytes)),
        Some(nested) => Value::Text(tree(nested).to_string()),
    }
}

/// Nested values. The decoders bound how deep they may be.
fn tree(given: any_value::Value) -> serde_json::Value {
    use serde_json::Value as Json;

    let inner = |value: Option<AnyValue>| value.and_then(|v| v.value).map_or(Json::Null, tree);
    match given {
        any_value::Value::ArrayValue(array) => {
            let values = array.values.into_iter();
            Json::Array(values.map(|value| inner(Some(value))).collect())
        }
        any_value::Value::KvlistValue(list) => {
            let pairs = list.values.into_iter();
            Json::Object(pairs.map(|pair| (pair.key, inner(pair.value))).collect())
        }
        any_value::Value::StringValue(text) => text.into(),
        any_value::Value::BoolValue(truth) => truth.into(),
        any_value::Value::IntValue(number) => number.into(),
        any_value::Value::DoubleValue(number) => number.into(),
        any_value::Value::BytesValue(bytes) => BASE64_STANDARD.encode(bytes).into(),
        _ => Json::Null,
    }
}
