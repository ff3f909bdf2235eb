//! How many requests are under way at once.

use std::time::Duration;

use crate::collector::{Act, Collector};
use crate::support::*;

/// How far apart the four requests come, to a receiver that takes a while for each.
fn spread(max_in_flight: Option<usize>) -> Duration {
    let collector = Collector::start(|_| Act::Late(MILLIS(400)));
    let mut exporter = otlp(&collector).max_batch_bytes(1); // a request for each span
    if let Some(requests) = max_in_flight {
        exporter = exporter.max_in_flight(requests);
    }
    let guard = exporter.build().unwrap();
    let ids = record(&sink(&guard), 4);
    eventually("delivered", || only(&guard).exported == 4);
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
    let requests = collector.requests();
    assert_eq!(requests.len(), 4);
    requests[3].at - requests[0].at
}

#[test]
fn one_by_default_and_as_many_as_allowed() {
    assert!(spread(None) >= MILLIS(3 * 400 - 20));
    assert!(spread(Some(4)) < MILLIS(400));
}
