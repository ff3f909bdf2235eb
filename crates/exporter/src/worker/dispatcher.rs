//! What a destination's worker does next.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mcp_trace::{InTraceExt, TraceContext};
use tokio::task::{Id, JoinSet};

use super::attempt::{Failure, Reply, attempt, body, request};
use super::buffers::Buffers;
use super::growth::Growth;
use crate::batch::Batch;
use crate::destination::Destination;
use crate::log::Warnings;
use crate::pace::Pace;
use crate::transport::Courier;

/// Connections are made anew after this time, so that a change of address is noticed.
const COURIER_AGE: Duration = Duration::from_secs(300);
/// At the end this much time is kept for writing to the spool, or a quarter of what there is.
const TIME_TO_SPOOL: Duration = Duration::from_millis(500);

pub(super) type Attempt = Result<Reply, Failure>;

#[derive(Debug)]
pub(super) struct Dispatcher {
    pub(super) destination: Arc<Destination>,
    pub(super) courier: Option<(Courier, Instant)>,
    pub(super) pace: Pace,
    /// Attempts that are under way, and what they send.
    pub(super) attempts: JoinSet<Attempt>,
    pub(super) sent: HashMap<Id, Sent>,
    pub(super) buffers: Buffers,
    /// Parts of a refused batch.
    pub(super) parts: Vec<Batch>,
    /// Batches that failed and are tried again.
    pub(super) waiting: Vec<Batch>,
    /// Batches that failed and go to disk.
    pub(super) to_spool: Vec<Batch>,
    /// The disk failed: not before then.
    pub(super) spool_again: Option<Instant>,
    /// Whether what is on disk has its turn.
    pub(super) disk_next: bool,
    /// Whether the last attempt failed.
    pub(super) failing: bool,
    /// How many spans left the queue so far.
    pub(super) taken: u64,
    pub(super) growth: Growth,
    /// How long the first span of all waits: random, so that programs that start together
    /// do not send together.
    pub(super) first_wait: Option<Duration>,
    /// Then the worker looks by itself, since where spans came more will, and none of these is due
    /// earlier: to be woken costs whoever ends a span as much as a hundred spans do.
    pub(super) looks_at: Option<Instant>,
    /// The newest flush, and the end, that already hurried the pace.
    hurried: (u64, bool),
    /// The end of sending, once the end was ordered.
    last_call: Option<Instant>,
    /// How many spans found the queue full by the last report.
    reported_full: u64,
    pub(super) warnings: Warnings,
}

/// A batch that is on its way, the body of its request, and since when.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) batch: Batch,
    pub(super) body: Bytes,
    pub(super) since: Instant,
}

impl Dispatcher {
    pub(super) fn new(destination: Arc<Destination>) -> Self {
        let mut pace = Pace::new();
        let first_wait = Some(pace.fraction_of(destination.tuning.flush_interval));
        let (totals, held) = destination.queue.totals();
        Self {
            courier: None,
            pace,
            attempts: JoinSet::new(),
            sent: HashMap::new(),
            buffers: Buffers::default(),
            parts: Vec::new(),
            waiting: Vec::new(),
            to_spool: Vec::new(),
            spool_again: None,
            disk_next: false,
            failing: false,
            taken: totals.accepted - held as u64,
            growth: Growth::new(destination.tuning.max_batch_bytes),
            first_wait,
            looks_at: None,
            hurried: (0, false),
            last_call: None,
            reported_full: totals.full,
            warnings: Warnings::default(),
            destination,
        }
    }

    /// Delivers until the end is ordered.
    pub(super) async fn run(mut self) {
        let wake = self.destination.queue.wake();
        loop {
            let now = Instant::now();
            self.hurry(now);
            self.spill(now).await;
            while let Some(batch) = self.next_batch(now).await {
                self.launch(batch, now);
            }
            self.report(now);
            if self.is_over(now) {
                // What an answer says that is here already is not sent, or stored, once more.
                while let Some(ended) = self.attempts.try_join_next_with_id() {
                    self.ended(ended);
                }
                return self.abandon().await;
            }
            let next = self.next_event(now);
            tokio::select! {
                Some(ended) = self.attempts.join_next_with_id() => self.ended(ended),
                () = wake.notified() => {}
                () = sleep_until(next) => {}
            }
        }
    }

