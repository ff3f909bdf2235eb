//! What an attempt's end means for its batch and for the next attempts.

use std::time::{Duration, Instant};

use http::StatusCode;
use mcp_trace::Text;
use tokio::task::{Id, JoinError};

use super::attempt::{Failure, Reply};
use super::dispatcher::{Attempt, Dispatcher, Sent};
use crate::batch::Batch;
use crate::encode::Verdict;
use crate::stats::{DropReason, Health};

/// A receiver that fails over the same batch so often is suspected to fail because of it.
const SUSPECT_REFUSALS: u32 = 3;
/// The same for answers that by their meaning are not the batch's fault, while it takes others.
const OVERTAKEN_REFUSALS: u32 = 5;

impl Dispatcher {
    pub(super) fn ended(&mut self, ended: Result<(Id, Attempt), JoinError>) {
        let (id, attempt) = ended.unwrap_or_else(|error| (error.id(), Err(Failure::Panic)));
        let Some(Sent { batch, body, since }) = self.sent.remove(&id) else {
            return;
        };
        let soon = self.is_due(Instant::now());
        self.buffers.give_body(body, soon);
        match attempt {
            Ok(reply) => self.answered(batch, reply, since.elapsed()),
            Err(failure) => self.failed(batch, &failure),
        }
    }

    fn answered(&mut self, mut batch: Batch, reply: Reply, took: Duration) {
        let (status, spans) = (reply.status, batch.len());
        let Some(verdict) = reply.verdict else {
            self.destination.counters.failed_requests.add(1);
            self.alive();
            let detail = format!("status {status}, and an answer beyond 4 MiB");
            return self.lose(&batch, DropReason::ResponseTooLarge, &detail);
        };
        let verdict = match verdict {
            Verdict::Accepted { rejected, message } => {
                self.growth.accepted(took);
                return self.accepted(batch, rejected, message);
            }
            other => other,
        };
        self.destination.counters.failed_requests.add(1);
        match verdict {
            Verdict::Suspect => {
                batch.refusals += 1;
                if batch.is_part() || batch.refusals >= SUSPECT_REFUSALS {
                    return self.divide(batch, DropReason::Poison, status);
                }
                let detail = format!("status {status}");
                self.wait(batch, "unavailable", &detail, reply.retry_after);
            }
            Verdict::TooLarge => {
                self.alive();
                self.growth.too_large(batch.size());
                self.divide(batch, DropReason::TooLarge, status);
            }
            Verdict::Unauthorized => {
                let detail = format!("status {status}: check the credentials");
                self.wait(batch, "unauthorized", &detail, None);
                self.pace.unauthorized(Instant::now());
                self.destination.counters.set_health(Health::Unauthorized);
            }
            Verdict::Refused => {
                self.alive();
                let detail = format!("status {status}: {spans} spans lost");
                self.lose(&batch, DropReason::Refused, &detail);
            }
            _ => {
                batch.refusals += 1;
                if batch.overtaken && batch.refusals >= OVERTAKEN_REFUSALS {
                    return self.divide(batch, DropReason::Poison, status);
                }
                let detail = format!("status {status}");
                self.wait(batch, "unavailable", &detail, reply.retry_after);
            }
        }
    }

    pub(super) fn failed(&mut self, batch: Batch, failure: &Failure) {
        self.destination.counters.failed_requests.add(1);
        let subject = match failure {
            Failure::Credential(_) => "credentials",
            _ => "unreachable",
        };
        // A fresh connection looks the host name up again.
        self.courier = None;
        self.wait(batch, subject, &failure.to_string(), None);
    }

    fn accepted(&mut self, batch: Batch, rejected: u64, message: Option<String>) {
        let all = batch.len() as u64;
        let rejected = rejected.min(all);
        let counters = &self.destination.counters;
        counters.in_flight.sub(all);
        counters.exported.add(all - rejected);
        counters.rejected.add(rejected);
        if rejected > 0 || message.is_some() {
            let message = message.unwrap_or_default();
            let detail = format!("{rejected} of {all} spans rejected: {message}");
            self.warn("partial_success", &detail);
        }
        batch.refund();
        self.settle(&batch);
        self.alive();
        let soon = self.is_due(Instant::now());
        self.buffers.give(batch.into_buffer(), soon);
        for batch in &mut self.waiting {
            batch.overtaken = true;
        }
        self.destination.with_spool(|spool| spool.overtaken());
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
        let now = Instant::now();
        batch.failures = batch.failures.saturating_add(1);
        self.failing = true;
        self.pace.failure(now, retry_after);
        self.destination.counters.set_health(Health::BackingOff);
        self.warn(subject, detail);
        if let Some(name) = batch.segment() {
            self.unload(name, &batch);
        } else if self.can_spool(now) && !batch.is_part() {
            self.to_spool.push(batch);
        } else {
            self.waiting.push(batch);
        }
    }

    /// Looks for the spans that a receiver refuses, to lose no others.
    fn divide(&mut self, batch: Batch, reason: DropReason, status: StatusCode) {
        match batch.split(reason == DropReason::TooLarge) {
            Ok((left, right)) => self.parts.extend([right, left]),
            Err(batch) => {
                let detail = format!("status {status}: {} spans lost", batch.len());
                self.destination
                    .with_spool(|spool| spool.keep_rejected(&batch));
                self.lose(&batch, reason, &detail);
            }
        }
    }

    fn lose(&mut self, batch: &Batch, reason: DropReason, detail: &str) {
        self.lost(batch.len(), reason);
        self.settle(batch);
        self.warn(reason.as_str(), detail);
    }

    /// Counts spans that left the queue and are lost.
    pub(super) fn lost(&self, spans: usize, reason: DropReason) {
        self.destination.counters.in_flight.sub(spans as u64);
        self.destination.counters.dropped(reason, spans as u64);
    }

    /// The batch needs its segment on disk no more.
    pub(super) fn settle(&self, batch: &Batch) {
        if let Some(name) = batch.settle() {
            self.destination.with_spool(|spool| spool.remove(name));
        }
    }

    pub(super) fn warn(&mut self, subject: &'static str, detail: &str) {
        // A receiver may have written a part of it.
        let detail = Text::new(detail);
        self.destination
            .counters
            .set_error(format!("{subject}: {detail}"));
        self.warnings.warn(
            Instant::now(),
            &self.destination.name,
            subject,
            detail.as_str(),
        );
    }
}
