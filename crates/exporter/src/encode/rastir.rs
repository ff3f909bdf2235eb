//! The wire of a Rastir collector: `POST /v1/telemetry`.
//!
//! What its collector needs to keep every span: ids never null, `attributes` and `events`
//! always present, string values, numeric times in seconds, a status of `OK` or `ERROR`, an
//! `exception` event on errors (its metrics read the error's type there), no compression. It
//! answers 202 once spans are in its memory, and 500 for a whole batch over one bad span.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use mcp_trace::{AttributeVisitor, Operation, SpanKind, SpanRecord};

use super::json::{key, quoted, raw, string};
use super::{EncodedSpans, Encoder, Verdict};
use crate::Resource;

/// Longer tool names do not stand in a span's name.
const MAX_NAME: usize = 128;

/// What Rastir's own client sends where nothing is configured.
const DEFAULT_ENV: &str = "development";

/// Rastir's telemetry protocol.
#[derive(Clone, Debug)]
pub struct Rastir {
    service: String,
    /// Everything before the first span.
    prefix: Vec<u8>,
}

impl Rastir {
    /// Spans of the program `resource`.
    #[must_use]
    pub fn new(resource: &Resource) -> Self {
        let mut prefix = b"{".to_vec();
        key(&mut prefix, "service");
        string(&mut prefix, &resource.service);
        // A null in place of a string costs the whole batch its metrics.
        let env = resource.env.as_deref().unwrap_or(DEFAULT_ENV);
        for (name, value) in [("env", Some(env)), ("version", resource.version.as_deref())] {
            if let Some(value) = value {
                key(&mut prefix, name);
                string(&mut prefix, value);
            }
        }
        key(&mut prefix, "spans");
        prefix.push(b'[');
        Self {
            service: resource.service.clone(),
            prefix,
        }
    }
}

impl Encoder for Rastir {
    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn encode(&self, span: &SpanRecord, out: &mut Vec<u8>) {
        out.push(b'{');
        field(out, "type", "span");
        // Queries by service look at the spans, not at the request around them.
        field(out, "service", &self.service);
        key(out, "trace_id");
        quoted(out, &span.trace_id().to_hex());
        key(out, "span_id");
        quoted(out, &span.span_id().to_hex());
        key(out, "parent_span_id");
        match span.parent_id() {
            Some(parent) => quoted(out, &parent.to_hex()),
            None => out.extend_from_slice(b"null"),
        }
        field(out, "span_type", span_type(span));
        field(out, "name", &name(span));
        key(out, "start_time");
        seconds(out, span.start, Duration::ZERO);
        key(out, "end_time");
        seconds(out, span.start, span.duration);
        key(out, "duration_ms");
        let nanos = span.duration.as_nanos();
        raw(
            out,
            format_args!("{}.{:06}", nanos / 1_000_000, nanos % 1_000_000),
        );
        field(
            out,
            "status",
            if span.outcome.is_error() {
                "ERROR"
            } else {
                "OK"
            },
        );
        key(out, "attributes");
        out.push(b'{');
        let mut attributes = Attributes { out, renamed: true };
        span.visit_attributes(&mut attributes);
        if let Some(message) = span
            .outcome
            .message
            .as_ref()
            .filter(|_| span.outcome.is_error())
        {
            attributes.text("error.message", message.as_str());
        }
        out.push(b'}');
        events(span, out);
        out.push(b'}');
    }

    fn preamble(&self) -> Vec<u8> {
        self.prefix.clone()
    }

    fn frame(&self, spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        out.reserve(spans.preamble().len() + spans.as_bytes().len() + spans.len() + 2);
        out.extend_from_slice(spans.preamble());
        spans.join(out);
        out.extend_from_slice(b"]}");
    }

    fn judge(&self, status: StatusCode, _body: &[u8]) -> Verdict {
        match status.as_u16() {
            500 => Verdict::Suspect,
            _ => Verdict::of_status(status),
        }
    }
}

/// Rastir counts every span of type `tool` as a tool call.
fn span_type(span: &SpanRecord) -> &'static str {
    match &span.operation {
        Operation::Mcp(call) if call.tool().is_some() => "tool",
        Operation::Agent { .. } => "agent",
        Operation::Http(_) => "infra",
        _ => "system",
    }
}

fn name(span: &SpanRecord) -> Cow<'_, str> {
    match &span.operation {
        Operation::Agent { name } => Cow::Borrowed(name.as_str()),
        Operation::Mcp(call) => {
            let Some(tool) = call.tool() else {
                return span.name();
            };
            let tool = if tool.as_str().len() > MAX_NAME {
                "_OTHER"
            } else {
                tool.as_str()
            };
            match span.kind {
                SpanKind::Server => Cow::Owned(format!("mcpserver:{tool}")),
                _ => Cow::Borrowed(tool),
            }
        }
        _ => span.name(),
    }
}

fn events(span: &SpanRecord, out: &mut Vec<u8>) {
    key(out, "events");
    out.push(b'[');
    for event in span.events() {
        open_event(out, event.name.as_str());
        let mut attributes = Attributes {
            out,
            renamed: false,
        };
        for attribute in &event.attributes {
            attributes.value(&attribute.key, &attribute.value);
        }
        close_event(out, span.start, event.at);
    }
    if let Some(error_type) = &span.outcome.error_type {
        open_event(out, "exception");
        let mut attributes = Attributes {
            out,
            renamed: false,
        };
        attributes.text("exception.type", error_type.as_str());
        if let Some(message) = &span.outcome.message {
            attributes.text("exception.message", message.as_str());
        }
        close_event(out, span.start, span.duration);
    }
    out.push(b']');
}

fn open_event(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
    out.push(b'{');
    field(out, "name", name);
    key(out, "attributes");
    out.push(b'{');
}

fn close_event(out: &mut Vec<u8>, start: SystemTime, at: Duration) {
    out.push(b'}');
    key(out, "timestamp");
    seconds(out, start, at);
    out.push(b'}');
}

fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    string(out, value);
}

/// Seconds since 1970 with a fraction; 0 and a length after it where the clock stood before.
fn seconds(out: &mut Vec<u8>, start: SystemTime, after: Duration) {
    let at = start
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .saturating_add(after);
    raw(
        out,
        format_args!("{}.{:09}", at.as_secs(), at.subsec_nanos()),
    );
}

/// Attributes as strings, under the names that Rastir gives them.
struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    renamed: bool,
}

impl AttributeVisitor for Attributes<'_> {
    fn text(&mut self, key: &str, value: &str) {
        let key = if self.renamed && key == "gen_ai.tool.name" {
            "tool_name"
        } else {
            key
        };
        field(self.out, key, value);
    }

    fn int(&mut self, key: &str, value: i64) {
        field(self.out, key, &value.to_string());
    }

    fn float(&mut self, key: &str, value: f64) {
        field(self.out, key, &value.to_string());
    }

    fn bool(&mut self, key: &str, value: bool) {
        field(self.out, key, if value { "true" } else { "false" });
    }
}
