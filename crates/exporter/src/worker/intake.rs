//! What enters the worker: from the queue, and from disk; and what goes back to disk.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mcp_trace::SpanRecord;

use super::dispatcher::Dispatcher;
use crate::batch::Batch;
use crate::spool::{Deleted, Loaded, Name};
use crate::stats::DropReason;

/// A larger span loses what the program added to it: receivers commonly take 4 MiB per request.
const MAX_SPAN: usize = 4 * 1024 * 1024;
/// A disk that failed, or is full, is left alone for this time.
const SPOOL_PAUSE: Duration = Duration::from_secs(60);

impl Dispatcher {
    /// Encodes what the queue holds now, up to the size of a batch: what comes meanwhile waits
    /// for the next one, or a program that is as fast as this would meet it at every span.
    pub(super) fn take_batch(&mut self) -> Option<Batch> {
        let now = Instant::now();
        let destination = self.destination.clone();
        let (preamble, buffer) = (destination.preamble.clone(), self.buffers.take());
        let mut batch = Batch::in_buffer(self.taken, preamble, buffer);
        let mut held = destination.queue.level().spans;
        let (growth, at_once) = (self.growth, destination.queue.limits().batch_spans);
        let is_full = |batch: &Batch| {
            batch.size() >= growth.most()
                || (batch.size() >= growth.wanted() && batch.len() >= at_once)
        };
        while held > 0 && !is_full(&batch) {
            let Some(mut chunk) = destination.queue.pop() else {
                break;
            };
            let spans = chunk.spans.len();
            held = held.saturating_sub(spans);
            destination.counters.in_flight.add(spans as u64);
            let mut encoded = 0;
            while let Some(span) = chunk.spans.get_mut(encoded) {
                if is_full(&batch) {
                    break;
                }
                self.encode(span, &mut batch);
                encoded += 1;
            }
            chunk.spans.drain(..encoded);
            self.taken += encoded as u64;
            destination.counters.in_flight.sub((spans - encoded) as u64);
            destination.queue.unpop(chunk);
        }
        self.first_wait = None;
        if batch.is_empty() {
            self.buffers.give(batch.into_buffer(), true);
            return None;
        }
        self.looks_at = now.checked_add(destination.tuning.flush_interval);
        Some(batch)
    }

