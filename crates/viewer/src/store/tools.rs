//! How tools did, over the spans that are kept.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::{Record, Store};
use crate::span::Kind;

/// Upper ends of the histogram's buckets in milliseconds, as the OpenTelemetry conventions for MCP
/// advise; the last bucket has none.
const BOUNDS_MS: [f64; 14] = [
    10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5,
];
/// Rows of the table at most.
const ROWS: usize = 1000;

/// The table of tools.
#[derive(Debug, Serialize)]
pub(crate) struct ToolTable {
    bounds_ms: &'static [f64],
    tools: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    tool: Arc<str>,
    service: Arc<str>,
    side: Kind,
    calls: usize,
    errors: usize,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    histogram: Vec<usize>,
}

type Key = (Arc<str>, Arc<str>, Kind);

#[derive(Default)]
struct Calls {
    durations: Vec<u64>,
    errors: usize,
}

impl Store {
    /// One row for each tool, service and side of the call; most calls first.
    pub(crate) fn tools(&self) -> ToolTable {
        let mut tools: Vec<Row> = self
            .calls()
            .into_iter()
            .map(|(key, calls)| row(key, calls))
            .collect();
        tools.sort_by(|a, b| {
            let by_name = (&a.tool, &a.service, a.side.as_str());
            let order = b.calls.cmp(&a.calls);
            order.then_with(|| by_name.cmp(&(&b.tool, &b.service, b.side.as_str())))
        });
        ToolTable {
            bounds_ms: &BOUNDS_MS,
            tools,
        }
    }

    fn calls(&self) -> HashMap<Key, Calls> {
        let mut rows: HashMap<Key, Calls> = HashMap::new();
        for span in self.spans_of_tools() {
            let Some(tool) = &span.tool else { continue };
            let key = (tool.clone(), span.service.clone(), span.kind);
            if rows.len() >= ROWS && !rows.contains_key(&key) {
                continue;
            }
            let calls = rows.entry(key).or_default();
            calls.durations.push(span.duration_ns);
            calls.errors += usize::from(span.error);
        }
        rows
    }

    /// Taken out first: what comes in meanwhile should not wait for the counting.
    fn spans_of_tools(&self) -> Vec<Arc<Record>> {
        let inner = self.lock();
        let spans = inner.traces.values().flat_map(|trace| trace.spans());
        spans.filter(|span| span.tool.is_some()).cloned().collect()
    }
}

fn row((tool, service, side): Key, mut calls: Calls) -> Row {
    calls.durations.sort_unstable();
    let mut histogram = vec![0; BOUNDS_MS.len() + 1];
    for duration in &calls.durations {
        let ms = *duration as f64 / 1e6;
        let bucket = BOUNDS_MS.partition_point(|bound| *bound < ms);
        if let Some(count) = histogram.get_mut(bucket) {
            *count += 1;
        }
    }
    let quantile = |percent| quantile(&calls.durations, percent);
    Row {
        tool,
        service,
        side,
        calls: calls.durations.len(),
        errors: calls.errors,
        p50_ms: quantile(50),
        p95_ms: quantile(95),
        p99_ms: quantile(99),
        histogram,
    }
}

/// The smallest duration, in milliseconds, that `percent` of them do not exceed.
fn quantile(sorted: &[u64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map_or(0.0, |ns| *ns as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let ms = |n: u64| n * 1_000_000;
        let hundred: Vec<u64> = (1..=100).map(ms).collect();
        assert_eq!(
            [50, 95, 99].map(|p| quantile(&hundred, p)),
            [50.0, 95.0, 99.0]
        );
        assert_eq!([50, 95, 99].map(|p| quantile(&[ms(7)], p)), [7.0; 3]);
        assert_eq!(quantile(&[ms(1), ms(9)], 50), 1.0);
        assert_eq!(quantile(&[], 99), 0.0);
    }
}
