//! The end of a program, under every kind of runtime.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use mcp_trace_exporter::{DropReason, Guard, Report};
use tokio::runtime::Builder;

use crate::collector::{Act, Collector};
use crate::support::*;

/// Fails a test that hangs.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    is_done.recv_timeout(limit).expect("hangs or panicked")
}

fn with_spans(collector: &Collector) -> (Guard, Vec<[u8; 8]>) {
    let guard = otlp(collector)
        .flush_interval(SECONDS(600))
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 100);
    (guard, ids)
}

fn assert_delivered(report: &Report, collector: &Collector, ids: &[[u8; 8]]) {
    assert!(report.complete);
    assert_arrived(collector, ids);
    assert_balanced(&report.stats.destinations[0]);
}

#[test]
fn a_shutdown_keeps_its_deadline() {
    for act in [
        Act::Silence,
        Act::Answer(503),
        Act::Drip(MILLIS(50)),
        Act::Close,
    ] {
        let label = format!("{act:?}");
        let collector = Collector::start(move |_| act.clone());
        let guard = otlp(&collector).build().unwrap();
        record(&sink(&guard), 5000);
        let start = Instant::now();
        let report = within(SECONDS(10), move || guard.shutdown_blocking(MILLIS(400)));
        assert!(
            start.elapsed() < MILLIS(600),
            "{label}: {:?}",
            start.elapsed()
        );
        assert!(!report.complete);
        let stats = &report.stats.destinations[0];
        assert_eq!(stats.dropped.count(DropReason::Shutdown), 5000, "{label}");
        assert_balanced(stats);
    }
}

#[test]
fn a_long_retry_after_ends_the_shutdown_early() {
    let collector = Collector::start(|_| Act::AnswerWith {
        status: 503,
        headers: vec![("retry-after", "120".to_owned())],
        body: Vec::new(),
    });
    let guard = otlp(&collector).build().unwrap();
    record(&sink(&guard), 10);
    eventually("asked to wait", || only(&guard).failed_requests > 0);
    let start = Instant::now();
    let report = guard.shutdown_blocking(SECONDS(9));
    assert!(
        start.elapsed() < SECONDS(1),
        "waiting on would change nothing"
    );
    assert_eq!(
        report.stats.destinations[0]
            .dropped
            .count(DropReason::Shutdown),
        10
    );
    assert_balanced(&report.stats.destinations[0]);
}

#[test]
fn without_a_runtime() {
    let collector = Collector::kind();
    let (guard, ids) = with_spans(&collector);
    let report = within(SECONDS(10), move || guard.shutdown_blocking(SECONDS(5)));
    assert_delivered(&report, &collector, &ids);
}

#[test]
fn on_a_multi_thread_runtime() {
    for workers in [1, 4] {
        let collector = Collector::kind();
        let (guard, ids) = with_spans(&collector);
        let report = within(SECONDS(10), move || {
            let runtime = Builder::new_multi_thread()
                .worker_threads(workers)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async { tokio::spawn(guard.shutdown(SECONDS(5))).await.unwrap() })
        });
        assert_delivered(&report, &collector, &ids);
    }
}

#[test]
fn on_a_current_thread_runtime() {
    let collector = Collector::kind();
    let (guard, ids) = with_spans(&collector);
    let report = within(SECONDS(10), move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let flushed = guard.force_flush(SECONDS(5)).await;
            assert!(flushed.complete);
            guard.shutdown(SECONDS(5)).await
        })
    });
    assert_delivered(&report, &collector, &ids);
}

#[test]
fn dropped_inside_block_on() {
    let collector = Collector::kind();
    let (guard, ids) = with_spans(&collector);
    let handle = guard.handle();
    within(SECONDS(10), move || {
        Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(async move { drop(guard) });
    });
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&handle));
}

#[test]
fn a_receiver_on_the_same_current_thread_runtime_is_not_starved_for_long() {
    let (guard, start) = within(SECONDS(10), || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // Accepts only while this runtime runs, which the drop holds up.
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let guard = mcp_trace_exporter::configure()
                .otlp_endpoint(url)
                .build()
                .unwrap();
            let handle = guard.handle();
            record(&sink(&guard), 1);
            let start = Instant::now();
            drop(guard);
            let dropped = start.elapsed();
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
            let mut request = vec![0; 4096];
            let _ = stream.try_read(&mut request);
            stream.writable().await.unwrap();
            stream
                .try_write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
            while only(&handle).exported == 0 {
                tokio::time::sleep(MILLIS(5)).await;
            }
            (handle, dropped)
        })
    });
    assert!(start < MILLIS(1300), "{start:?}");
    assert_eq!(only(&guard).exported, 1, "delivered in the background");
    assert_balanced(&only(&guard));
}

#[test]
fn after_the_runtime_of_the_program_is_gone() {
    let collector = Collector::kind();
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let (guard, ids) = runtime.block_on(async { with_spans(&collector) });
    drop(runtime);
    let report = within(SECONDS(10), move || guard.shutdown_blocking(SECONDS(5)));
    assert_delivered(&report, &collector, &ids);
}

#[test]
fn dropped_during_a_panic() {
    let collector = Collector::kind();
    let (guard, mut ids) = with_spans(&collector);
    let handle = guard.handle();
    let last = within(SECONDS(10), move || {
        let (tell, told) = mpsc::channel();
        let panicked = std::thread::spawn(move || {
            let sink = sink(&guard);
            let _guard = guard;
            let _records = OnDrop(Some(move || tell.send(record(&sink, 1)).unwrap()));
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        told.recv().unwrap()
    });
    ids.extend(last);
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&handle));
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

#[test]
fn two_pipelines_in_one_process() {
    let (one, two) = (Collector::kind(), Collector::kind());
    let ((first, first_ids), (second, second_ids)) = (with_spans(&one), with_spans(&two));
    assert_delivered(&first.shutdown_blocking(SECONDS(5)), &one, &first_ids);
    assert_delivered(&second.shutdown_blocking(SECONDS(5)), &two, &second_ids);
}

#[test]
fn many_threads_record_while_it_stops() {
    let collector = Collector::kind();
    let guard = otlp(&collector).build().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let sink = sink(&guard);
            std::thread::spawn(move || record(&sink, 5000).len())
        })
        .collect();
    std::thread::sleep(MILLIS(5));
    let handle = guard.handle();
    let _ = within(SECONDS(10), move || guard.shutdown_blocking(SECONDS(5)));
    let recorded: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    let stats = only(&handle);
    assert_eq!(stats.recorded, recorded as u64);
    assert_balanced(&stats);
    assert_eq!(stats.exported as usize, collector.spans().len());
}
