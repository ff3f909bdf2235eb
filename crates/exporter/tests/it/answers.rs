//! Answers that are valid HTTP and still odd.

use mcp_trace_exporter::DropReason;

use crate::collector::{Act, Collector};
use crate::support::{
    SECONDS, assert_arrived, assert_balanced, eventually, only, otlp, record, sink,
};

fn with_body(status: u16, len: usize) -> Act {
    Act::AnswerWith {
        status,
        headers: vec![("content-type", "text/html".to_owned())],
        body: vec![b'x'; len],
    }
}

/// A proxy in between likes to explain itself at length.
#[test]
fn a_long_page_about_an_outage_loses_nothing() {
    let collector = Collector::start(|request| match request.number {
        0 => with_body(503, 300 * 1024),
        1 => with_body(502, 65 * 1024),
        _ => Act::Answer(200),
    });
    let guard = otlp(&collector).build().unwrap();
    let ids = record(&sink(&guard), 10);
    eventually("delivered", || only(&guard).exported == 10);
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
}

#[test]
fn a_long_answer_that_is_good_is_good() {
    let collector = Collector::start(|_| with_body(200, 3 * 1024 * 1024));
    let guard = otlp(&collector).build().unwrap();
    record(&sink(&guard), 1);
    eventually("exported", || only(&guard).exported == 1);
    let stats = only(&guard);
    assert_eq!((stats.requests, stats.dropped.total()), (1, 0));
    assert_balanced(&stats);
}

#[test]
fn what_comes_before_the_answer_is_not_the_answer() {
    let collector = Collector::start(|_| {
        let hint = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\nretry-after: 60\r\n\r\n";
        let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        Act::Raw(format!("{}{answer}", hint.repeat(20)).into_bytes())
    });
    let guard = otlp(&collector).build().unwrap();
    record(&sink(&guard), 3);
    eventually("exported", || only(&guard).exported == 3);
    assert_balanced(&only(&guard));
}

/// The head was good, and nobody knows what the rest would have said.
#[test]
fn an_answer_in_broken_chunks_is_asked_for_again() {
    for chunk in [
        "zz\r\n{}",
        "fffffffffffffffff\r\n{}",
        "5\r\nab\r\n0\r\n\r\n",
        "-1\r\n\r\n",
    ] {
        let broken = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        let collector = Collector::start(move |request| match request.number {
            0 => Act::Raw(broken.clone().into_bytes()),
            _ => Act::Answer(200),
        });
        let guard = otlp(&collector).build().unwrap();
        let ids = record(&sink(&guard), 3);
        eventually(chunk, || only(&guard).exported == 3);
        assert!(only(&guard).failed_requests > 0);
        assert_arrived(&collector, &ids);
        assert_balanced(&only(&guard));
    }
}

/// Nothing fits, ever: it ends after a bounded search, and says so.
#[test]
fn a_receiver_that_always_finds_it_too_large() {
    let collector = Collector::start(|_| Act::Answer(413));
    let guard = otlp(&collector)
        .batch_size(200)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    record(&sink(&guard), 200);
    eventually("given up", || {
        only(&guard).dropped.count(DropReason::TooLarge) == 200
    });
    let stats = only(&guard);
    assert!(stats.requests <= 1 + 32, "{} requests", stats.requests);
    assert_balanced(&stats);
}

/// A receiver's text goes into the log and into the statistics: no more than a line of it, and nothing
/// that drives a terminal.
#[test]
fn what_a_receiver_says_is_cleaned() {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use prost::Message;

    let said = format!("\u{1b}[2J\nfake line\r{}", "é".repeat(10_000));
    let collector = Collector::start(move |_| {
        let partial = ExportTracePartialSuccess {
            rejected_spans: 1,
            error_message: said.clone(),
        };
        Act::AnswerWith {
            status: 200,
            headers: Vec::new(),
            body: ExportTraceServiceResponse {
                partial_success: Some(partial),
            }
            .encode_to_vec(),
        }
    });
    let guard = otlp(&collector).build().unwrap();
    record(&sink(&guard), 1);
    eventually("rejected", || only(&guard).rejected == 1);
    eventually("told", || only(&guard).last_error.is_some());
    let told = only(&guard).last_error.unwrap();
    assert!(told.contains("[2J") && told.contains("fake line"), "{told}");
    assert!(!told.chars().any(char::is_control), "{told:?}");
    assert!(told.len() < 1200, "{}", told.len());
    assert_balanced(&only(&guard));
}

#[test]
fn partial_successes_of_odd_shapes_are_successes() {
    for (body, rejected) in [
        (r#"{"partialSuccess":{"rejectedSpans":"2"}}"#, 2),
        (r#"{"partialSuccess":{"rejectedSpans":99}}"#, 3),
        (r#"{"partialSuccess":{"rejectedSpans":-5}}"#, 0),
        (r#"{"partialSuccess":{"rejectedSpans":1e3}}"#, 0),
        (
            r#"{"partialSuccess":{"rejectedSpans":"99999999999999999999"}}"#,
            0,
        ),
        (
            r#"{"partialSuccess":[],"x":{"partialSuccess":{"rejectedSpans":1}}}"#,
            0,
        ),
        (r#"{"partialSuccess":null}"#, 0),
        ("[]", 0),
        ("\u{feff}{}", 0),
        ("{\"partialSuccess\":{\"rejectedSpans\":1}", 0),
    ] {
        let collector = Collector::start(move |_| Act::AnswerWith {
            status: 200,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        });
        let guard = otlp(&collector)
            .otlp_protocol(mcp_trace_exporter::Protocol::HttpJson)
            .batch_size(3)
            .flush_interval(SECONDS(60))
            .build()
            .unwrap();
        record(&sink(&guard), 3);
        eventually(body, || {
            only(&guard).in_flight == 0 && only(&guard).requests == 1
        });
        let stats = only(&guard);
        assert_eq!((stats.rejected, stats.requests), (rejected, 1), "{body}");
        assert_balanced(&stats);
    }
}
