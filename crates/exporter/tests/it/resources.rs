//! What a machine runs out of: disk, files, patience; and clocks that lie.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_trace::{ActiveSpan, McpCall, MemorySink, Method, SpanKind, SpanRecord};
use mcp_trace_exporter::{ExporterBuilder, configure};

use crate::between::{alone_within, given};
use crate::collector::{Act, Collector};
use crate::folder::Folder;
use crate::support::*;

const URL: &str = "MCP_TRACE_TEST_URL";
const FOLDER: &str = "MCP_TRACE_TEST_FOLDER";

/// In a process of its own.
fn spooling() -> ExporterBuilder {
    configure()
        .otlp_endpoint(given(URL))
        .flush_interval(MILLIS(10))
        .spool(given(FOLDER))
}

/// A receiver that is away for a moment.
fn refusing(requests: usize) -> Collector {
    Collector::start(move |request| Act::Answer(if request.number < requests { 503 } else { 200 }))
}

/// 1000 spans, in `spooling`'s process.
fn spans() -> Vec<SpanRecord> {
    let sink = std::sync::Arc::new(MemorySink::default());
    for _ in 0..1000 {
        ActiveSpan::builder(SpanKind::Client)
            .under(None)
            .sink(sink.clone())
            .start(McpCall::new(Method::ToolsList))
            .end();
    }
    sink.take()
}

#[test]
fn f13_a_disk_without_room_leaves_memory() {
    let (collector, folder) = (refusing(3), Folder::new());
    // A file that would be longer is refused; so is the process ended, unless it ignores that.
    let limit = "trap '' XFSZ; ulimit -f 16";
    let (url, path) = (collector.url(), folder.path());
    let variables = [(URL, url.as_str()), (FOLDER, path.as_str())];
    alone_within(limit, "resources::spools_without_room", &variables);
    let arrived = collector.spans().into_iter().map(|span| span.span_id);
    assert_eq!(arrived.collect::<HashSet<_>>().len(), 1000);
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn spools_without_room() {
    let guard = spooling().batch_size(1000).build().unwrap();
    let sink = sink(&guard);
    spans().into_iter().for_each(|span| sink.record(span));
    eventually("noticed", || {
        only(&guard)
            .last_error
            .is_some_and(|error| error.starts_with("spool: "))
    });
    eventually("delivered", || only(&guard).exported == 1000);
    assert_balanced(&only(&guard));
    assert_eq!(only(&guard).spooled, 0);
}

#[test]
fn f13_a_process_without_files_loses_nothing() {
    let (collector, folder) = (refusing(0), Folder::new());
    let (url, path) = (collector.url(), folder.path());
    let variables = [(URL, url.as_str()), (FOLDER, path.as_str())];
    alone_within(
        "ulimit -n 64",
        "resources::spools_without_files",
        &variables,
    );
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn spools_without_files() {
    let guard = spooling().build().unwrap();
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    assert!(files.len() < 64);
    let sink = sink(&guard);
    spans().into_iter().for_each(|span| sink.record(span));
    eventually("no file for the spool, none for a connection", || {
        let stats = only(&guard);
        stats.failed_requests > 0 && stats.last_error.is_some_and(|e| e.starts_with("spool: "))
    });
    assert_eq!(only(&guard).exported, 0);
    files.clear();
    eventually("delivered", || only(&guard).exported == 1000);
    assert_balanced(&only(&guard));
}

#[test]
fn f13_a_folder_that_is_deleted_is_made_again() {
    let (collector, folder) = (refusing(1), Folder::new());
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    std::fs::remove_dir_all(folder.own()).unwrap();
    let ids = record(&sink(&guard), 100);
    eventually("delivered", || only(&guard).exported == 100);
    assert!(folder.own().join("lock").exists());
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
}

#[test]
#[ignore = "slow"]
fn slow_f13_a_disk_is_tried_again_after_a_minute() {
    let (collector, folder) = (Collector::start(|_| Act::Answer(503)), Folder::new());
    let guard = otlp(&collector).spool(&folder.0).build().unwrap();
    std::fs::remove_dir_all(folder.own()).unwrap();
    std::fs::write(folder.own(), b"no folder").unwrap();
    record(&sink(&guard), 100);
    eventually("noticed", || {
        only(&guard)
            .last_error
            .is_some_and(|error| error.starts_with("spool: "))
    });
    std::fs::remove_file(folder.own()).unwrap();
    std::thread::sleep(SECONDS(61));
    record(&sink(&guard), 100);
    eventually("on disk, and accounted for", || {
        let stats = only(&guard);
        stats.spooled >= 100 && stats.imbalance() == 0
    });
}

#[test]
fn f17_no_clock_makes_a_length_negative() {
    let collector = Collector::kind();
    let rastir = Collector::start(|_| Act::Answer(202));
    let guard = otlp(&collector).push_url(rastir.url()).build().unwrap();
    let (now, hour) = (SystemTime::now(), SECONDS(3600));
    let starts = [
        UNIX_EPOCH - 20_000 * hour,
        UNIX_EPOCH - MILLIS(1),
        UNIX_EPOCH,
        now - hour,
        now + 24 * hour,
    ];
    let lengths = [Duration::ZERO, MILLIS(1500), 8 * hour];
    let sink = sink(&guard);
    let mut template = spans().remove(0);
    for start in starts {
        for length in lengths {
            (template.start, template.duration) = (start, length);
            sink.record(template.clone());
        }
    }
    assert!(guard.force_flush_blocking(SECONDS(5)).complete);
    let spans = collector.spans();
    assert_eq!(spans.len(), starts.len() * lengths.len());
    for (n, span) in spans.iter().enumerate() {
        let length = span
            .end_time_unix_nano
            .checked_sub(span.start_time_unix_nano);
        let want = lengths[n % lengths.len()].as_nanos();
        assert_eq!(length.map(u128::from), Some(want), "{span:?}");
    }
    let bodies = rastir.requests();
    let pushed = bodies.iter().flat_map(|request| {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        body["spans"].as_array().unwrap().clone()
    });
    for span in pushed {
        let number = |key: &str| span[key].as_f64().unwrap();
        assert!(number("end_time") >= number("start_time"), "{span}");
        assert!(number("duration_ms") >= 0.0, "{span}");
    }
    guard.stats().destinations.iter().for_each(assert_balanced);
}
