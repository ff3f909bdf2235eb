//! OTLP in JSON, by the [ProtoJSON mapping of OTLP](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding):
//! ids in hexadecimal, enumerations as numbers, 64-bit integers as strings.

use http::StatusCode;
use mcp_trace::{Attribute, AttributeVisitor, Operation, SpanRecord, TraceContext};

use super::dialect::{STATUS_ERROR, kind, link_flags, nanos, span_flags, times};
use super::json::{float, integer, integer64, is_plain, quoted, raw, string};
use super::otlp_response::judge_json;
use super::{EncodedSpans, Encoder, Verdict};
use crate::Resource;

/// OTLP/HTTP with JSON bodies (`http/json`).
#[derive(Clone, Debug)]
pub struct OtlpJson {
    /// Everything before the first span.
    prefix: Vec<u8>,
}

impl OtlpJson {
    /// Spans of the program `resource`.
    #[must_use]
    pub fn new(resource: &Resource) -> Self {
        let mut prefix = br#"{"resourceSpans":[{"resource":{"attributes":["#.to_vec();
        resource.visit(|key, value| Attributes(&mut prefix).value(key, value));
        raw(
            &mut prefix,
            format_args!(
                r#"]}},"scopeSpans":[{{"scope":{{"name":"{}","version":"{}"}},"spans":["#,
                crate::NAME,
                crate::VERSION
            ),
        );
        Self { prefix }
    }
}

impl Encoder for OtlpJson {
    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn encode(&self, span: &SpanRecord, out: &mut Vec<u8>) {
        out.push(b'{');
        ids(out, &span.context);
        if let Some(parent) = span.parent_id() {
            out.extend_from_slice(br#","parentSpanId":"#);
            quoted(out, &parent.to_hex());
        }
        out.extend_from_slice(br#","flags":"#);
        integer(out, span_flags(span));
        out.extend_from_slice(br#","name":"#);
        name(out, &span.operation);
        out.extend_from_slice(br#","kind":"#);
        integer(out, kind(span.kind));
        let (start, end) = times(span);
        out.extend_from_slice(br#","startTimeUnixNano":"#);
        integer64(out, start);
        out.extend_from_slice(br#","endTimeUnixNano":"#);
        integer64(out, end);
        out.extend_from_slice(br#","attributes":["#);
        span.visit_attributes(&mut Attributes(out));
        out.push(b']');
        if span.dropped() > 0 {
            out.extend_from_slice(br#","droppedAttributesCount":"#);
            integer(out, span.dropped());
        }
        if !span.events().is_empty() {
            events(span, start, out);
        }
        if !span.links().is_empty() {
            links(span, out);
        }
        if span.outcome.is_error() {
            out.extend_from_slice(br#","status":{"#);
            if let Some(message) = &span.outcome.message {
                out.extend_from_slice(br#""message":"#);
                string(out, message.as_str());
                out.push(b',');
            }
            out.extend_from_slice(br#""code":"#);
            integer(out, STATUS_ERROR);
            out.push(b'}');
        }
        out.push(b'}');
    }

    fn preamble(&self) -> Vec<u8> {
        self.prefix.clone()
    }

    fn frame(&self, spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        out.reserve(spans.preamble().len() + spans.as_bytes().len() + spans.len() + 8);
        out.extend_from_slice(spans.preamble());
        spans.join(out);
        out.extend_from_slice(b"]}]}]}");
    }

    fn judge(&self, status: StatusCode, body: &[u8]) -> Verdict {
        judge_json(status, body)
    }

    fn allows_gzip(&self) -> bool {
        true
    }
}

fn name(out: &mut Vec<u8>, operation: &Operation) {
    match operation.span_name_parts() {
        (operation, Some(target)) if is_plain(operation) && is_plain(target) => {
            out.push(b'"');
            out.extend_from_slice(operation.as_bytes());
            out.push(b' ');
            out.extend_from_slice(target.as_bytes());
            out.push(b'"');
        }
        _ => string(out, &operation.span_name()),
    }
}

fn events(span: &SpanRecord, start: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(br#","events":["#);
    for (n, event) in span.events().iter().enumerate() {
        out.extend_from_slice(if n == 0 { b"{" } else { b",{" });
        out.extend_from_slice(br#""timeUnixNano":"#);
        integer64(out, start.saturating_add(nanos(event.at)));
        out.extend_from_slice(br#","name":"#);
        string(out, event.name.as_str());
        out.extend_from_slice(br#","attributes":["#);
        attributes(out, &event.attributes);
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
}

fn links(span: &SpanRecord, out: &mut Vec<u8>) {
    out.extend_from_slice(br#","links":["#);
    for (n, link) in span.links().iter().enumerate() {
        out.extend_from_slice(if n == 0 { b"{" } else { b",{" });
        ids(out, link);
        out.extend_from_slice(br#","flags":"#);
        integer(out, link_flags(link));
        out.push(b'}');
    }
    out.push(b']');
}

fn ids(out: &mut Vec<u8>, context: &TraceContext) {
    out.extend_from_slice(br#""traceId":"#);
    quoted(out, &context.trace_id().to_hex());
    out.extend_from_slice(br#","spanId":"#);
    quoted(out, &context.span_id().to_hex());
    if let Some(state) = context.tracestate() {
        out.extend_from_slice(br#","traceState":"#);
        string(out, state);
    }
}

fn attributes(out: &mut Vec<u8>, attributes: &[Attribute]) {
    let mut visitor = Attributes(out);
    for attribute in attributes {
        visitor.value(&attribute.key, &attribute.value);
    }
}

struct Attributes<'a>(&'a mut Vec<u8>);

impl Attributes<'_> {
    /// `kind` is what opens the value: `{"stringValue":` and its like.
    fn key_value(&mut self, name: &str, kind: &[u8], value: impl FnOnce(&mut Vec<u8>)) {
        let out = &mut *self.0;
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"key":"#);
        string(out, name);
        out.extend_from_slice(br#","value":"#);
        out.extend_from_slice(kind);
        value(out);
        out.extend_from_slice(b"}}");
    }
}

impl AttributeVisitor for Attributes<'_> {
    fn text(&mut self, key: &str, value: &str) {
        self.key_value(key, br#"{"stringValue":"#, |out| string(out, value));
    }

    fn int(&mut self, key: &str, value: i64) {
        self.key_value(key, br#"{"intValue":"#, |out| integer64(out, value));
    }

    fn float(&mut self, key: &str, value: f64) {
        self.key_value(key, br#"{"doubleValue":"#, |out| float(out, value));
    }

    fn bool(&mut self, key: &str, value: bool) {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.key_value(key, br#"{"boolValue":"#, |out| out.extend_from_slice(text));
    }
}
