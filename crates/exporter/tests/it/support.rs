//! What the tests share.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_trace::{ActiveSpan, McpCall, Method, SpanKind, SpanSink};
use mcp_trace_exporter::{DestinationStats, ExporterBuilder, Guard, configure};

use crate::collector::Collector;

pub(crate) const SECONDS: fn(u64) -> Duration = Duration::from_secs;
pub(crate) const MILLIS: fn(u64) -> Duration = Duration::from_millis;

/// An exporter to `collector` in OTLP protobuf that does not wait for more spans.
pub(crate) fn otlp(collector: &Collector) -> ExporterBuilder {
    configure()
        .service("test")
        .otlp_endpoint(collector.url())
        .flush_interval(MILLIS(10))
}

pub(crate) fn sink(guard: &Guard) -> Arc<dyn SpanSink> {
    guard.sink().unwrap()
}

/// Records `count` CLIENT spans of tool calls and gives their ids.
pub(crate) fn record(sink: &Arc<dyn SpanSink>, count: usize) -> Vec<[u8; 8]> {
    (0..count)
        .map(|n| record_tool(sink, &format!("tool{n}")))
        .collect()
}

pub(crate) fn record_tool(sink: &Arc<dyn SpanSink>, tool: &str) -> [u8; 8] {
    let mut call = McpCall::new(Method::ToolsCall);
    call.set_target(Some(tool), None);
    let span = ActiveSpan::builder(SpanKind::Client)
        .under(None)
        .sink(sink.clone())
        .start(call);
    span.end();
    span.context().unwrap().span_id().to_bytes()
}

/// The only destination's counts.
pub(crate) fn only(guard: &mcp_trace_exporter::Handle) -> DestinationStats {
    let mut stats = guard.stats();
    assert_eq!(stats.destinations.len(), 1);
    stats.destinations.remove(0)
}

/// Every span came in once at least, and nothing else did.
pub(crate) fn assert_arrived(collector: &Collector, recorded: &[[u8; 8]]) {
    let arrived: HashSet<Vec<u8>> = collector
        .spans()
        .into_iter()
        .map(|span| span.span_id)
        .collect();
    let recorded: HashSet<Vec<u8>> = recorded.iter().map(|id| id.to_vec()).collect();
    assert_eq!(
        arrived.difference(&recorded).count(),
        0,
        "spans that nobody recorded"
    );
    assert_eq!(
        recorded.difference(&arrived).count(),
        0,
        "spans that did not arrive"
    );
}

/// Nothing is lost sight of.
pub(crate) fn assert_balanced(stats: &DestinationStats) {
    assert_eq!(stats.imbalance(), 0, "{stats:?}");
}

/// Polls until `condition` holds, for at most 10 s.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + SECONDS(10);
    while !condition() {
        assert!(Instant::now() < end, "{what}: not within 10 s");
        std::thread::sleep(MILLIS(5));
    }
}
