//! What is sent next, and when.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use super::Dispatcher;
use crate::batch::Batch;
use crate::testing::span;
use crate::{Guard, configure};

fn dispatcher(guard: &Guard) -> Dispatcher {
    let destination = &guard.handle.exporter.as_ref().unwrap().destinations[0];
    Dispatcher::new(destination.clone())
}

/// Programs that start together do not send together.
#[test]
fn the_first_span_waits_for_a_random_part_of_the_interval() {
    let interval = Duration::from_secs(1000);
    let exporter = configure().otlp_endpoint("http://collector.invalid");
    let guard = exporter.flush_interval(interval).build().unwrap();
    let sink = guard.sink().unwrap();
    let start = Instant::now();
    sink.record(span("tool"));
    let waits: Vec<Duration> = (0..100)
        .map(|_| dispatcher(&guard).due(start).unwrap() - start)
        .collect();
    let longest = interval + Duration::from_secs(60);
    assert!(waits.iter().all(|wait| *wait < longest));
    for quarter in 0..4 {
        let from = interval / 4 * quarter;
        let inside = |wait: &&Duration| **wait >= from && **wait < from + interval / 4;
        assert!(waits.iter().filter(inside).count() > 0, "{waits:?}");
    }
    // Only the first.
    let mut later = dispatcher(&guard);
    let _ = later.take_batch();
    sink.record(span("tool"));
    assert!(later.due(start).unwrap() >= start + interval);
    let _ = guard.shutdown_blocking(Duration::ZERO);
}

#[test]
fn a_receiver_in_trouble_is_probed_and_not_stormed() {
    let exporter = configure().otlp_endpoint("http://collector.invalid");
    let guard = exporter.max_in_flight(4).build().unwrap();
    let mut dispatcher = dispatcher(&guard);
    assert_eq!(dispatcher.slots(), 4);
    dispatcher.pace.failure(Instant::now(), None);
    assert_eq!(dispatcher.slots(), 1);
    dispatcher.pace.success();
    assert_eq!(dispatcher.slots(), 4);
}

#[tokio::test]
async fn an_answer_that_is_here_at_the_end_counts() {
    let guard = configure()
        .otlp_endpoint("http://collector.invalid")
        .transport(|| tower::service_fn(ok))
        .build()
        .unwrap();
    let mut dispatcher = dispatcher(&guard);
    let destination = dispatcher.destination.clone();
    let mut batch = Batch::new(0, destination.preamble.clone());
    batch.push(100, |out| out.push(0));
    destination.counters.in_flight.add(1);
    dispatcher.launch(batch, Instant::now());
    tokio::time::sleep(Duration::from_millis(50)).await;
    // Nobody has looked yet, and there is no time left.
    let (done, _) = mpsc::channel();
    destination.stop(Instant::now(), done);
    dispatcher.run().await;
    let counters = &destination.counters;
    assert_eq!((counters.exported.get(), counters.in_flight.get()), (1, 0));
}

async fn ok(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::default())
}

#[tokio::test]
async fn f8_connections_are_made_anew_after_five_minutes() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let guard = configure()
        .otlp_endpoint("http://collector.invalid")
        .transport(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            tower::service_fn(ok)
        })
        .build()
        .unwrap();
    let mut dispatcher = dispatcher(&guard);
    let start = Instant::now();
    for (seconds, want) in [(0, 1), (1, 1), (299, 1), (301, 2), (400, 2), (602, 3)] {
        dispatcher.courier(start + Duration::from_secs(seconds));
        assert_eq!(made.load(Ordering::SeqCst), want, "after {seconds} s");
    }
}
