//! Spans as they arrived, read with the types of the OpenTelemetry project.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, span, status};

/// A span of any service.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits.
    pub span_id: String,
    /// 16 hex digits, or `None` for the root of a trace.
    pub parent_id: Option<String>,
    /// `service.name` of its resource.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// Which side of a call it describes.
    pub kind: Kind,
    /// Nanoseconds since the Unix epoch.
    pub start: u64,
    /// Nanoseconds since the Unix epoch.
    pub end: u64,
    /// How it ended.
    pub status: Status,
    /// Its attributes; a value that is not text is written as such.
    pub attributes: BTreeMap<String, String>,
    /// The spans it is linked to, by trace id and span id.
    pub links: Vec<(String, String)>,
}

/// Which side of a call a span describes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Work inside a service.
    Internal,
    /// A call as the callee sees it.
    Server,
    /// A call as the caller sees it.
    Client,
    /// What MCP has no use for: producers, consumers and unknown numbers.
    Other,
}

/// How a span ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Status {
    /// Nothing was said, which is how a success looks.
    Unset,
    /// It was called a success.
    Ok,
    /// It failed; the text may be empty.
    Error(String),
}

impl Span {
    /// The spans of one service's batch.
    pub(crate) fn read(batch: ResourceSpans) -> impl Iterator<Item = Self> {
        let resource = attributes(batch.resource.unwrap_or_default().attributes);
        let service = resource.get("service.name").cloned().unwrap_or_default();
        batch
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans)
            .map(move |span| Self {
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_id: (!span.parent_span_id.is_empty()).then(|| hex(&span.parent_span_id)),
                service: service.clone(),
                kind: match span.kind() {
                    span::SpanKind::Internal => Kind::Internal,
                    span::SpanKind::Server => Kind::Server,
                    span::SpanKind::Client => Kind::Client,
                    _ => Kind::Other,
                },
                start: span.start_time_unix_nano,
                end: span.end_time_unix_nano,
                status: match span.status {
                    Some(given) => match given.code() {
                        status::StatusCode::Unset => Status::Unset,
                        status::StatusCode::Ok => Status::Ok,
                        status::StatusCode::Error => Status::Error(given.message),
                    },
                    None => Status::Unset,
                },
                attributes: attributes(span.attributes),
                links: span
                    .links
                    .iter()
                    .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
                    .collect(),
                name: span.name,
            })
    }

    /// From start to end.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.end.saturating_sub(self.start))
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).map(String::as_str)
    }

    /// Whether it is directly below `parent`.
    #[must_use]
    pub fn is_child_of(&self, parent: &Self) -> bool {
        self.trace_id == parent.trace_id && self.parent_id.as_ref() == Some(&parent.span_id)
    }

    /// Whether it failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self.status, Status::Error(_))
    }
}

/// `tools/call whoami (SERVER of tool-server)`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} of {})", self.name, self.kind, self.service)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Internal => "INTERNAL",
            Self::Server => "SERVER",
            Self::Client => "CLIENT",
            Self::Other => "OTHER",
        })
    }
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|pair| (pair.key, text(pair.value)))
        .collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
