//! Series of one name.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Labels;

/// The most series of each name; what has yet other labels is counted together.
const MAX_SERIES: usize = 2000;
/// As OpenTelemetry's SDKs name the series that has what found no room.
const OVERFLOW: &str = "otel_metric_overflow=\"true\"";

/// Changes the series with these labels, or, where there are too many, the one for the rest.
fn change<T>(
    all: &mut BTreeMap<String, T>,
    labels: &Labels,
    new: impl FnOnce() -> T,
    change: impl FnOnce(&mut T),
) {
    let mut labels = labels.as_str();
    if all.len() >= MAX_SERIES && !all.contains_key(labels) {
        labels = OVERFLOW;
    }
    // Mostly it is there, and then its name need not be copied.
    match all.get_mut(labels) {
        Some(series) => change(series),
        None => change(all.entry(labels.to_owned()).or_insert_with(new)),
    }
}

/// Sums that only grow.
#[derive(Debug)]
pub(super) struct Counters {
    name: &'static str,
    help: &'static str,
    series: BTreeMap<String, f64>,
}

impl Counters {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            series: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, labels: &Labels, count: f64) {
        change(&mut self.series, labels, || 0.0, |sum| *sum += count);
    }

    pub(super) fn write(&self, page: &mut String) {
        let Self { name, help, series } = self;
        if series.is_empty() {
            return;
        }
        // Writing into a string does not fail.
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} counter");
        for (labels, count) in series {
            let _ = writeln!(page, "{name}{{{labels}}} {count}");
        }
    }
}

/// Durations by their size, in seconds.
#[derive(Debug)]
pub(super) struct Histograms {
    name: &'static str,
    help: &'static str,
    bounds: &'static [f64],
    series: BTreeMap<String, Histogram>,
}

#[derive(Debug)]
struct Histogram {
    /// How many there are up to each bound and over the one before; the last is over all.
    counts: Vec<u64>,
    sum: f64,
}

impl Histograms {
    pub(super) fn new(name: &'static str, help: &'static str, bounds: &'static [f64]) -> Self {
        Self {
            name,
            help,
            bounds,
            series: BTreeMap::new(),
        }
    }

    pub(super) fn observe(&mut self, labels: &Labels, seconds: f64) {
        let bounds = self.bounds;
        let new = || Histogram {
            counts: vec![0; bounds.len() + 1],
            sum: 0.0,
        };
        change(&mut self.series, labels, new, |histogram| {
            histogram.sum += seconds;
            let bucket = bounds.partition_point(|bound| *bound < seconds);
            if let Some(count) = histogram.counts.get_mut(bucket) {
                *count += 1;
            }
        });
    }

    pub(super) fn write(&self, page: &mut String) {
        let Self { name, help, .. } = self;
        if self.series.is_empty() {
            return;
        }
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} histogram");
        for (labels, histogram) in &self.series {
            let mut total = 0;
            for (at, count) in histogram.counts.iter().enumerate() {
                total += count;
                let _ = match self.bounds.get(at) {
                    Some(bound) => {
                        writeln!(page, "{name}_bucket{{{labels},le=\"{bound}\"}} {total}")
                    }
                    None => writeln!(page, "{name}_bucket{{{labels},le=\"+Inf\"}} {total}"),
                };
            }
            let _ = writeln!(page, "{name}_sum{{{labels}}} {}", histogram.sum);
            let _ = writeln!(page, "{name}_count{{{labels}}} {total}");
        }
    }
}
