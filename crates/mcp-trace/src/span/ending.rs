//! The end of a span, which comes once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::active::ActiveSpan;
use super::learning::Learnt;
use crate::agent::AgentContext;
use crate::observer;
use crate::{End, EndedOperation, Operation, Outcome, SpanRecord};

impl ActiveSpan {
    /// The time since the start, by a monotonic clock; zero where it was clear from the start
    /// that nobody would learn of the end.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started
            .map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// Ends the span because its work is complete.
    pub fn end(&self) {
        self.end_as(End::Complete);
    }

    /// Ends the span and hands it to its sink; only the first call counts.
    pub fn end_as(&self, end: End) {
        self.finish(end, None);
    }

    /// As [`end_as`](Self::end_as), after a time that has been read from
    /// [`elapsed`](Self::elapsed) already.
    pub fn end_after(&self, end: End, duration: Duration) {
        self.finish(end, Some(duration));
    }

    fn finish(&self, end: End, duration: Option<Duration>) {
        let identity = self.identity();
        if self.is_unobserved() {
            self.ended.store(true, Ordering::Release);
            return;
        }
        let Some(learnt) = self.take_learnt() else {
            return;
        };
        let counts = learnt.counts && self.may_count();
        if !identity.recording && !counts {
            return;
        }
        let duration = duration.unwrap_or_else(|| self.elapsed());
        let outcome = match end {
            End::Cancelled if !learnt.outcome.is_error() => Outcome::cancelled(),
            _ => learnt.outcome,
        };
        if counts {
            observer::tell(&EndedOperation {
                kind: self.kind,
                operation: &learnt.operation,
                outcome: &outcome,
                end,
                duration,
                context: identity.context.as_ref(),
            });
        }
        let (Some(context), Some(sink), true) = (&identity.context, &self.sink, identity.recording)
        else {
            return;
        };
        let agent = match (&learnt.operation, &self.agent) {
            // An agent's own span shows the model that it used last.
            (Operation::Agent { .. }, Some(agent)) => {
                Some(AgentContext::now(agent.agent().clone()))
            }
            (_, agent) => agent.clone(),
        };
        let mut extras = learnt.extras;
        if let Some(started) = &identity.started {
            extras.get_or_insert_default().started = Some(started.clone());
        }
        sink.record(SpanRecord {
            context: context.clone(),
            parent: identity.parent,
            kind: self.kind,
            operation: learnt.operation,
            start: self.start,
            duration,
            outcome,
            end,
            agent,
            extras,
        });
    }

    /// Only the first who ends the span gets something.
    #[inline]
    fn take_learnt(&self) -> Option<Learnt> {
        let mut learnt = self.learnt();
        self.ended.store(true, Ordering::Release);
        learnt.take()
    }
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        if !*self.ended.get_mut() {
            self.end_as(End::Cancelled);
        }
    }
}
