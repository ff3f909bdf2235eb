//! OTLP in JSON, by the [ProtoJSON mapping of OTLP](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding):
//! ids in hexadecimal, enumerations as numbers, 64-bit integers as strings.

use http::StatusCode;
use mcp_trace::{Attribute, AttributeVisitor, SpanRecord, TraceContext};

use super::dialect::{STATUS_ERROR, kind, link_flags, nanos, span_flags, times};
use super::json::{float, key, raw, string};
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
            key(out, "parentSpanId");
            hex(out, &parent.to_hex());
        }
        key(out, "flags");
        raw(out, format_args!("{}", span_flags(span)));
        key(out, "name");
        string(out, &span.name());
        key(out, "kind");
        raw(out, format_args!("{}", kind(span.kind)));
        let (start, end) = times(span);
        key(out, "startTimeUnixNano");
        raw(out, format_args!("\"{start}\""));
        key(out, "endTimeUnixNano");
        raw(out, format_args!("\"{end}\""));
        key(out, "attributes");
        out.push(b'[');
        span.visit_attributes(&mut Attributes(out));
        out.push(b']');
        if span.dropped() > 0 {
            key(out, "droppedAttributesCount");
            raw(out, format_args!("{}", span.dropped()));
        }
        if !span.events().is_empty() {
            events(span, start, out);
        }
        if !span.links().is_empty() {
            links(span, out);
        }
        if span.outcome.is_error() {
            key(out, "status");
            out.push(b'{');
            if let Some(message) = &span.outcome.message {
                key(out, "message");
                string(out, message.as_str());
            }
            key(out, "code");
            raw(out, format_args!("{STATUS_ERROR}}}"));
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

fn events(span: &SpanRecord, start: u64, out: &mut Vec<u8>) {
    key(out, "events");
    out.push(b'[');
    for (n, event) in span.events().iter().enumerate() {
        out.extend_from_slice(if n == 0 { b"{" } else { b",{" });
        key(out, "timeUnixNano");
        raw(
            out,
            format_args!("\"{}\"", start.saturating_add(nanos(event.at))),
        );
        key(out, "name");
        string(out, event.name.as_str());
        key(out, "attributes");
        out.push(b'[');
        attributes(out, &event.attributes);
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
}

fn links(span: &SpanRecord, out: &mut Vec<u8>) {
    key(out, "links");
    out.push(b'[');
    for (n, link) in span.links().iter().enumerate() {
        out.extend_from_slice(if n == 0 { b"{" } else { b",{" });
        ids(out, link);
        key(out, "flags");
        raw(out, format_args!("{}}}", link_flags(link)));
    }
    out.push(b']');
}

fn ids(out: &mut Vec<u8>, context: &TraceContext) {
    key(out, "traceId");
    hex(out, &context.trace_id().to_hex());
    key(out, "spanId");
    hex(out, &context.span_id().to_hex());
    if let Some(state) = context.tracestate() {
        key(out, "traceState");
        string(out, state);
    }
}

fn hex(out: &mut Vec<u8>, digits: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(digits);
    out.push(b'"');
}

fn attributes(out: &mut Vec<u8>, attributes: &[Attribute]) {
    let mut visitor = Attributes(out);
    for attribute in attributes {
        visitor.value(&attribute.key, &attribute.value);
    }
}

struct Attributes<'a>(&'a mut Vec<u8>);

impl Attributes<'_> {
    fn key_value(&mut self, name: &str, kind: &str, value: impl FnOnce(&mut Vec<u8>)) {
        let out = &mut *self.0;
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        out.push(b'{');
        key(out, "key");
        string(out, name);
        key(out, "value");
        out.push(b'{');
        key(out, kind);
        value(out);
        out.extend_from_slice(b"}}");
    }
}

impl AttributeVisitor for Attributes<'_> {
    fn text(&mut self, key: &str, value: &str) {
        self.key_value(key, "stringValue", |out| string(out, value));
    }

    fn int(&mut self, key: &str, value: i64) {
        self.key_value(key, "intValue", |out| raw(out, format_args!("\"{value}\"")));
    }

    fn float(&mut self, key: &str, value: f64) {
        self.key_value(key, "doubleValue", |out| float(out, value));
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.key_value(key, "boolValue", |out| raw(out, format_args!("{value}")));
    }
}
