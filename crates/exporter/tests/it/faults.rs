//! What a receiver can do wrong.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mcp_trace_exporter::{DropReason, Health};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

use crate::collector::{Act, Collector, spans};
use crate::support::*;

fn with_headers(status: u16, headers: Vec<(&'static str, String)>) -> Act {
    Act::AnswerWith {
        status,
        headers,
        body: Vec::new(),
    }
}

#[test]
fn what_is_unavailable_is_tried_again() {
    for status in [429, 502, 503, 504] {
        let collector = Collector::start(move |request| {
            Act::Answer(if request.number < 2 { status } else { 200 })
        });
        let guard = otlp(&collector).build().unwrap();
        let ids = record(&sink(&guard), 10);
        eventually("delivered", || only(&guard).exported == 10);
        assert_arrived(&collector, &ids);
        let stats = only(&guard);
        assert_eq!(
            (stats.failed_requests, stats.health),
            (2, Health::Ok),
            "{status}"
        );
        assert_balanced(&stats);
    }
}

#[test]
fn what_is_refused_is_not() {
    for status in [400, 404, 500, 501] {
        let collector = Collector::start(move |_| Act::Answer(status));
        let guard = otlp(&collector)
            .batch_size(10)
            .flush_interval(SECONDS(60))
            .build()
            .unwrap();
        record(&sink(&guard), 10);
        eventually("counted", || {
            only(&guard).dropped.count(DropReason::Refused) == 10
        });
        assert_eq!(collector.requests().len(), 1, "{status}");
        assert_balanced(&only(&guard));
    }
}

#[test]
fn a_redirect_takes_the_key_nowhere() {
    let elsewhere = Collector::kind();
    for status in [301, 302, 307, 308] {
        let location = format!("{}/v1/traces", elsewhere.url());
        let collector =
            Collector::start(move |_| with_headers(status, vec![("location", location.clone())]));
        let guard = otlp(&collector)
            .headers([("authorization", "Bearer key")])
            .build()
            .unwrap();
        record(&sink(&guard), 1);
        eventually("counted", || {
            only(&guard).dropped.count(DropReason::Refused) == 1
        });
        assert_balanced(&only(&guard));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn retry_after_is_kept() {
    let collector = Collector::start(|request| match request.number {
        0 => with_headers(503, vec![("retry-after", "1".to_owned())]),
        _ => Act::Answer(200),
    });
    let guard = otlp(&collector).build().unwrap();
    record(&sink(&guard), 1);
    eventually("delivered", || only(&guard).exported == 1);
    let requests = collector.requests();
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= MILLIS(990), "{waited:?}");
    assert_balanced(&only(&guard));
}

#[test]
fn connections_that_break_lose_nothing() {
    let broken = [
        Act::Close,
        Act::Raw(b"HTT".to_vec()),
        Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec()),
        Act::Raw(b"not http at all\r\n\r\n".to_vec()),
        // HTTP/2 settings: what a gRPC port answers.
        Act::Raw(b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0".to_vec()),
    ];
    for act in broken {
        let script = act.clone();
        let collector = Collector::start(move |request| {
            if request.number < 2 {
                script.clone()
            } else {
                Act::Answer(200)
            }
        });
        let guard = otlp(&collector).build().unwrap();
        let ids = record(&sink(&guard), 20);
        eventually("delivered", || only(&guard).exported == 20);
        assert_arrived(&collector, &ids);
        let stats = only(&guard);
        assert!(
            stats
                .last_error
                .as_ref()
                .unwrap()
                .starts_with("unreachable: "),
            "{act:?}: {stats:?}"
        );
        assert_balanced(&stats);
    }
}

#[test]
fn a_grpc_port_is_recognised() {
    let collector =
        Collector::start(|_| Act::Raw(b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0".to_vec()));
    let guard = otlp(&collector).build().unwrap();
    record(&sink(&guard), 1);
    eventually("said", || {
        only(&guard)
            .last_error
            .is_some_and(|error| error.contains("gRPC"))
    });
    let report = guard.shutdown_blocking(MILLIS(0));
    assert_balanced(&report.stats.destinations[0]);
}

#[test]
fn an_attempt_ends_with_its_timeout_whatever_the_receiver_does() {
    for act in [Act::Silence, Act::Drip(MILLIS(100)), Act::Raw(Vec::new())] {
        let slow = act.clone();
        let collector = Collector::start(move |request| {
            if request.number == 0 {
                slow.clone()
            } else {
                Act::Answer(200)
            }
        });
        let guard = otlp(&collector).timeout(MILLIS(200)).build().unwrap();
        let start = Instant::now();
        let ids = record(&sink(&guard), 5);
        eventually("delivered", || only(&guard).exported == 5);
        assert!(start.elapsed() < SECONDS(3), "{act:?}");
        assert_arrived(&collector, &ids);
        assert_balanced(&only(&guard));
    }
}

#[test]
fn a_receiver_that_starts_late_gets_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let guard = mcp_trace_exporter::configure()
        .otlp_endpoint(format!("http://{address}"))
        .flush_interval(MILLIS(10))
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 1000);
    eventually("a failure", || only(&guard).health == Health::BackingOff);
    let collector = Collector::on(TcpListener::bind(address).unwrap(), |_| Act::Answer(200));
    eventually("delivered", || only(&guard).exported == 1000);
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
}

#[test]
fn a_partial_success_is_counted_and_not_repeated() {
    let collector = Collector::start(|_| {
        let partial = ExportTracePartialSuccess {
            rejected_spans: 3,
            error_message: "too old".to_owned(),
        };
        let body = ExportTraceServiceResponse {
            partial_success: Some(partial),
        }
        .encode_to_vec();
        Act::AnswerWith {
            status: 200,
            headers: Vec::new(),
            body,
        }
    });
    let guard = otlp(&collector)
        .batch_size(10)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    record(&sink(&guard), 10);
    eventually("answered", || only(&guard).exported == 7);
    let stats = only(&guard);
    assert_eq!((stats.rejected, stats.requests), (3, 1));
    assert_eq!(
        stats.last_error.as_deref(),
        Some("partial_success: 3 of 10 spans rejected: too old")
    );
    assert_balanced(&stats);
}

#[test]
fn an_endless_answer_is_not_read() {
    let collector = Collector::start(|_| Act::AnswerWith {
        status: 200,
        headers: Vec::new(),
        body: vec![b'x'; 5 * 1024 * 1024],
    });
    let guard = otlp(&collector).build().unwrap();
    record(&sink(&guard), 1);
    eventually("counted", || {
        only(&guard).dropped.count(DropReason::ResponseTooLarge) == 1
    });
    assert_balanced(&only(&guard));
}

#[test]
fn nonsense_in_a_good_answer_is_a_good_answer() {
    // Zeros shrink to a thousandth.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![0; 40 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let compressed = vec![("content-encoding", "gzip".to_owned())];
    for (headers, body) in [(Vec::new(), vec![0xff; 1000]), (compressed, bomb)] {
        let collector = Collector::start(move |_| Act::AnswerWith {
            status: 200,
            headers: headers.clone(),
            body: body.clone(),
        });
        let guard = otlp(&collector).build().unwrap();
        record(&sink(&guard), 1);
        eventually("exported", || only(&guard).exported == 1);
        assert!(
            !collector.requests()[0]
                .headers
                .contains_key("accept-encoding")
        );
        assert_balanced(&only(&guard));
    }
}

#[test]
fn what_is_too_large_is_divided() {
    // Takes at most 100 spans at a time.
    let collector = Collector::start(|request| {
        Act::Answer(if spans(&request.body).len() > 100 {
            413
        } else {
            200
        })
    });
    let guard = otlp(&collector)
        .batch_size(2000)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    let sink = sink(&guard);
    let mut ids = record(&sink, 2000);
    eventually("delivered", || only(&guard).exported == 2000);
    let learning = collector.requests().len();
    ids.extend(record(&sink, 2000));
    assert!(guard.force_flush_blocking(SECONDS(5)).complete);
    assert_arrived(&collector, &ids);
    let stats = only(&guard);
    assert_eq!(stats.dropped.total(), 0);
    assert_balanced(&stats);
    let again = collector.requests().len() - learning;
    assert!(
        again <= learning + 40,
        "what was learnt is used: {learning}, then {again} requests"
    );
}

#[test]
fn one_span_that_is_too_large_is_lost_alone() {
    let has_bad = |body: &[u8]| spans(body).iter().any(|span| span.name.ends_with("bad"));
    let collector = Collector::start(move |request| {
        Act::Answer(if has_bad(&request.body) { 413 } else { 200 })
    });
    let guard = otlp(&collector)
        .batch_size(512)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    let sink = sink(&guard);
    record(&sink, 200);
    record_tool(&sink, "bad");
    record(&sink, 311);
    eventually("settled", || only(&guard).exported == 511);
    let stats = only(&guard);
    assert_eq!(stats.dropped.count(DropReason::TooLarge), 1);
    assert!(stats.requests <= 33, "{} requests", stats.requests);
    assert_balanced(&stats);
}

#[test]
fn a_poisonous_span_is_lost_alone() {
    // As a collector of this protocol does that fails over one span of a batch.
    let bad = |body: &[u8]| String::from_utf8_lossy(body).contains("\"tool_name\":\"bad\"");
    let collector =
        Collector::start(move |request| Act::Answer(if bad(&request.body) { 500 } else { 202 }));
    let guard = mcp_trace_exporter::configure()
        .push_url(collector.url())
        .batch_size(512)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    let sink = sink(&guard);
    record(&sink, 77);
    record_tool(&sink, "bad");
    record(&sink, 434);
    eventually("settled", || only(&guard).exported == 511);
    let stats = only(&guard);
    assert_eq!(stats.dropped.count(DropReason::Poison), 1);
    assert!(stats.requests <= 3 + 32, "{} requests", stats.requests);
    assert_balanced(&stats);
}

#[test]
fn a_bad_batch_does_not_hold_up_the_others() {
    let bad = |body: &[u8]| spans(body).iter().any(|span| span.name.ends_with("bad"));
    let collector =
        Collector::start(move |request| Act::Answer(if bad(&request.body) { 502 } else { 200 }));
    let guard = otlp(&collector).build().unwrap();
    let sink = sink(&guard);
    record_tool(&sink, "bad");
    eventually("a failure", || only(&guard).failed_requests > 0);
    let ids = record(&sink, 100);
    eventually("the others", || only(&guard).exported == 100);
    let arrived = collector.spans();
    assert!(
        ids.iter()
            .all(|id| arrived.iter().any(|span| span.span_id == id))
    );
    let report = guard.shutdown_blocking(MILLIS(100));
    assert_balanced(&report.stats.destinations[0]);
}

#[test]
fn wrong_credentials_keep_the_spans() {
    for status in [401, 403] {
        let open = Arc::new(AtomicBool::new(false));
        let door = open.clone();
        let collector = Collector::start(move |_| {
            Act::Answer(if door.load(Ordering::SeqCst) {
                200
            } else {
                status
            })
        });
        let guard = otlp(&collector).build().unwrap();
        let sink = sink(&guard);
        let mut ids = record(&sink, 10);
        eventually("noticed", || only(&guard).health == Health::Unauthorized);
        let requests = collector.requests().len();
        ids.extend(record(&sink, 1000));
        std::thread::sleep(MILLIS(300));
        assert_eq!(
            collector.requests().len(),
            requests,
            "the door is not hammered on"
        );
        open.store(true, Ordering::SeqCst);
        // A flush looks again at once.
        let report = guard.force_flush_blocking(SECONDS(5));
        assert!(report.complete);
        assert_eq!(report.stats.destinations[0].exported, 1010, "{status}");
        assert_arrived(&collector, &ids);
        assert_balanced(&report.stats.destinations[0]);
    }
}

#[test]
fn an_idle_connection_that_the_receiver_closed_costs_nothing() {
    // Closes each connection after its answer, without saying so in the answer.
    let collector =
        Collector::start(|_| Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()));
    let guard = otlp(&collector).build().unwrap();
    let sink = sink(&guard);
    let mut ids = Vec::new();
    for n in 1..=100 {
        ids.extend(record(&sink, 1));
        eventually("exported", || only(&guard).exported == n);
    }
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
}

#[test]
fn a_kept_connection_is_used_again() {
    let collector = Collector::kind();
    let guard = otlp(&collector).build().unwrap();
    let sink = sink(&guard);
    for n in 1..=20 {
        record(&sink, 1);
        eventually("exported", || only(&guard).exported == n);
    }
    assert_eq!(collector.connections(), 1);
    assert_balanced(&only(&guard));
}