    /// Whoever orders a flush or the end does not wait for a backoff, once per order.
    fn hurry(&mut self, now: Instant) {
        let deadline = self.destination.deadline();
        let flush = self.destination.flush_target().unwrap_or(0);
        if flush > self.hurried.0 || deadline.is_some() != self.hurried.1 {
            self.hurried = (flush.max(self.hurried.0), deadline.is_some());
            self.pace.hurry();
            self.last_call = deadline.map(|deadline| {
                let left = deadline.saturating_duration_since(now);
                let spare = TIME_TO_SPOOL.min(left / 4);
                deadline
                    - if self.destination.has_spool() {
                        spare
                    } else {
                        Duration::ZERO
                    }
            });
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let Some(deadline) = self.last_call else {
            return false;
        };
        let idle = self.attempts.is_empty() && self.parts.is_empty() && self.waiting.is_empty();
        let too_late =
            self.attempts.is_empty() && self.pace.not_before(now).is_some_and(|at| at >= deadline);
        now >= deadline || too_late || (idle && self.destination.queue.level().spans == 0)
    }

    /// When something happens without a wake-up.
    fn next_event(&self, now: Instant) -> Option<Instant> {
        let look = self.looks_at.filter(|at| *at > now);
        // First of all: whoever records a span after the queue was looked at has to know.
        self.destination.queue.expect(look.is_some());
        let paused = self.pace.not_before(now);
        let ready = if self.attempts.len() >= self.slots() {
            None
        } else if !self.parts.is_empty() || !self.waiting.is_empty() || self.wants_disk() {
            paused
        } else {
            self.due(now).map(|due| paused.unwrap_or(due).max(due))
        };
        let spill = self
            .due(now)
            .filter(|_| self.failing && self.can_spool(now));
        let disk = self
            .disk_rests_until()
            .filter(|_| self.destination.counters.spooled.get() > 0);
        [ready, spill, disk, look, self.last_call]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn slots(&self) -> usize {
        // A receiver in trouble is probed, not stormed.
        if self.pace.is_backing_off() {
            1
        } else {
            self.destination.tuning.max_in_flight
        }
    }

    /// When the queue's next batch is due.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let destination = &*self.destination;
        let max_age = self.first_wait.unwrap_or(destination.tuning.flush_interval);
        let flush = destination.flush_target();
        let level = destination.queue.level();
        let due = level.due(now, &destination.queue.limits(), max_age)?;
        let wanted = destination.deadline().is_some()
            || flush.is_some_and(|target| target > self.taken)
            // A receiver may take less at once than the configuration would send.
            || level.bytes >= self.growth.most();
        Some(if wanted { now } else { due })
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due(now).is_some_and(|due| due <= now)
    }

    /// The batch to send now, if any.
    async fn next_batch(&mut self, now: Instant) -> Option<Batch> {
        if self.attempts.len() >= self.slots() || self.pace.not_before(now).is_some() {
            return None;
        }
        if let Some(part) = self.parts.pop() {
            return Some(part);
        }
        // After a failure another batch than the failed one shows whether the receiver or
        // the batch is at fault.
        let room = self.waiting.len() < self.destination.tuning.max_in_flight.max(2);
        let fresh_next = self.failing || (self.waiting.is_empty() && !self.disk_next);
        if room && self.is_due(now) && (fresh_next || !self.wants_disk()) {
            if let Some(fresh) = self.take_batch() {
                self.disk_next = true;
                return Some(fresh);
            }
        }
        let waiting = self.waiting.iter().enumerate();
        if let Some((least, _)) = waiting.min_by_key(|(_, batch)| (batch.failures, batch.first)) {
            return Some(self.waiting.remove(least));
        }
        if self.wants_disk() {
            self.disk_next = false;
            return self.load().await;
        }
        None
    }

    fn launch(&mut self, batch: Batch, now: Instant) {
        let destination = self.destination.clone();
        destination.counters.requests.add(1);
        let left = self
            .last_call
            .map_or(Duration::MAX, |end| end.saturating_duration_since(now));
        let timeout = destination.tuning.timeout.min(left);
        // A user's transport or encoder may panic.
        let prepared = catch_unwind(AssertUnwindSafe(|| {
            let body = body(&destination, &batch, &mut self.buffers);
            (self.courier(now), request(&destination, body.clone()), body)
        }));
        let Ok((courier, request, body)) = prepared else {
            return self.failed(batch, &Failure::Panic);
        };
        // A program's own transport may record spans: not of what the exporter itself does.
        let unrecorded = TraceContext::new_root().with_sampled(false);
        let attempt = attempt(courier, request, destination, timeout).in_trace(unrecorded);
        let task = self.attempts.spawn(attempt);
        self.sent.insert(
            task.id(),
            Sent {
                batch,
                body,
                since: Instant::now(),
            },
        );
    }

    fn courier(&mut self, now: Instant) -> Courier {
        match &self.courier {
            Some((courier, since)) if now.saturating_duration_since(*since) < COURIER_AGE => {
                courier.clone()
            }
            _ => {
                let courier = self.destination.transport.connect();
                self.courier = Some((courier.clone(), now));
                courier
            }
        }
    }

    /// Everything in memory that left the queue.
    pub(super) fn held(&self) -> impl Iterator<Item = &Batch> {
        let failed = self.waiting.iter().chain(&self.to_spool);
        let sent = self.sent.values().map(|sent| &sent.batch);
        sent.chain(&self.parts).chain(failed)
    }

    /// Tells flushes how far it got, and the program what it lost.
    fn report(&mut self, now: Instant) {
        let settled = self.held().map(|batch| batch.first).min();
        let settled = settled.unwrap_or(self.taken).min(self.taken);
        self.destination.settled_until(settled);
        let full = self.destination.queue.totals().0.full;
        if full > self.reported_full {
            self.reported_full = full;
            let detail = format!("{full} spans lost so far");
            self.warnings
                .warn(now, &self.destination.name, "queue_full", &detail);
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
