//! Protocols: how spans are written, and what an answer means.

mod dialect;
mod json;
mod otlp_json;
mod otlp_protobuf;
mod otlp_response;
mod rastir;

use std::fmt::Debug;

use http::StatusCode;
use mcp_trace::SpanRecord;

pub use otlp_json::OtlpJson;
pub use otlp_protobuf::OtlpProtobuf;
pub use rastir::Rastir;

/// A protocol: writes spans into request bodies and reads the answers.
///
/// Spans are encoded one by one, as soon as they leave the queue, and framed into a request
/// when it is sent, so that a batch that a receiver refuses can be cut in two without
/// encoding it again.
///
/// A panic in [`encode`](Self::encode) loses the span that it was called for, no other.
pub trait Encoder: Debug + Send + Sync + 'static {
    /// The value of `Content-Type`.
    fn content_type(&self) -> &'static str;

    /// Appends one span to `out`.
    fn encode(&self, span: &SpanRecord, out: &mut Vec<u8>);

    /// What is the same for all spans of the program, such as its resource. It is kept beside
    /// spans that are spooled to disk, so that those of an earlier run keep theirs.
    ///
    /// Defaults to nothing.
    fn preamble(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Appends to `out` the body of a request with these spans, of which there is at least
    /// one, under [their preamble](EncodedSpans::preamble).
    fn frame(&self, spans: EncodedSpans<'_>, out: &mut Vec<u8>);

    /// The body of a request with `spans`, written in one go.
    fn request(&self, spans: &[SpanRecord]) -> Vec<u8> {
        let (mut bytes, mut ends, mut request) = (Vec::new(), Vec::new(), Vec::new());
        let preamble = self.preamble();
        for span in spans {
            self.encode(span, &mut bytes);
            ends.push(bytes.len());
        }
        self.frame(EncodedSpans::new(&preamble, &bytes, &ends), &mut request);
        request
    }

    /// Judges an answer. `body` is complete; it is empty if it was longer than 64 KiB.
    ///
    /// Defaults to the rules of
    /// [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp-response) for status codes.
    fn judge(&self, status: StatusCode, body: &[u8]) -> Verdict {
        let _ = body;
        Verdict::of_status(status)
    }

    /// Whether receivers of this protocol understand `Content-Encoding: gzip`. Defaults to `false`.
    fn allows_gzip(&self) -> bool {
        false
    }
}

/// What an answer means for the spans of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// The receiver took the spans, all but `rejected`; they are never sent again.
    Accepted {
        /// How many spans the receiver said it refused.
        rejected: u64,
        /// What it said about that.
        message: Option<String>,
    },
    /// The receiver cannot take them now: sent again later.
    Unavailable,
    /// The receiver failed, maybe because of what was sent: sent again a few times, then
    /// divided to find the span that is the cause.
    Suspect,
    /// The request was too large: divided.
    TooLarge,
    /// The credentials are not accepted: kept and tried again now and then.
    Unauthorized,
    /// Refused for good.
    Refused,
}

impl Verdict {
    /// The rules of OTLP/HTTP: 2xx is success; 429, 502, 503 and 504 may be repeated.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Accepted {
                rejected: 0,
                message: None,
            },
            429 | 502 | 503 | 504 => Self::Unavailable,
            413 => Self::TooLarge,
            401 | 403 => Self::Unauthorized,
            _ => Self::Refused,
        }
    }
}

/// The spans of a request, as [`Encoder::encode`] wrote them.
#[derive(Clone, Copy, Debug)]
pub struct EncodedSpans<'a> {
    preamble: &'a [u8],
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> EncodedSpans<'a> {
    pub(crate) fn new(preamble: &'a [u8], bytes: &'a [u8], ends: &'a [usize]) -> Self {
        Self {
            preamble,
            bytes,
            ends,
        }
    }

    /// The [`Encoder::preamble`] of the program that recorded them.
    #[must_use]
    pub fn preamble(&self) -> &'a [u8] {
        self.preamble
    }

    /// All spans, one after the other with nothing between.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The spans one by one.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + 'a {
        let (bytes, mut start) = (self.bytes, 0);
        self.ends.iter().map(move |end| {
            let span = bytes.get(start..*end).unwrap_or_default();
            start = *end;
            span
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Appends the spans to `out` with commas between, as a JSON array's inside.
    pub fn join(&self, out: &mut Vec<u8>) {
        for (n, span) in self.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(span);
        }
    }
}
