//! Counting: what came in must be found again.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::queue::Queue;

macro_rules! drop_reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Why a span was lost.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum DropReason {
            $($(#[$doc])* $variant,)+
        }

        impl DropReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason as it stands in metrics and log lines.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

drop_reasons! {
    /// The queue was at its bound; the newest span is the one that is dropped.
    QueueFull = "queue_full",
    /// It ended after the shutdown.
    AlreadyShutdown = "already_shutdown",
    /// Alone and without what the program added to it, it is larger than 4 MiB; or the receiver
    /// said that it is too large (413).
    TooLarge = "too_large",
    /// The receiver refused the request for good, such as with 400 or 404.
    Refused = "refused",
    /// The receiver fails again and again over this span while it takes others.
    Poison = "poison",
    /// The receiver's answer was longer than the 4 MiB that OTLP allows; whether it kept the spans is
    /// unknown.
    ResponseTooLarge = "response_too_large",
    /// It was not delivered before the shutdown's deadline.
    Shutdown = "shutdown",
    /// The spool on disk was full; the oldest goes.
    SpoolFull = "spool_full",
    /// It was in the spool on disk for too long.
    SpoolExpired = "spool_expired",
    /// Its segment in the spool on disk was damaged; it lies beside the spool.
    SpoolCorrupt = "spool_corrupt",
    /// The encoder panicked on it.
    EncoderPanic = "encoder_panic",
    /// It was on its way when the worker panicked.
    WorkerPanic = "worker_panic",
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const REASONS: usize = DropReason::ALL.len();

/// How many spans were lost, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Dropped([u64; REASONS]);

impl Dropped {
    /// The spans lost for `reason`.
    #[must_use]
    pub fn count(&self, reason: DropReason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// All reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL
            .iter()
            .map(|reason| (*reason, self.count(*reason)))
            .filter(|(_, count)| *count > 0)
    }

    /// All lost spans.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// How a destination does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Health {
    /// The last attempt succeeded, or there was none yet.
    #[default]
    Ok,
    /// The last attempt failed; the next one waits.
    BackingOff,
    /// The receiver does not accept the credentials; spans are kept within the bounds.
    Unauthorized,
    /// After a shutdown.
    Stopped,
}

/// The spans of one destination.
///
/// At rest, and but for a moment always,
/// `recorded + recovered = exported + rejected + dropped + queued + in_flight + spooled`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DestinationStats {
    /// The destination's name, such as `otlp` or `rastir`.
    pub name: String,
    /// Spans that ended while this destination existed.
    pub recorded: u64,
    /// Spans that an earlier process left on disk.
    pub recovered: u64,
    /// Spans that the receiver said it took.
    pub exported: u64,
    /// Spans that the receiver said it refused, within a request that it took (OTLP partial success).
    pub rejected: u64,
    /// Spans that were lost here.
    pub dropped: Dropped,
    /// The most spans that may wait to be encoded.
    pub capacity: u64,
    /// Spans that wait to be encoded.
    pub queued: u64,
    /// Spans that are encoded: on their way, or waiting for another attempt.
    pub in_flight: u64,
    /// Spans that wait on disk only.
    pub spooled: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests that failed, whether or not they were repeated.
    pub failed_requests: u64,
    /// Times that the worker was restarted after a panic.
    pub restarts: u64,
    /// How it does.
    pub health: Health,
    /// The last failure, in words.
    pub last_error: Option<String>,
}

impl DestinationStats {
    /// What is missing in the equation above: 0 at rest.
    #[must_use]
    pub fn imbalance(&self) -> i128 {
        let found = [
            self.exported,
            self.rejected,
            self.dropped.total(),
            self.queued,
            self.in_flight,
            self.spooled,
        ];
        let came = i128::from(self.recorded) + i128::from(self.recovered);
        came - found.into_iter().map(i128::from).sum::<i128>()
    }
}

/// The spans of all destinations.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// One entry per destination, in the order of configuration.
    pub destinations: Vec<DestinationStats>,
}

impl Stats {
    /// The destination of this name.
    #[must_use]
    pub fn destination(&self, name: &str) -> Option<&DestinationStats> {
        self.destinations
            .iter()
            .find(|destination| destination.name == name)
    }

    /// All spans that were lost or refused, summed over the destinations.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.destinations
            .iter()
            .map(|destination| destination.dropped.total() + destination.rejected)
            .sum()
    }
}

/// The worker's side of the counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) exported: Counter,
    pub(crate) rejected: Counter,
    pub(crate) in_flight: Counter,
    pub(crate) recovered: Counter,
    pub(crate) spooled: Counter,
    pub(crate) requests: Counter,
    pub(crate) failed_requests: Counter,
    pub(crate) restarts: Counter,
    dropped: [Counter; REASONS],
    condition: Mutex<(Health, Option<String>)>,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn sub(&self, n: u64) {
        self.0.fetch_sub(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    pub(crate) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn dropped(&self, reason: DropReason, n: u64) {
        if let Some(counter) = self.dropped.get(reason as usize) {
            counter.add(n);
        }
    }

    pub(crate) fn set_health(&self, health: Health) {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0 = health;
    }

    pub(crate) fn set_error(&self, error: String) {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1 = Some(error);
    }

    pub(crate) fn snapshot(&self, name: &str, queue: &Queue) -> DestinationStats {
        let (totals, queued) = queue.totals();
        let mut dropped = Dropped::default();
        for (count, counter) in dropped.0.iter_mut().zip(&self.dropped) {
            *count = counter.get();
        }
        for (reason, n) in [
            (DropReason::QueueFull, totals.full),
            (DropReason::AlreadyShutdown, totals.after_shutdown),
        ] {
            if let Some(count) = dropped.0.get_mut(reason as usize) {
                *count += n;
            }
        }
        let (health, last_error) = self
            .condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        DestinationStats {
            name: name.to_owned(),
            recorded: totals.recorded(),
            exported: self.exported.get(),
            rejected: self.rejected.get(),
            dropped,
            capacity: queue.limits().spans as u64,
            queued: queued as u64,
            in_flight: self.in_flight.get(),
            recovered: self.recovered.get(),
            spooled: self.spooled.get(),
            requests: self.requests.get(),
            failed_requests: self.failed_requests.get(),
            restarts: self.restarts.get(),
            health,
            last_error,
        }
    }
}
