//! Panics in a program's own parts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use mcp_trace::SpanRecord;
use mcp_trace_exporter::{DropReason, EncodedSpans, Encoder, Verdict, configure};
use tower_service::Service;

use crate::collector::Collector;
use crate::support::*;

#[derive(Debug)]
struct Squeamish;

impl Encoder for Squeamish {
    fn content_type(&self) -> &'static str {
        "text/plain"
    }

    fn encode(&self, span: &SpanRecord, out: &mut Vec<u8>) {
        out.extend_from_slice(span.name().as_bytes());
        assert!(!span.name().ends_with("bad"), "on purpose");
        out.push(b'\n');
    }

    fn frame(&self, spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(spans.as_bytes());
    }
}

#[test]
fn an_encoder_that_panics_loses_one_span() {
    let collector = Collector::kind();
    let guard = configure()
        .destination("text", collector.url(), Squeamish)
        .build()
        .unwrap();
    let sink = sink(&guard);
    for tool in ["a", "bad", "b"] {
        record_tool(&sink, tool);
    }
    assert!(guard.force_flush_blocking(SECONDS(5)).complete);
    let stats = only(&guard);
    assert_eq!(
        (
            stats.exported,
            stats.dropped.count(DropReason::EncoderPanic)
        ),
        (2, 1)
    );
    assert_balanced(&stats);
    let request = &collector.requests()[0];
    assert_eq!(
        String::from_utf8_lossy(&request.body),
        "tools/call a\ntools/call b\n"
    );
}

#[derive(Debug)]
struct BadJudge(AtomicUsize);

impl Encoder for BadJudge {
    fn content_type(&self) -> &'static str {
        "text/plain"
    }

    fn encode(&self, span: &SpanRecord, out: &mut Vec<u8>) {
        out.extend_from_slice(span.name().as_bytes());
    }

    fn frame(&self, spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        assert_ne!(self.0.fetch_add(1, Ordering::SeqCst), 0, "on purpose");
        out.extend_from_slice(spans.as_bytes());
    }

    fn judge(&self, status: http::StatusCode, _: &[u8]) -> Verdict {
        assert_ne!(self.0.fetch_add(1, Ordering::SeqCst), 2, "on purpose");
        Verdict::of_status(status)
    }
}

#[test]
fn framing_and_judging_may_panic_and_nothing_is_lost() {
    let collector = Collector::kind();
    let guard = configure()
        .destination("text", collector.url(), BadJudge(AtomicUsize::new(0)))
        .build()
        .unwrap();
    record(&sink(&guard), 10);
    let _ = guard.force_flush_blocking(SECONDS(5));
    let stats = only(&guard);
    assert_eq!((stats.exported, stats.failed_requests), (10, 2));
    assert_balanced(&stats);
}

/// A transport that panics in its factory, in `call`, and in its future, once each.
#[derive(Clone)]
struct Shaky(usize);

impl Service<Request<Full<Bytes>>> for Shaky {
    type Response = Response<Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        assert_ne!(self.0, 1, "on purpose");
        let made = self.0;
        Box::pin(async move {
            assert_ne!(made, 2, "on purpose");
            Ok(Response::new(Full::default()))
        })
    }
}

#[test]
fn a_transport_that_panics_loses_nothing() {
    let made = Arc::new(AtomicUsize::new(0));
    let guard = configure()
        .otlp_endpoint("http://nowhere.invalid")
        .flush_interval(MILLIS(10))
        .transport(move || {
            let made = made.fetch_add(1, Ordering::SeqCst);
            assert_ne!(made, 0, "on purpose");
            Shaky(made)
        })
        .build()
        .unwrap();
    record(&sink(&guard), 10);
    eventually("delivered", || only(&guard).exported == 10);
    let stats = only(&guard);
    assert_eq!(
        (stats.failed_requests, stats.restarts, stats.dropped.total()),
        (3, 0, 0)
    );
    assert_balanced(&stats);
}
