//! A span as it is kept and shown, whichever way it came.

mod id;
mod pairs;
mod value;

use serde::{Deserialize, Serialize};
pub(crate) use traceparent::{SpanId, TraceId};

pub(crate) use self::pairs::serialize as write_pairs;
pub use self::value::Value;

/// A span of any service, as `GET /api/traces/{id}` gives it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Span {
    /// Its id: 16 hex digits. Senders may use one twice.
    #[serde(with = "id::span")]
    pub span_id: SpanId,
    /// The id of the span that it is below, which may be missing.
    #[serde(with = "id::parent")]
    pub parent_id: Option<SpanId>,
    /// What it is called.
    pub name: String,
    /// Which side of a call it describes.
    pub kind: Kind,
    /// `service.name` of its resource.
    pub service: String,
    /// Nanoseconds since the Unix epoch, by its sender's clock; decimal digits.
    #[serde(with = "id::digits")]
    pub start_ns: u64,
    /// Nanoseconds from start to end; 0 where the end is before the start.
    pub duration_ns: u64,
    /// How it ended.
    pub status: Status,
    /// What the status says beside that.
    pub message: String,
    /// Its attributes; no key twice.
    #[serde(with = "pairs")]
    pub attributes: Vec<(String, Value)>,
    /// What happened during it.
    pub events: Vec<Event>,
    /// Spans that it refers to.
    pub links: Vec<Link>,
    /// [Span flags](https://github.com/open-telemetry/opentelemetry-proto): the low byte is that
    /// of W3C Trace Context.
    pub flags: u32,
    /// W3C `tracestate`.
    pub trace_state: String,
    /// The protocol by which it came.
    pub source: Source,
    /// Whether something of it was over a bound and cut off.
    pub cut: bool,
    /// The attributes of its service. Not written with the span: they are kept once for many.
    #[serde(default, skip_serializing, with = "pairs")]
    pub resource: Vec<(String, Value)>,
}

/// Which side of a call a span describes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Work inside a service.
    Internal,
    /// A call as the callee sees it.
    Server,
    /// A call as the caller sees it.
    Client,
    /// A message sent.
    Producer,
    /// A message received.
    Consumer,
}

/// How a span ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing was said, which is how a success looks in OpenTelemetry.
    Unset,
    /// It was called a success.
    Ok,
    /// It failed.
    Error,
}

/// The protocol by which a span came.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// OTLP over HTTP.
    Otlp,
    /// Rastir's push protocol.
    Rastir,
}

/// Something that happened during a span.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// Nanoseconds since the Unix epoch; decimal digits.
    #[serde(with = "id::digits")]
    pub time_ns: u64,
    /// Its attributes.
    #[serde(with = "pairs")]
    pub attributes: Vec<(String, Value)>,
}

/// A span that another one refers to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// Its trace.
    #[serde(with = "id::trace")]
    pub trace_id: TraceId,
    /// Its id.
    #[serde(with = "id::span")]
    pub span_id: SpanId,
    /// What is said about the reference.
    #[serde(with = "pairs")]
    pub attributes: Vec<(String, Value)>,
}

impl Span {
    /// The value of an attribute that is text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        text(&self.attributes, key)
    }

    /// The tool that it calls or runs, by the names of OpenTelemetry and of Rastir.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        self.text("gen_ai.tool.name")
            .or_else(|| self.text("tool_name"))
            .filter(|name| !name.is_empty())
    }

    /// What kind of error it ended with.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.text("error.type").or_else(|| {
            let thrown = self.events.iter().rfind(|event| event.name == "exception");
            thrown.and_then(|event| text(&event.attributes, "exception.type"))
        })
    }

    /// Whether it failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.status == Status::Error
    }
}

/// The value of `key` among `pairs`, if it is text.
pub(crate) fn text<'a>(pairs: &'a [(String, Value)], key: &str) -> Option<&'a str> {
    pairs.iter().find_map(|(name, value)| match value {
        Value::Text(text) if name == key => Some(text.as_str()),
        _ => None,
    })
}

impl Kind {
    /// The lower-case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}
