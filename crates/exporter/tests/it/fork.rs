//! Children of `fork`, which have a copy of everything but the threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use fork::{Fork, WEXITSTATUS, WIFEXITED, fork, waitpid_nohang};
use mcp_trace_exporter::{Guard, configure};

use crate::between::{alone, given};
use crate::collector::{Act, Collector};
use crate::support::*;

const URL: &str = "MCP_TRACE_TEST_URL";

fn exporter() -> Guard {
    configure()
        .otlp_endpoint(given(URL))
        .flush_interval(SECONDS(60))
        .build()
        .unwrap()
}

/// Runs `work` in a child, which ends with its answer, and waits for that, at most 10 s.
fn in_a_child(work: impl FnOnce() -> bool) {
    match fork().unwrap() {
        Fork::Child => std::process::exit(if work() { 0 } else { 1 }),
        Fork::Parent(child) => {
            let start = Instant::now();
            let status = loop {
                if let Some(status) = waitpid_nohang(child).unwrap() {
                    break status;
                }
                assert!(start.elapsed() < SECONDS(10), "the child hangs");
                std::thread::sleep(MILLIS(5));
            };
            assert!(WIFEXITED(status) && WEXITSTATUS(status) == 0, "{status}");
        }
    }
}

fn arrived_once(collector: &Collector) -> usize {
    let mut ids: Vec<_> = collector
        .spans()
        .into_iter()
        .map(|span| span.span_id)
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(
        ids.len(),
        all,
        "no span comes twice, and no two have one id"
    );
    all
}

#[test]
fn f20_parent_and_child_both_deliver_after_a_fork() {
    let collector = Collector::kind();
    alone("fork::forks_and_says_so", &[(URL, &collector.url())]);
    assert_eq!(arrived_once(&collector), 30);
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn forks_and_says_so() {
    let guard = exporter();
    let sink = sink(&guard);
    record(&sink, 10);
    assert!(guard.force_flush_blocking(SECONDS(5)).complete);
    in_a_child(|| {
        guard.after_fork();
        record(&sink, 10);
        let report = guard.force_flush_blocking(SECONDS(5));
        let stats = &report.stats.destinations[0];
        assert_balanced(stats);
        report.complete && stats.exported == 10
    });
    record(&sink, 10);
    let report = guard.shutdown_blocking(SECONDS(5));
    assert_eq!(report.stats.destinations[0].exported, 20);
    assert_balanced(&report.stats.destinations[0]);
}

#[test]
fn f20_a_child_is_noticed_by_itself() {
    let collector = Collector::kind();
    alone("fork::forks_and_says_nothing", &[(URL, &collector.url())]);
    let ids: std::collections::HashSet<_> = collector
        .spans()
        .into_iter()
        .map(|span| span.span_id)
        .collect();
    // Until it is noticed, parent and child make the same ids: the parent makes none here.
    assert_eq!(ids.len(), 610);
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn forks_and_says_nothing() {
    let guard = exporter();
    let sink = sink(&guard);
    record(&sink, 10);
    let mut guard = Some(guard);
    in_a_child(|| {
        record(&sink, 600);
        let handle = guard.as_ref().unwrap().handle();
        drop(guard.take());
        let stats = only(&handle);
        assert_balanced(&stats);
        // What waited at the fork is delivered by both.
        stats.exported == 610
    });
    assert!(guard.take().unwrap().shutdown_blocking(SECONDS(5)).complete);
}

#[test]
fn f20_a_fork_in_the_middle_of_everything() {
    let collector = Collector::forgetful(|_| Act::Answer(200));
    alone(
        "fork::forks_while_threads_record",
        &[(URL, &collector.url())],
    );
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn forks_while_threads_record() {
    let guard = exporter();
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (sink, stop) = (sink(&guard), stop.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    record(&sink, 20);
                    std::thread::sleep(MILLIS(1));
                }
            })
        })
        .collect();
    let sink = sink(&guard);
    for n in 0..8 {
        in_a_child(|| {
            if n % 2 == 0 {
                guard.after_fork();
            }
            record(&sink, 1000);
            let report = guard.force_flush_blocking(SECONDS(5));
            assert_balanced(&report.stats.destinations[0]);
            report.complete
        });
    }
    stop.store(true, Ordering::SeqCst);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let report = guard.shutdown_blocking(SECONDS(10));
    assert_balanced(&report.stats.destinations[0]);
}
