//! What a receiver can do wrong.

use mcp_trace_exporter::{DropReason, Health};

use crate::collector::{Act, Collector};
use crate::support::*;

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
            (stats.requests, stats.failed_requests, stats.health),
            (3, 2, Health::Ok),
            "{status}"
        );
        assert_balanced(&stats);
    }
}

#[test]
fn what_is_refused_is_not() {
    for status in [400, 404, 500, 301, 307] {
        let collector = Collector::start(move |_| Act::AnswerWith {
            status,
            headers: vec![("location", "http://127.0.0.1:9/".to_owned())],
            body: Vec::new(),
        });
        let guard = otlp(&collector).build().unwrap();
        record(&sink(&guard), 10);
        eventually("counted", || {
            only(&guard).dropped.count(DropReason::Refused) == 10
        });
        assert_eq!(collector.requests().len(), 1, "{status}");
        assert_balanced(&only(&guard));
    }
}
