//! How much callers may have recorded.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mcp_trace::{TraceContext, Trust};

use crate::config::Config;
use crate::stats::Reason;

const SECOND: u64 = 1_000_000_000;

/// A bucket that holds five seconds' worth of tokens and is full at first.
#[derive(Debug)]
pub(crate) struct SamplingCap {
    began: Instant,
    /// Nanoseconds that one token takes to come back.
    interval: u64,
    /// When the bucket will be full again, in nanoseconds since it began: the generic cell
    /// rate algorithm, which needs no other state.
    full_at: AtomicU64,
}

impl SamplingCap {
    const BURST: u64 = 5;

    /// A rate of zero allows nothing.
    pub(crate) fn per_second(rate: u32) -> Self {
        Self {
            began: Instant::now(),
            interval: SECOND.checked_div(rate.into()).unwrap_or(u64::MAX),
            full_at: AtomicU64::new(0),
        }
    }

    pub(crate) fn take(&self) -> bool {
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.take_at(now)
    }

    fn take_at(&self, now: u64) -> bool {
        let taken = |full_at: u64| {
            let full_at = full_at.max(now).checked_add(self.interval)?;
            (full_at - now <= Self::BURST * SECOND).then_some(full_at)
        };
        self.full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }
}

/// Whether a request may be recorded, once that was asked; it has several contexts at times.
#[derive(Debug, Default)]
pub(crate) struct Share(Option<bool>);

impl Share {
    /// Clears the sampled flag of a caller that has had its share.
    #[inline]
    pub(crate) fn limit(&mut self, config: &Config, trust: Trust, context: &mut TraceContext) {
        if let Some(cap) = &config.sampling_cap {
            if trust == Trust::Continue && context.is_sampled() && !self.may_sample(cap, config) {
                *context = context.clone().with_sampled(false);
            }
        }
    }

    fn may_sample(&mut self, cap: &SamplingCap, config: &Config) -> bool {
        *self.0.get_or_insert_with(|| {
            let taken = cap.take();
            if !taken {
                config.stats.note(Reason::SamplingCap);
            }
            taken
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{SECOND, SamplingCap};

    fn taken(cap: &SamplingCap, now: u64) -> usize {
        std::iter::from_fn(|| cap.take_at(now).then_some(())).count()
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let cap = SamplingCap::per_second(10);
        assert_eq!(taken(&cap, 0), 50);
        assert_eq!(taken(&cap, SECOND / 20), 0);
        assert_eq!(taken(&cap, SECOND), 10);
        assert_eq!(taken(&cap, 100 * SECOND), 50);
    }

    #[test]
    fn a_rate_of_zero_allows_nothing() {
        assert_eq!(taken(&SamplingCap::per_second(0), 7 * SECOND), 0);
    }
}
