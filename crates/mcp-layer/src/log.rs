//! A log that callers cannot flood.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::stats::Reason;

/// Seconds between two lines about the same thing.
const INTERVAL: u64 = 60;

#[derive(Debug)]
pub(crate) struct Log {
    began: Instant,
    /// When each reason may be told next, in seconds.
    next: [AtomicU64; Reason::COUNT],
}

impl Log {
    pub(crate) fn line(&self, reason: Reason) {
        let now = self.began.elapsed().as_secs();
        let next = &self.next[reason as usize];
        let due = next.load(Ordering::Relaxed);
        let is_due = now >= due
            && next
                .compare_exchange(due, now + INTERVAL, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_due {
            // Nothing that a caller wrote.
            tracing::warn!("{}", reason.message());
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            next: Default::default(),
        }
    }
}
