//! [OTLP/JSON](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), read tolerantly:
//! what is missing, null or of another type counts as absent, unknown fields are passed over, and
//! 64-bit numbers may be numbers or digits. One odd span costs no other span anything.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::convert;
use crate::ingest::body::Refused;
use crate::ingest::intake::Intake;
use crate::ingest::{MAX_SPAN, TOO_LONG, is_object};

/// `ExportTraceServiceRequest`; what is inside stays text until its turn comes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    resource_spans: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default)]
    scope_spans: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct ScopeSpans<'a> {
    #[serde(borrow, default)]
    spans: Option<Vec<&'a RawValue>>,
}

/// Hands over the spans of the request in `body`.
pub(super) fn read(body: &[u8], intake: &mut Intake<'_>) -> Result<(), Refused> {
    const MALFORMED: Refused =
        Refused::Malformed("the body is not an ExportTraceServiceRequest in JSON");
    if !is_object(body) {
        return Err(MALFORMED);
    }
    let request: Request<'_> = serde_json::from_slice(body).map_err(|_| MALFORMED)?;
    for spans in request.resource_spans.unwrap_or_default() {
        let spans: ResourceSpans<'_> = part(spans)?;
        let resource = spans.resource.and_then(tree).unwrap_or_default();
        let resource = Resource {
            attributes: attributes(&resource),
            ..Resource::default()
        };
        let service = convert::resource(intake, resource);
        for scope in spans.scope_spans.unwrap_or_default() {
            let scope: ScopeSpans<'_> = part(scope)?;
            for given in scope.spans.unwrap_or_default() {
                let converted = match tree(given) {
                    Some(given) => convert::span(span(&given), &service),
                    None => Err(TOO_LONG),
                };
                intake.span(converted);
            }
        }
    }
    Ok(())
}

fn part<'a, T: Deserialize<'a>>(text: &'a RawValue) -> Result<T, Refused> {
    const MALFORMED: Refused =
        Refused::Malformed("resourceSpans or scopeSpans hold something else");
    if !is_object(text.get().as_bytes()) {
        return Err(MALFORMED);
    }
    serde_json::from_str(text.get()).map_err(|_| MALFORMED)
}

/// The parser bounds how deep this can be.
fn tree(text: &RawValue) -> Option<Json> {
    let text = text.get();
    (text.len() <= MAX_SPAN)
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

fn span(given: &Json) -> Span {
    Span {
        trace_id: id(given, "traceId"),
        span_id: id(given, "spanId"),
        parent_span_id: id(given, "parentSpanId"),
        trace_state: text(given, "traceState"),
        flags: small(given, "flags"),
        name: text(given, "name"),
        kind: small(given, "kind"),
        start_time_unix_nano: number(given, "startTimeUnixNano"),
        end_time_unix_nano: number(given, "endTimeUnixNano"),
        attributes: attributes(given),
        dropped_attributes_count: small(given, "droppedAttributesCount"),
        events: each(given, "events", |event| Event {
            time_unix_nano: number(event, "timeUnixNano"),
            name: text(event, "name"),
            attributes: attributes(event),
            ..Event::default()
        }),
        dropped_events_count: small(given, "droppedEventsCount"),
        links: each(given, "links", |link| Link {
            trace_id: id(link, "traceId"),
            span_id: id(link, "spanId"),
            attributes: attributes(link),
            ..Link::default()
        }),
        dropped_links_count: small(given, "droppedLinksCount"),
        status: given.get("status").map(|status| Status {
            message: text(status, "message"),
            code: small(status, "code"),
        }),
    }
}

fn attributes(of: &Json) -> Vec<KeyValue> {
    each(of, "attributes", pair)
}

fn pair(given: &Json) -> KeyValue {
    KeyValue {
        key: text(given, "key"),
        value: given.get("value").map(any),
        ..KeyValue::default()
    }
}

fn any(given: &Json) -> AnyValue {
    let value = given.as_object().and_then(|object| {
        object.iter().find_map(|(kind, value)| {
            Some(match kind.as_str() {
                "stringValue" => any_value::Value::StringValue(value.as_str()?.to_owned()),
                "boolValue" => any_value::Value::BoolValue(value.as_bool()?),
                "intValue" => any_value::Value::IntValue(parsed(value)?),
                "doubleValue" => any_value::Value::DoubleValue(double(value)?),
                "arrayValue" => any_value::Value::ArrayValue(ArrayValue {
                    values: each(value, "values", any),
                }),
                "kvlistValue" => any_value::Value::KvlistValue(KeyValueList {
                    values: each(value, "values", pair),
                }),
                "bytesValue" => {
                    any_value::Value::BytesValue(BASE64_STANDARD.decode(value.as_str()?).ok()?)
                }
                _ => return None,
            })
        })
    });
    AnyValue { value }
}

fn each<T>(of: &Json, key: &str, read: impl Fn(&Json) -> T) -> Vec<T> {
    let items = of.get(key).and_then(Json::as_array);
    items.map_or_else(Vec::new, |items| items.iter().map(read).collect())
}

fn text(of: &Json, key: &str) -> String {
    let text = of.get(key).and_then(Json::as_str);
    text.unwrap_or_default().to_owned()
}

fn number(of: &Json, key: &str) -> u64 {
    of.get(key).and_then(parsed).unwrap_or_default()
}

fn small<T: TryFrom<i64> + Default>(of: &Json, key: &str) -> T {
    let number = of.get(key).and_then(parsed::<i64>);
    number.and_then(|n| T::try_from(n).ok()).unwrap_or_default()
}

/// A whole number, as digits or as a number.
fn parsed<T: std::str::FromStr>(value: &Json) -> Option<T> {
    match value {
        Json::String(digits) => digits.parse().ok(),
        Json::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn double(value: &Json) -> Option<f64> {
    match value {
        // The JSON of protobuf has words for what JSON has no numbers for.
        Json::String(word) => word.replace("Infinity", "inf").parse().ok(),
        other => other.as_f64(),
    }
}

/// An id in hex of any case. Nothing where it is not hex, which no trace takes.
fn id(of: &Json, key: &str) -> Vec<u8> {
    let digits = of.get(key).and_then(Json::as_str).unwrap_or_default();
    let pairs = digits.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| match pair {
        [high, low] => Some((hex(*high)? << 4) | hex(*low)?),
        _ => None,
    });
    // A wrong digit must not turn a parent into none.
    bytes.collect::<Option<_>>().unwrap_or_else(|| vec![0xff])
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|n| u8::try_from(n).ok())
}
