//! Durations by their size.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mcp_trace::EndedOperation;

const BOUNDS: [f64; 14] = EndedOperation::BUCKETS;

/// One series of a histogram.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// How many were at most as long as each bound and longer than the one before; the last had no
    /// bound.
    counts: [AtomicU64; BOUNDS.len() + 1],
    /// All together. Wraps around after 584 years of waiting, as a counter may.
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(crate) fn record(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS.iter().take_while(|bound| seconds > **bound).count();
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes the lines of the series.
    pub(crate) fn write(&self, name: &str, labels: &str, out: &mut String) -> fmt::Result {
        // The count is that of the buckets just read: the two never disagree.
        let mut count = 0;
        let comma = if labels.is_empty() { "" } else { "," };
        for (index, bucket) in self.counts.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            match BOUNDS.get(index) {
                Some(bound) => writeln!(
                    out,
                    "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}"
                )?,
                None => writeln!(out, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}")?,
            }
        }
        let sum = Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
        writeln!(out, "{name}_sum{{{labels}}} {sum}")?;
        writeln!(out, "{name}_count{{{labels}}} {count}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        for millis in [0, 10, 11, 20, 300_000, 300_001] {
            histogram.record(Duration::from_millis(millis));
        }
        let mut out = String::new();
        histogram.write("m", "a=\"b\"", &mut out).unwrap();
        for line in [
            "m_bucket{a=\"b\",le=\"0.01\"} 2\n",
            "m_bucket{a=\"b\",le=\"0.02\"} 4\n",
            "m_bucket{a=\"b\",le=\"1\"} 4\n",
            "m_bucket{a=\"b\",le=\"300\"} 5\n",
            "m_bucket{a=\"b\",le=\"+Inf\"} 6\n",
            "m_sum{a=\"b\"} 600.042\n",
            "m_count{a=\"b\"} 6\n",
        ] {
            assert!(out.contains(line), "{line} in {out}");
        }
        out.clear();
        histogram.write("m", "", &mut out).unwrap();
        assert!(out.starts_with("m_bucket{le=\"0.01\"} 2\n"), "{out}");
    }
}