    fn encode(&mut self, span: &mut SpanRecord, batch: &mut Batch) {
        let encoder = &self.destination.encoder;
        let pushed = catch_unwind(AssertUnwindSafe(|| {
            let mut push =
                |span: &SpanRecord| batch.push(MAX_SPAN, |out| encoder.encode(span, out));
            push(span) || {
                span.drop_extras();
                push(span)
            }
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

    pub(super) fn can_spool(&self, now: Instant) -> bool {
        self.destination.has_spool() && self.spool_again.is_none_or(|again| again <= now)
    }

    /// Until when a disk that failed is left alone.
    pub(super) fn disk_rests_until(&self) -> Option<Instant> {
        self.spool_again.filter(|again| *again > Instant::now())
    }

    /// Whether a segment should be read: one at a time, and none once the end is ordered.
    pub(super) fn wants_disk(&self) -> bool {
        self.destination.counters.spooled.get() > 0
            && self.destination.deadline().is_none()
            && self.disk_rests_until().is_none()
            && !self.held().any(Batch::is_from_disk)
    }

    /// Writes to disk what failed, and, while the receiver is in trouble, what is due; and
    /// what fills the queue while an attempt takes its time.
    pub(super) async fn spill(&mut self, now: Instant) {
        if !self.can_spool(now) {
            self.waiting.append(&mut self.to_spool);
            return;
        }
        for batch in std::mem::take(&mut self.to_spool) {
            if let Err(batch) = self.store(batch).await {
                self.waiting.push(batch);
            }
        }
        while self.can_spool(now) && self.should_spill(now) {
            let Some(batch) = self.take_batch() else {
                break;
            };
            if let Err(batch) = self.store(batch).await {
                self.waiting.push(batch);
            }
        }
    }

    fn should_spill(&self, now: Instant) -> bool {
        let busy = self.attempts.len() >= self.slots();
        let (limits, level) = (
            self.destination.queue.limits(),
            self.destination.queue.level(),
        );
        let filling = level.spans >= limits.spans / 2 || level.bytes >= limits.bytes / 2;
        (self.failing && self.is_due(now)) || (busy && filling)
    }

    /// Writes a batch to disk; it comes back if that fails.
    async fn store(&mut self, batch: Batch) -> Result<(), Batch> {
        let spans = batch.len();
        let stored = self.destination.with_spool_elsewhere(move |spool| {
            let stored = spool.store(&batch);
            (batch, stored)
        });
        match stored.await {
            Some((batch, (deleted, Ok(())))) => {
                self.destination.counters.in_flight.sub(spans as u64);
                self.deleted(deleted);
                // A part of another segment is safe on its own now.
                self.settle(&batch);
                Ok(())
            }
            Some((batch, (deleted, Err(error)))) => {
                self.deleted(deleted);
                self.let_disk_rest(&error);
                Err(batch)
            }
            None => {
                // The writing thread panicked, and took the batch along.
                self.lost(spans, DropReason::WorkerPanic);
                Ok(())
            }
        }
    }

    fn let_disk_rest(&mut self, error: &io::Error) {
        self.warn("spool", &error.to_string());
        self.spool_again = Instant::now().checked_add(SPOOL_PAUSE);
    }

    /// Reads the segment to send next.
    pub(super) async fn load(&mut self) -> Option<Batch> {
        loop {
            let destination = self.destination.clone();
            let loaded = self.destination.with_spool_elsewhere(move |spool| {
                let (deleted, loaded) = (spool.make_room(0), spool.load());
                if let Some(Loaded::Batch(batch)) = &loaded {
                    // Before it leaves the count of the spool: it is never in neither.
                    destination.counters.in_flight.add(batch.len() as u64);
                }
                (deleted, loaded)
            });
            let (deleted, loaded) = loaded.await?;
            self.deleted(deleted);
            match loaded? {
                Loaded::Batch(batch) => return Some(batch),
                Loaded::NotNow(error) => {
                    self.let_disk_rest(&error);
                    return None;
                }
                Loaded::Damaged(spans) => {
                    let counters = &self.destination.counters;
                    counters.dropped(DropReason::SpoolCorrupt, spans);
                    self.warn("spool_corrupt", &format!("{spans} spans lost"));
                }
            }
        }
    }

    /// Leaves a segment where it is.
    pub(super) fn unload(&self, name: Name, batch: &Batch) {
        self.destination
            .with_spool(|spool| spool.unload(name, batch));
        self.destination.counters.in_flight.sub(batch.len() as u64);
    }

    fn deleted(&mut self, deleted: Deleted) {
        let reasons = [
            (DropReason::SpoolFull, deleted.full),
            (DropReason::SpoolExpired, deleted.expired),
        ];
        for (reason, spans) in reasons {
            if spans > 0 {
                self.destination.counters.dropped(reason, spans);
                self.warn(reason.as_str(), &format!("{spans} spans lost"));
            }
        }
    }

    /// The end: what is left goes to disk, or is lost.
    pub(super) async fn abandon(mut self) {
        self.attempts.abort_all();
        let mut left: Vec<Batch> = self.sent.drain().map(|(_, sent)| sent.batch).collect();
        left.append(&mut self.parts);
        left.append(&mut self.waiting);
        left.append(&mut self.to_spool);
        for batch in left {
            match batch.segment() {
                Some(name) => {
                    self.unload(name, &batch);
                }
                None => self.last_store(batch).await,
            }
        }
        while self.can_spool(Instant::now()) {
            let Some(batch) = self.take_batch() else {
                break;
            };
            self.last_store(batch).await;
        }
        while let Some(chunk) = self.destination.queue.pop() {
            let spans = chunk.spans.len() as u64;
            self.destination
                .counters
                .dropped(DropReason::Shutdown, spans);
        }
    }

    async fn last_store(&mut self, batch: Batch) {
        let left = if self.can_spool(Instant::now()) {
            self.store(batch).await
        } else {
            Err(batch)
        };
        if let Err(batch) = left {
            self.lost(batch.len(), DropReason::Shutdown);
        }
    }
}
