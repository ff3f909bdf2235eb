//! OTLP in protobuf: `ExportTraceServiceRequest` of `opentelemetry/proto/collector/trace/v1`.
//!
//! Written on the wire primitives: building message structs first would cost more than the
//! encoding. Field numbers are those of `trace.proto`, `common.proto` and `resource.proto`.

use http::StatusCode;
use mcp_trace::{Attribute, AttributeVisitor, SpanRecord};
use prost::encoding::{WireType, encode_varint, encoded_len_varint};

use super::dialect::{STATUS_ERROR, kind, link_flags, nanos, span_flags, times};
use super::otlp_response::judge_protobuf;
use super::{EncodedSpans, Encoder, Verdict};
use crate::Resource;

/// OTLP/HTTP with protobuf bodies (`http/protobuf`).
#[derive(Clone, Debug)]
pub struct OtlpProtobuf {
    /// `ResourceSpans.resource`, with its key and length.
    resource: Vec<u8>,
}

impl OtlpProtobuf {
    /// Spans of the program `resource`.
    #[must_use]
    pub fn new(resource: &Resource) -> Self {
        let mut encoded = Vec::new();
        message(&mut encoded, 1, 128, |out| {
            resource.visit(|name, value| {
                Attributes { out, field: 1 }.value(name, value);
            });
        });
        Self { resource: encoded }
    }
}

/// `ScopeSpans.scope`, with its key and length.
fn scope() -> Vec<u8> {
    let mut scope = Vec::new();
    message(&mut scope, 1, 0, |out| {
        bytes(out, 1, crate::NAME.as_bytes());
        bytes(out, 2, crate::VERSION.as_bytes());
    });
    scope
}

impl Encoder for OtlpProtobuf {
    fn content_type(&self) -> &'static str {
        "application/x-protobuf"
    }

    fn encode(&self, span: &SpanRecord, out: &mut Vec<u8>) {
        message(out, 2, 128, |out| encode_span(span, out));
    }

    fn preamble(&self) -> Vec<u8> {
        self.resource.clone()
    }

    fn frame(&self, spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        let (resource, scope) = (spans.preamble(), scope());
        let scope_spans = scope.len() + spans.as_bytes().len();
        let resource_spans =
            resource.len() + 1 + encoded_len_varint(scope_spans as u64) + scope_spans;
        out.reserve(resource_spans + 16);
        header(out, 1, resource_spans);
        out.extend_from_slice(resource);
        header(out, 2, scope_spans);
        out.extend_from_slice(&scope);
        out.extend_from_slice(spans.as_bytes());
    }

    fn judge(&self, status: StatusCode, body: &[u8]) -> Verdict {
        judge_protobuf(status, body)
    }

    fn allows_gzip(&self) -> bool {
        true
    }
}

fn encode_span(span: &SpanRecord, out: &mut Vec<u8>) {
    bytes(out, 1, &span.trace_id().to_bytes());
    bytes(out, 2, &span.span_id().to_bytes());
    if let Some(state) = span.context.tracestate() {
        bytes(out, 3, state.as_bytes());
    }
    if let Some(parent) = span.parent_id() {
        bytes(out, 4, &parent.to_bytes());
    }
    name(out, 5, span.operation.span_name_parts());
    varint(out, 6, kind(span.kind));
    let (start, end) = times(span);
    fixed64(out, 7, start);
    fixed64(out, 8, end);
    span.visit_attributes(&mut Attributes { out, field: 9 });
    if span.dropped() > 0 {
        varint(out, 10, span.dropped().into());
    }
    for event in span.events() {
        message(out, 11, 0, |out| {
            fixed64(out, 1, start.saturating_add(nanos(event.at)));
            bytes(out, 2, event.name.as_str().as_bytes());
            attributes(out, 3, &event.attributes);
        });
    }
    for link in span.links() {
        message(out, 13, 0, |out| {
            bytes(out, 1, &link.trace_id().to_bytes());
            bytes(out, 2, &link.span_id().to_bytes());
            if let Some(state) = link.tracestate() {
                bytes(out, 3, state.as_bytes());
            }
            fixed32(out, 6, link_flags(link));
        });
    }
    if span.outcome.is_error() {
        message(out, 15, 0, |out| {
            if let Some(message) = &span.outcome.message {
                bytes(out, 2, message.as_str().as_bytes());
            }
            varint(out, 3, STATUS_ERROR);
        });
    }
    fixed32(out, 16, span_flags(span));
}

fn name(out: &mut Vec<u8>, field: u32, (operation, target): (&str, Option<&str>)) {
    let target_len = target.map_or(0, |target| 1 + target.len());
    header(out, field, operation.len() + target_len);
    out.extend_from_slice(operation.as_bytes());
    if let Some(target) = target {
        out.push(b' ');
        out.extend_from_slice(target.as_bytes());
    }
}

struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    field: u32,
}

impl AttributeVisitor for Attributes<'_> {
    // Most attributes are short texts, whose keys the compiler knows where this is inlined.
    #[inline(always)]
    fn text(&mut self, key: &str, value: &str) {
        let len = key.len() + value.len() + 6;
        match (u8::try_from(len), self.field) {
            (Ok(len @ ..0x80), 1..16) => {
                let tag = |field: u8| field << 3 | WireType::LengthDelimited as u8;
                let (key_len, value_len) = (key.len() as u8, value.len() as u8);
                self.out.reserve(usize::from(len) + 2);
                self.out
                    .extend_from_slice(&[tag(self.field as u8), len, tag(1), key_len]);
                self.out.extend_from_slice(key.as_bytes());
                self.out
                    .extend_from_slice(&[tag(2), value_len + 2, tag(1), value_len]);
                self.out.extend_from_slice(value.as_bytes());
            }
            _ => long_text(self.out, self.field, key, value),
        }
    }

    fn int(&mut self, key: &str, value: i64) {
        key_value(self.out, self.field, key, int_len(value), |out| {
            varint(out, 3, value as u64);
        });
    }

    fn float(&mut self, key: &str, value: f64) {
        key_value(self.out, self.field, key, FLOAT_LEN, |out| {
            fixed64(out, 4, value.to_bits());
        });
    }

    fn bool(&mut self, key: &str, value: bool) {
        key_value(self.out, self.field, key, BOOL_LEN, |out| {
            varint(out, 2, value.into());
        });
    }
}

fn attributes(out: &mut Vec<u8>, field: u32, attributes: &[Attribute]) {
    let mut visitor = Attributes { out, field };
    for attribute in attributes {
        visitor.value(&attribute.key, &attribute.value);
    }
}

#[cold]
fn long_text(out: &mut Vec<u8>, field: u32, key: &str, value: &str) {
    let value_len = 1 + encoded_len_varint(value.len() as u64) + value.len();
    key_value(out, field, key, value_len, |out| {
        bytes(out, 1, value.as_bytes());
    });
}

/// How long an `AnyValue` is: a key of one byte, and the value.
fn int_len(value: i64) -> usize {
    1 + encoded_len_varint(value as u64)
}

const FLOAT_LEN: usize = 1 + size_of::<f64>();
const BOOL_LEN: usize = 2;

/// A `KeyValue` whose `AnyValue` is `value_len` long and written by `value`. Spans are mostly made of
/// these: computing lengths first costs less than to correct them afterwards.
#[inline]
fn key_value(
    out: &mut Vec<u8>,
    field: u32,
    key: &str,
    value_len: usize,
    value: impl FnOnce(&mut Vec<u8>),
) {
    let delimited = |len: usize| 1 + encoded_len_varint(len as u64) + len;
    let len = delimited(key.len()) + delimited(value_len);
    out.reserve(len + 12);
    header(out, field, len);
    bytes(out, 1, key.as_bytes());
    header(out, 2, value_len);
    value(out);
}

/// A nested message. Its length comes first but is known last: room for the length that
/// `expected` bytes have is left, and the content is moved in the rare case that it needs another.
fn message(out: &mut Vec<u8>, field: u32, expected: u64, content: impl FnOnce(&mut Vec<u8>)) {
    key(out, field, WireType::LengthDelimited);
    let (start, room) = (out.len(), encoded_len_varint(expected));
    out.resize(start + room, 0);
    content(out);
    let mut prefix = [0; 10];
    let len = (out.len() - start - room) as u64;
    let width = encoded_len_varint(len);
    encode_varint(len, &mut &mut prefix[..]);
    match out.get_mut(start..start + room) {
        Some(reserved) if room == width => reserved.copy_from_slice(&prefix[..width]),
        _ => drop(out.splice(start..start + room, prefix.into_iter().take(width))),
    }
}

#[inline]
fn key(out: &mut Vec<u8>, field: u32, wire_type: WireType) {
    length(out, u64::from(field << 3 | wire_type as u32));
}

#[inline]
fn header(out: &mut Vec<u8>, field: u32, len: usize) {
    key(out, field, WireType::LengthDelimited);
    length(out, len as u64);
}

#[inline]
fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    header(out, field, value.len());
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, field: u32, value: u64) {
    key(out, field, WireType::Varint);
    length(out, value);
}

/// A varint that mostly has one byte.
#[inline]
fn length(out: &mut Vec<u8>, value: u64) {
    match u8::try_from(value) {
        Ok(byte @ ..0x80) => out.push(byte),
        _ => encode_varint(value, out),
    }
}

fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    key(out, field, WireType::SixtyFourBit);
    out.extend_from_slice(&value.to_le_bytes());
}

fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    key(out, field, WireType::ThirtyTwoBit);
    out.extend_from_slice(&value.to_le_bytes());
}
