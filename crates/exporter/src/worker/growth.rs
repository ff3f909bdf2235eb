//! How much a request carries under a backlog.

use std::time::Duration;

/// What is written and sent while it is still in a processor's cache, in bytes.
const NEAR: usize = 512 * 1024;
/// A request that takes longer should carry more.
const TRIP: Duration = Duration::from_millis(10);
/// The smallest request that a receiver's "too large" is believed to be about.
const SMALLEST: usize = 16 * 1024;

/// Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    limit: usize,
    most: usize,
    wanted: usize,
}

impl Growth {
    /// Requests of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            most: limit,
            wanted: NEAR,
        }
    }

    /// The most that a request may carry: the limit, or what a receiver takes.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// What it should carry where more is waiting.
    pub(super) fn wanted(&self) -> usize {
        self.wanted.min(self.most)
    }

    /// A request was taken, in this time: the longer the way, the more at once.
    pub(super) fn accepted(&mut self, took: Duration) {
        let trips = took.as_secs_f64() / TRIP.as_secs_f64();
        self.wanted = (NEAR as f64 * trips.max(1.0)) as usize;
        // What was once too large may not be for ever.
        self.most = (self.most + self.most / 8).min(self.limit);
    }

    /// A request of this size was too large.
    pub(super) fn too_large(&mut self, bytes: usize) {
        self.most = self.most.min((bytes / 2).max(SMALLEST));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Growth, NEAR, SMALLEST};

    const LIMIT: usize = 4 * 1024 * 1024;

    #[test]
    fn requests_grow_with_the_way() {
        let mut growth = Growth::new(LIMIT);
        assert_eq!(growth.wanted(), NEAR);
        growth.accepted(Duration::from_millis(100));
        assert_eq!(growth.wanted(), LIMIT);
        growth.accepted(Duration::from_millis(20));
        assert_eq!(growth.wanted(), 2 * NEAR);
        growth.accepted(Duration::from_micros(300));
        assert_eq!(growth.wanted(), NEAR);
        assert_eq!(Growth::new(1000).wanted(), 1000);
    }

    #[test]
    fn what_is_too_large_is_tried_again_later() {
        let mut growth = Growth::new(LIMIT);
        growth.too_large(100_000);
        assert_eq!((growth.most(), growth.wanted()), (50_000, 50_000));
        growth.too_large(20_000);
        assert_eq!(growth.most(), SMALLEST);
        for _ in 0..100 {
            growth.accepted(Duration::from_millis(1));
        }
        assert_eq!(growth.most(), LIMIT);
    }
}
