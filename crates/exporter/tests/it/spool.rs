//! What survives an outage, and the process.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mcp_trace_exporter::{DropReason, configure};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use crate::collector::{Act, Collector};
use crate::folder::Folder;
use crate::support::*;

/// A receiver that is unavailable until the door is opened.
fn behind_a_door() -> (Collector, Arc<AtomicBool>) {
    let open = Arc::new(AtomicBool::new(false));
    let door = open.clone();
    (
        Collector::start(move |_| {
            Act::Answer(if door.load(Ordering::SeqCst) {
                200
            } else {
                503
            })
        }),
        open,
    )
}

#[test]
fn an_outage_longer_than_memory_loses_nothing() {
    let (folder, (collector, door)) = (Folder::new(), behind_a_door());
    let guard = otlp(&collector)
        .spool(&folder.0)
        .max_queue_spans(500)
        .batch_size(50)
        .build()
        .unwrap();
    let sink = sink(&guard);
    let mut ids = Vec::new();
    for round in 1..=20 {
        ids.extend(record(&sink, 250));
        eventually("on disk", || {
            only(&guard).spooled == round * 250 || only(&guard).in_flight > 0
        });
        eventually("the queue is empty", || only(&guard).queued == 0);
    }
    let stats = only(&guard);
    assert_eq!((stats.dropped.total(), stats.exported), (0, 0));
    eventually("all on disk", || only(&guard).spooled >= 4000);
    door.store(true, Ordering::SeqCst);
    ids.extend(record(&sink, 10));
    eventually("delivered", || only(&guard).exported == 5010);
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
    assert_eq!(folder.segments(), Vec::<PathBuf>::new());
}

#[test]
fn what_is_left_at_the_end_is_delivered_by_the_next_process() {
    let folder = Folder::new();
    let dead = Collector::start(|_| Act::Silence);
    let guard = otlp(&dead).service("old").spool(&folder.0).build().unwrap();
    let held = sink(&guard);
    let ids = record(&held, 2000);
    let report = guard.shutdown_blocking(SECONDS(3));
    let stats = &report.stats.destinations[0];
    assert_eq!(
        (stats.spooled, stats.dropped.total()),
        (2000, 0),
        "{stats:?}"
    );
    assert!(report.complete);
    assert_balanced(stats);
    assert_eq!(folder.spans(), 2000);

    let alive = Collector::kind();
    let guard = otlp(&alive)
        .service("new")
        .spool(&folder.0)
        .build()
        .unwrap();
    assert_eq!(only(&guard).recovered, 2000);
    eventually("delivered", || only(&guard).exported == 2000);
    assert_balanced(&only(&guard));
    assert_arrived(&alive, &ids);
    for request in alive.requests() {
        let body: ExportTraceServiceRequest = prost::Message::decode(&*request.body).unwrap();
        let service = format!("{:?}", body.resource_spans[0].resource);
        assert!(
            service.contains("\"old\""),
            "spans keep the resource of the process that recorded them"
        );
    }
    drop(held);
}

#[test]
fn an_end_during_an_outage_is_quick() {
    let (folder, (collector, _)) = (Folder::new(), behind_a_door());
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    let sink = sink(&guard);
    record(&sink, 10);
    eventually("an outage", || only(&guard).spooled == 10);
    record(&sink, 100);
    let start = std::time::Instant::now();
    let report = guard.shutdown_blocking(SECONDS(9));
    assert!(start.elapsed() < SECONDS(2));
    assert_eq!(
        (report.complete, report.stats.destinations[0].spooled),
        (true, 110)
    );
    assert_balanced(&report.stats.destinations[0]);
}

