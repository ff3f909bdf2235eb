//! What a destination's worker does next.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::task::{Id, JoinError, JoinSet};

use super::attempt::{Failure, Reply, attempt, request};
use crate::batch::Batch;
use crate::destination::Destination;
use crate::encode::Verdict;
use crate::log::Warnings;
use crate::pace::Pace;
use crate::stats::{DropReason, Health};
use crate::transport::Courier;

/// A receiver that fails over the same batch so often is suspected to fail because of it.
const SUSPECT_REFUSALS: u32 = 3;
/// The same for answers that by their meaning are not the batch's fault, while it takes others.
const OVERTAKEN_REFUSALS: u32 = 5;
/// Connections are made anew after this time, so that a change of address is noticed.
const COURIER_AGE: Duration = Duration::from_secs(300);
/// The smallest request that a receiver's "too large" is believed to be about.
const SMALLEST_BATCH: usize = 16 * 1024;
/// Larger spans are dropped: receivers commonly take 4 MiB per request.
const MAX_SPAN: usize = 4 * 1024 * 1024;

type Attempt = Result<Reply, Failure>;

#[derive(Debug)]
pub(super) struct Dispatcher {
    destination: Arc<Destination>,
    courier: Option<(Courier, Instant)>,
    pace: Pace,
    /// Attempts that are under way, and their batches.
    attempts: JoinSet<Attempt>,
    batches: HashMap<Id, Batch>,
    /// Parts of a refused batch.
    parts: Vec<Batch>,
    /// Batches that failed and are tried again.
    waiting: Vec<Batch>,
    /// Whether the last attempt failed.
    failing: bool,
    /// How many spans left the queue so far.
    taken: u64,
    max_batch_bytes: usize,
    /// How long the first span of all waits: random, so that programs that start together
    /// do not send together.
    first_wait: Option<Duration>,
    /// The newest flush, and the end, that already hurried the pace.
    hurried: (u64, bool),
    /// How many spans found the queue full by the last report.
    reported_full: u64,
    warnings: Warnings,
}

