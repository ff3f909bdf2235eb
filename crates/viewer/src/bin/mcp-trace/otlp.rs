//! A trace as an
//! [OTLP/JSON](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) request.

use mcp_trace_viewer::{Kind, Span, Status, Value};
use serde_json::{Value as Json, json};

use crate::client::Trace;

/// The request, one `ResourceSpans` for each service.
pub(crate) fn request(trace: &Trace) -> Json {
    let mut services: Vec<Service<'_>> = Vec::new();
    for given in &trace.spans {
        let written = span(&trace.trace_id, given);
        match services
            .iter_mut()
            .find(|service| service.resource == given.resource)
        {
            Some(service) => service.spans.push(written),
            None => services.push(Service {
                resource: &given.resource,
                spans: vec![written],
            }),
        }
    }
    let services = services.into_iter().map(|service| {
        json!({
            "resource": {"attributes": attributes(service.resource)},
            "scopeSpans": [{"spans": service.spans}],
        })
    });
    json!({"resourceSpans": services.collect::<Vec<_>>()})
}

/// What one service sent.
struct Service<'a> {
    resource: &'a [(String, Value)],
    spans: Vec<Json>,
}

fn span(trace_id: &str, span: &Span) -> Json {
    let kind = match span.kind {
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
        Kind::Producer => 4,
        Kind::Consumer => 5,
    };
    let code = match span.status {
        Status::Unset => 0,
        Status::Ok => 1,
        Status::Error => 2,
    };
    let events = span.events.iter().map(|event| {
        json!({
            "timeUnixNano": event.time_ns.to_string(),
            "name": event.name,
            "attributes": attributes(&event.attributes),
        })
    });
    let links = span.links.iter().map(|link| {
        json!({
            "traceId": link.trace_id.to_string(),
            "spanId": link.span_id.to_string(),
            "attributes": attributes(&link.attributes),
        })
    });
    json!({
        "traceId": trace_id,
        "spanId": span.span_id.to_string(),
        "parentSpanId": span.parent_id.map_or_else(String::new, |id| id.to_string()),
        "traceState": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": span.start_ns.to_string(),
        "endTimeUnixNano": span.start_ns.saturating_add(span.duration_ns).to_string(),
        "attributes": attributes(&span.attributes),
        "events": events.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "status": {"code": code, "message": span.message},
    })
}

fn attributes(pairs: &[(String, Value)]) -> Vec<Json> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, given)| json!({"key": key, "value": value(given)}))
        .collect()
}

fn value(given: &Value) -> Json {
    match given {
        Value::Bool(truth) => json!({"boolValue": truth}),
        Value::Int(number) => json!({"intValue": number.to_string()}),
        Value::Float(number) => json!({"doubleValue": number}),
        Value::Text(text) => json!({"stringValue": text}),
        Value::List(values) => {
            let values: Vec<Json> = values.iter().map(value).collect();
            json!({"arrayValue": {"values": values}})
        }
        _ => json!({}),
    }
}
