//! A protocol and a transport of one's own: one JSON line per span, appended to a file.
//!
//! ```console
//! cargo run --example spans_to_file -- spans.jsonl
//! ```

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use mcp_trace::{SpanRecord, agent_span};
use mcp_trace_exporter::{BoxError, EncodedSpans, Encoder, configure};
use tower::service_fn;

#[derive(Debug)]
struct Lines;

impl Encoder for Lines {
    fn content_type(&self) -> &'static str {
        "application/jsonl"
    }

    fn encode(&self, span: &SpanRecord, out: &mut Vec<u8>) {
        let line = serde_json::json!({
            "trace_id": span.trace_id().to_string(),
            "span_id": span.span_id().to_string(),
            "name": span.name(),
            "ms": span.duration.as_secs_f64() * 1000.0,
        });
        out.extend_from_slice(format!("{line}\n").as_bytes());
    }

    fn frame(&self, spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(spans.as_bytes());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "spans.jsonl".to_owned());
    let file = path.clone();
    let guard = configure()
        .destination("file", "http://file.invalid", Lines)
        .transport(move || {
            let path = file.clone();
            // An error here is tried again later, as with any receiver.
            service_fn(move |request: Request<Full<Bytes>>| {
                let path = path.clone();
                async move {
                    let body = request.into_body().collect().await?.to_bytes();
                    OpenOptions::new()
                        .create(true)
                        .append(true)
                        .open(path)?
                        .write_all(&body)?;
                    Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
                }
            })
        })
        .install()?;
    agent_span("planner").start().end();
    let report = guard.shutdown_blocking(Duration::from_secs(5));
    println!("{} span in {path}", report.stats.destinations[0].exported);
    Ok(())
}