impl Dispatcher {
    pub(super) fn new(destination: Arc<Destination>) -> Self {
        let mut pace = Pace::new();
        let first_wait = Some(pace.fraction_of(destination.tuning.flush_interval));
        let (totals, held) = destination.queue.totals();
        let taken = totals.accepted - held as u64;
        Self {
            courier: None,
            pace,
            attempts: JoinSet::new(),
            batches: HashMap::new(),
            parts: Vec::new(),
            waiting: Vec::new(),
            failing: false,
            taken,
            max_batch_bytes: destination.tuning.max_batch_bytes,
            first_wait,
            hurried: (0, false),
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
            self.hurry();
            while let Some(batch) = self.next_batch(now) {
                self.launch(batch, now);
            }
            self.report(now);
            if self.is_over(now) {
                return self.abandon();
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
    fn hurry(&mut self) {
        let orders = (
            self.destination.flush_target().unwrap_or(0),
            self.destination.deadline().is_some(),
        );
        if orders.0 > self.hurried.0 || orders.1 != self.hurried.1 {
            self.hurried = (orders.0.max(self.hurried.0), orders.1);
            self.pace.hurry();
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let Some(deadline) = self.destination.deadline() else {
            return false;
        };
        let idle = self.attempts.is_empty() && self.parts.is_empty() && self.waiting.is_empty();
        let too_late =
            self.attempts.is_empty() && self.pace.not_before(now).is_some_and(|at| at >= deadline);
        now >= deadline || too_late || (idle && self.destination.queue.level().spans == 0)
    }

    /// When something happens without a wake-up.
    fn next_event(&self, now: Instant) -> Option<Instant> {
        let has_slot = self.attempts.len() < self.slots();
        let ready = if !has_slot {
            None
        } else if self.parts.is_empty() && self.waiting.is_empty() {
            let due = self.due(now);
            due.map(|due| self.pace.not_before(now).unwrap_or(due).max(due))
        } else {
            self.pace.not_before(now)
        };
        [ready, self.destination.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn slots(&self) -> usize {
        // A receiver in trouble is probed, not stormed.
        if self.pace.is_backing_off() {
            1
        } else {
            self.destination.tuning.max_in_flight
        }
    }

    /// When the queue's next batch is due.
    fn due(&self, now: Instant) -> Option<Instant> {
        let destination = &*self.destination;
        let max_age = self.first_wait.unwrap_or(destination.tuning.flush_interval);
        let wanted = destination.deadline().is_some()
            || destination
                .flush_target()
                .is_some_and(|target| target > self.taken);
        let level = destination.queue.level();
        let due = level.due(now, &destination.queue.limits(), max_age)?;
        // A receiver may take less at once than the configuration would send.
        let wanted = wanted || level.bytes >= self.max_batch_bytes;
        Some(if wanted { now } else { due })
    }

    /// The batch to send now, if any.
    fn next_batch(&mut self, now: Instant) -> Option<Batch> {
        if self.attempts.len() >= self.slots() || self.pace.not_before(now).is_some() {
            return None;
        }
        if let Some(part) = self.parts.pop() {
            return Some(part);
        }
        // After a failure another batch than the failed one shows whether the receiver or
        // the batch is at fault.
        let room = self.waiting.len() < self.destination.tuning.max_in_flight.max(2);
        if room
            && (self.failing || self.waiting.is_empty())
            && self.due(now).is_some_and(|due| due <= now)
        {
            if let Some(fresh) = self.take_batch() {
                return Some(fresh);
            }
        }
        let least = self
            .waiting
            .iter()
            .enumerate()
            .min_by_key(|(_, batch)| (batch.failures, batch.first))?
            .0;
        Some(self.waiting.remove(least))
    }

    /// Encodes what the queue holds, up to the size of a batch.
    fn take_batch(&mut self) -> Option<Batch> {
        let destination = self.destination.clone();
        let mut batch = Batch::new(self.taken);
        while batch.size() < self.max_batch_bytes {
            let Some(mut chunk) = destination.queue.pop() else {
                break;
            };
            destination.counters.in_flight.add(chunk.spans.len() as u64);
            while batch.size() < self.max_batch_bytes {
                let Some(span) = chunk.spans.pop_front() else {
                    break;
                };
                self.taken += 1;
                let pushed = catch_unwind(AssertUnwindSafe(|| {
                    batch.push(MAX_SPAN, |out| destination.encoder.encode(&span, out))
                }));
                match pushed {
                    Ok(true) => {}
                    Ok(false) => self.lost(1, DropReason::TooLarge),
                    Err(_) => {
                        batch.roll_back();
                        self.lost(1, DropReason::EncoderPanic);
                    }
                }
            }
            destination.counters.in_flight.sub(chunk.spans.len() as u64);
            destination.queue.unpop(chunk);
        }
        self.first_wait = None;
        (!batch.is_empty()).then_some(batch)
    }

    fn launch(&mut self, batch: Batch, now: Instant) {
        let destination = self.destination.clone();
        destination.counters.requests.add(1);
        let left = destination
            .deadline()
            .map_or(Duration::MAX, |end| end.saturating_duration_since(now));
        let timeout = destination.tuning.timeout.min(left);
        // A user's transport or encoder may panic.
        let prepared = catch_unwind(AssertUnwindSafe(|| {
            (self.courier(now), request(&destination, &batch))
        }));
        let Ok((courier, request)) = prepared else {
            return self.failed(batch, &Failure::Panic);
        };
        let task = self.attempts.spawn(attempt(
            courier,
            request,
            destination.encoder.clone(),
            timeout,
        ));
        self.batches.insert(task.id(), batch);
    }

    fn courier(&mut self, now: Instant) -> Courier {
        match &self.courier {
            Some((courier, since)) if now.saturating_duration_since(*since) < COURIER_AGE => {
                courier.clone()
            }
            _ => self
                .courier
                .insert((self.destination.transport.connect(), now))
                .0
                .clone(),
        }
    }

    fn ended(&mut self, ended: Result<(Id, Attempt), JoinError>) {
        let (id, attempt) = ended.unwrap_or_else(|error| (error.id(), Err(Failure::Panic)));
        let Some(batch) = self.batches.remove(&id) else {
            return;
        };
        match attempt {
            Ok(reply) => self.answered(batch, reply),
            Err(failure) => self.failed(batch, &failure),
        }
    }

    fn answered(&mut self, mut batch: Batch, reply: Reply) {
        let counters = &self.destination.counters;
        let Reply {
            status,
            verdict,
            retry_after,
        } = reply;
        if !matches!(verdict, Some(Verdict::Accepted { .. })) {
            counters.failed_requests.add(1);
        }
        match verdict {
            Some(Verdict::Accepted { rejected, message }) => {
                let (all, rejected) = (batch.len() as u64, rejected.min(batch.len() as u64));
                counters.in_flight.sub(all);
                counters.exported.add(all - rejected);
                counters.rejected.add(rejected);
                if rejected > 0 || message.is_some() {
                    let message = message.unwrap_or_default();
                    self.warn(
                        "partial_success",
                        &format!("{rejected} of {all} spans rejected: {message}"),
                    );
                }
                batch.refund();
                self.succeeded();
            }
            Some(Verdict::Unavailable) => {
                batch.refusals += 1;
                if batch.overtaken && batch.refusals >= OVERTAKEN_REFUSALS {
                    return self.divide(batch, DropReason::Poison, status);
                }
                self.wait(
                    batch,
                    "unavailable",
                    &format!("status {status}"),
                    retry_after,
                );
            }
            Some(Verdict::Suspect) => {
                batch.refusals += 1;
                if batch.is_part() || batch.refusals >= SUSPECT_REFUSALS {
                    return self.divide(batch, DropReason::Poison, status);
                }
                self.wait(
                    batch,
                    "unavailable",
                    &format!("status {status}"),
                    retry_after,
                );
            }
            Some(Verdict::TooLarge) => {
                self.alive();
                let smaller = (batch.size() / 2).max(SMALLEST_BATCH);
                self.max_batch_bytes = self.max_batch_bytes.min(smaller);
                self.divide(batch, DropReason::TooLarge, status);
            }
            Some(Verdict::Unauthorized) => {
                self.wait(
                    batch,
                    "unauthorized",
                    &format!("status {status}: check the credentials"),
                    None,
                );
                self.pace.unauthorized(Instant::now());
                self.destination.counters.set_health(Health::Unauthorized);
            }
            Some(Verdict::Refused) => {
                self.alive();
                self.lost(batch.len(), DropReason::Refused);
                self.warn(
                    "refused",
                    &format!("status {status}: {} spans lost", batch.len()),
                );
            }
            None => {
                self.alive();
                self.lost(batch.len(), DropReason::ResponseTooLarge);
                self.warn(
                    "response_too_large",
                    &format!("status {status}, and an answer beyond 64 KiB"),
                );
            }
        }
    }

    fn failed(&mut self, batch: Batch, failure: &Failure) {
        self.destination.counters.failed_requests.add(1);
        // A fresh connection looks the host name up again.
        self.courier = None;
        self.wait(batch, "unreachable", &failure.to_string(), None);
    }

    fn succeeded(&mut self) {
        self.alive();
        // What was once too large may not be for ever.
        let grown = self.max_batch_bytes + self.max_batch_bytes / 8;
        self.max_batch_bytes = grown.min(self.destination.tuning.max_batch_bytes);
        for batch in &mut self.waiting {
            batch.overtaken = true;
        }
    }

    /// The receiver answered, and did not ask for patience.
    fn alive(&mut self) {
        self.failing = false;
        self.pace.success();
        self.destination.counters.set_health(Health::Ok);
    }

    /// Keeps a batch for another attempt.
    fn wait(
        &mut self,
        mut batch: Batch,
        subject: &'static str,
        detail: &str,
        retry_after: Option<Duration>,
    ) {
        batch.failures = batch.failures.saturating_add(1);
        self.waiting.push(batch);
        self.failing = true;
        self.pace.failure(Instant::now(), retry_after);
        self.destination.counters.set_health(Health::BackingOff);
        self.warn(subject, detail);
    }

    /// Looks for the spans that a receiver refuses, to lose no others.
    fn divide(&mut self, batch: Batch, reason: DropReason, status: StatusCode) {
        match batch.split(reason == DropReason::TooLarge) {
            Ok((left, right)) => self.parts.extend([right, left]),
            Err(batch) => {
                self.lost(batch.len(), reason);
                self.warn(
                    reason.as_str(),
                    &format!("status {status}: {} spans lost", batch.len()),
                );
            }
        }
    }

    /// Counts spans that left the queue and are lost.
    fn lost(&self, spans: usize, reason: DropReason) {
        self.destination.counters.in_flight.sub(spans as u64);
        self.destination.counters.dropped(reason, spans as u64);
    }

    fn warn(&mut self, subject: &'static str, detail: &str) {
        self.destination
            .counters
            .set_error(format!("{subject}: {detail}"));
        self.warnings
            .warn(Instant::now(), &self.destination.name, subject, detail);
    }

    /// Tells flushes how far it got, and the program what it lost.
    fn report(&mut self, now: Instant) {
        let held = self
            .batches
            .values()
            .chain(&self.parts)
            .chain(&self.waiting);
        let settled = held.map(|batch| batch.first).min().unwrap_or(self.taken);
        self.destination.settled_until(settled);
        let full = self.destination.queue.totals().0.full;
        if full > self.reported_full {
            self.reported_full = full;
            let name = &self.destination.name;
            self.warnings.warn(
                now,
                name,
                "queue_full",
                &format!("{full} spans lost so far"),
            );
        }
    }

    /// The end: what is left is lost.
    fn abandon(mut self) {
        self.attempts.abort_all();
        let held = self
            .batches
            .values()
            .chain(&self.parts)
            .chain(&self.waiting);
        let spans = held.map(Batch::len).sum();
        self.lost(spans, DropReason::Shutdown);
        while let Some(chunk) = self.destination.queue.pop() {
            self.destination
                .counters
                .dropped(DropReason::Shutdown, chunk.spans.len() as u64);
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