#[test]
fn the_oldest_goes_when_the_spool_is_full() {
    let (folder, (collector, door)) = (Folder::new(), behind_a_door());
    let guard = otlp(&collector)
        .spool(&folder.0)
        .max_spool_bytes(50_000)
        .build()
        .unwrap();
    let sink = sink(&guard);
    let first = record(&sink, 50);
    eventually("on disk", || only(&guard).spooled == 50);
    for _ in 0..20 {
        record(&sink, 50);
        eventually("on disk", || {
            only(&guard).queued + only(&guard).in_flight == 0
        });
    }
    let on_disk: u64 = folder
        .segments()
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert!(on_disk <= 50_000);
    let stats = only(&guard);
    assert!(stats.dropped.count(DropReason::SpoolFull) >= 50);
    assert_balanced(&stats);
    let refused = collector.requests().len();
    door.store(true, Ordering::SeqCst);
    assert!(guard.force_flush_blocking(SECONDS(5)).complete);
    eventually("drained", || {
        only(&guard).spooled + only(&guard).in_flight == 0
    });
    assert_balanced(&only(&guard));
    let delivered: HashSet<Vec<u8>> = collector.requests()[refused..]
        .iter()
        .flat_map(|request| crate::collector::spans(&request.body))
        .map(|span| span.span_id)
        .collect();
    assert!(
        !first.iter().any(|id| delivered.contains(&id[..])),
        "the oldest went first"
    );
    assert_eq!(delivered.len() as u64, only(&guard).exported);
}

#[test]
fn what_is_too_old_is_deleted() {
    let (folder, (collector, _)) = (Folder::new(), behind_a_door());
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    record(&sink(&guard), 30);
    assert!(guard.shutdown_blocking(MILLIS(500)).complete);
    std::thread::sleep(MILLIS(20));
    let guard = otlp(&collector)
        .spool(&folder.0)
        .max_spool_age(MILLIS(10))
        .build()
        .unwrap();
    eventually("deleted", || {
        only(&guard).dropped.count(DropReason::SpoolExpired) == 30
    });
    assert_balanced(&only(&guard));
    assert_eq!(folder.spans(), 0);
}

#[test]
fn a_damaged_segment_is_put_aside() {
    let (folder, (collector, door)) = (Folder::new(), behind_a_door());
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    let sink_ = sink(&guard);
    record(&sink_, 10);
    eventually("on disk", || only(&guard).spooled == 10);
    record(&sink_, 20);
    drop(sink_);
    assert!(guard.shutdown_blocking(MILLIS(500)).complete);
    let mut segments = folder.segments();
    segments.sort();
    let mut content = fs::read(&segments[0]).unwrap();
    content.truncate(content.len() / 2);
    fs::write(&segments[0], content).unwrap();
    fs::write(folder.own().join("stray.tmp"), b"half").unwrap();
    fs::write(folder.own().join("something else"), b"not ours").unwrap();

    door.store(true, Ordering::SeqCst);
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    eventually("settled", || {
        only(&guard).spooled + only(&guard).in_flight == 0
    });
    let stats = only(&guard);
    assert_eq!(
        (
            stats.exported,
            stats.dropped.count(DropReason::SpoolCorrupt)
        ),
        (20, 10)
    );
    assert_balanced(&stats);
    assert_eq!(
        fs::read_dir(folder.own().join("rejected")).unwrap().count(),
        1
    );
    assert!(!folder.own().join("stray.tmp").exists());
    assert!(folder.own().join("something else").exists());
}

#[test]
fn a_poisonous_span_is_kept_for_a_look() {
    let folder = Folder::new();
    let bad = |body: &[u8]| String::from_utf8_lossy(body).contains("\"tool_name\":\"bad\"");
    let collector =
        Collector::start(move |request| Act::Answer(if bad(&request.body) { 500 } else { 202 }));
    let guard = configure()
        .push_url(collector.url())
        .spool(&folder.0)
        .flush_interval(MILLIS(10))
        .build()
        .unwrap();
    let sink = sink(&guard);
    record(&sink, 20);
    record_tool(&sink, "bad");
    record(&sink, 20);
    eventually("settled", || {
        only(&guard).exported == 40 && only(&guard).dropped.count(DropReason::Poison) == 1
    });
    assert_balanced(&only(&guard));
    let own = folder.0.join("rastir_application_json");
    eventually("cleaned up", || fs::read_dir(&own).unwrap().count() == 2); // lock and rejected
    assert_eq!(fs::read_dir(own.join("rejected")).unwrap().count(), 1);
}

