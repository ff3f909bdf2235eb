//! What is kept at most.

use std::time::Duration;

use serde::Serialize;

/// What is kept at most, and what a request may be at most.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Limits {
    /// Traces that are kept. Defaults to 10 000.
    pub traces: usize,
    /// Bytes that the kept spans may take. Defaults to 256 MiB.
    pub bytes: usize,
    /// Seconds after which a trace to which nothing was added goes. Defaults to a day.
    #[serde(rename = "age_s", serialize_with = "seconds")]
    pub age: Duration,
    /// Spans of one trace; more of them are counted, not kept. Defaults to 20 000.
    pub spans_per_trace: usize,
    /// Bytes of one request's body, as sent and as unpacked. Defaults to 16 MiB.
    pub body: usize,
    /// Bytes of all bodies that are being read at once. Defaults to 128 MiB.
    pub bodies: usize,
    /// Bytes of one value; the rest is cut off. Defaults to 16 KiB.
    pub value: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            traces: 10_000,
            bytes: 256 << 20,
            age: Duration::from_secs(24 * 60 * 60),
            spans_per_trace: 20_000,
            body: 16 << 20,
            bodies: 128 << 20,
            value: 16 << 10,
        }
    }
}

fn seconds<S: serde::Serializer>(age: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(age.as_secs())
}