#[test]
fn a_disk_that_fails_leaves_memory() {
    let (folder, (collector, door)) = (Folder::new(), behind_a_door());
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    fs::remove_dir_all(folder.own()).unwrap();
    fs::write(folder.own(), b"no folder").unwrap();
    let sink = sink(&guard);
    let ids = record(&sink, 100);
    eventually("noticed", || {
        only(&guard)
            .last_error
            .is_some_and(|error| error.starts_with("spool: "))
    });
    let more = record(&sink, 1000);
    door.store(true, Ordering::SeqCst);
    eventually("delivered from memory", || only(&guard).exported == 1100);
    assert_arrived(&collector, &[ids, more].concat());
    assert_balanced(&only(&guard));
}

#[test]
fn a_spool_that_cannot_be_made_is_an_error() {
    let folder = Folder::new();
    fs::write(&folder.0, b"a file").unwrap();
    let error = configure()
        .otlp_endpoint("http://127.0.0.1:9")
        .spool(&folder.0)
        .build()
        .unwrap_err();
    assert_eq!(error.option_name(), Some("spool"));
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn two_exporters_do_not_share_a_folder() {
    let (folder, (collector, door)) = (Folder::new(), behind_a_door());
    let first = otlp(&collector).spool(&folder.0).build().unwrap();
    let second = otlp(&collector).spool(&folder.0).build().unwrap();
    let ids = [record(&sink(&first), 10), record(&sink(&second), 10)].concat();
    eventually("on disk", || only(&first).spooled == 10);
    eventually("in memory", || only(&second).in_flight == 10);
    door.store(true, Ordering::SeqCst);
    for guard in [&first, &second] {
        eventually("delivered", || only(guard).exported == 10);
        assert_balanced(&only(guard));
    }
    assert_arrived(&collector, &ids);
}

#[cfg(unix)]
#[test]
fn the_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, (collector, _)) = (Folder::new(), behind_a_door());
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    record(&sink(&guard), 1);
    eventually("on disk", || only(&guard).spooled == 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&folder.own()), mode(&folder.segments()[0])),
        (0o700, 0o600)
    );
}

const FOLDER: &str = "MCP_TRACE_TEST_FOLDER";
const URL: &str = "MCP_TRACE_TEST_URL";

#[test]
#[ignore = "run by the tests of `kill -9`, which kill it"]
fn records_until_it_is_killed() {
    let (folder, url) = (std::env::var(FOLDER).unwrap(), std::env::var(URL).unwrap());
    let guard = configure()
        .otlp_endpoint(url)
        .spool(folder)
        .batch_size(20)
        .flush_interval(MILLIS(1))
        .build()
        .unwrap();
    let sink = sink(&guard);
    loop {
        record(&sink, 30);
        std::thread::sleep(MILLIS(1));
    }
}

/// Kills a process that spools, and checks that the next one delivers what was on disk.
fn kill_9(rounds: u64) {
    let folder = Folder::new();
    let refusing = Collector::forgetful(|_| Act::Answer(503));
    let mut delivered = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "spool::records_until_it_is_killed",
                "--ignored",
                "--quiet",
            ])
            .env(FOLDER, &folder.0)
            .env(URL, refusing.url())
            .spawn()
            .unwrap();
        // Not all of them from the first write on.
        let before = folder.spans();
        eventually("spooled", || folder.spans() > before);
        std::thread::sleep(MILLIS(round * 7 % 50));
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 5 != 4 {
            continue;
        }
        let on_disk = folder.spans();
        let collector = Collector::kind();
        let guard = otlp(&collector).spool(&folder.0).build().unwrap();
        assert_eq!(only(&guard).recovered, on_disk);
        eventually("delivered", || only(&guard).exported == on_disk);
        assert_balanced(&only(&guard));
        let ids: HashSet<Vec<u8>> = collector
            .spans()
            .into_iter()
            .map(|span| span.span_id)
            .collect();
        assert_eq!(ids.len() as u64, on_disk);
        assert_eq!(only(&guard).dropped.total(), 0);
        delivered += on_disk;
    }
    println!("{rounds} times killed: all {delivered} spans on disk delivered");
}

#[test]
fn f14_what_is_on_disk_survives_kill_9() {
    kill_9(10);
}

#[test]
#[ignore = "slow"]
fn slow_f14_what_is_on_disk_survives_kill_9_two_hundred_times() {
    kill_9(200);
}
