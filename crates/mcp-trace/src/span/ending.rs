//! The end of a span, which comes once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::active::ActiveSpan;
use super::identity::Identity;
use super::learning::Learnt;
use crate::agent::AgentContext;
use crate::observer;
use crate::{End, EndedOperation, Operation, Outcome, SpanRecord, SpanSink};

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
        }
        if self.has_ended() {
            return;
        }
        let duration = duration.unwrap_or_else(|| self.elapsed());
        let (Some(context), Some(sink), true) = (&identity.context, &self.sink, identity.recording)
        else {
            self.tell(identity, end, duration);
            return;
        };
        let mut learnt = self.learnt();
        let Some(open) = self.close(&mut learnt) else {
            return;
        };
        let counts = open.counts && self.may_count();
        open.outcome.conclude(end);
        let mut extras = open.extras.take();
        if let Some(started) = &identity.started {
            extras.get_or_insert_default().started = Some(started.clone());
        }
        let agent = self.agent_of(&open.operation);
        // What it is about is large: called where the record is to be, it is moved there at once.
        let record = move || SpanRecord {
            context: context.clone(),
            parent: identity.parent,
            kind: self.kind,
            agent,
            operation: std::mem::replace(&mut learnt.operation, Operation::nothing()),
            start: self.start,
            duration,
            outcome: std::mem::replace(&mut learnt.outcome, Outcome::success()),
            end,
            extras,
        };
        if counts {
            record_counted(&**sink, record());
        } else {
            sink.record(record());
        }
    }

    fn agent_of(&self, operation: &Operation) -> Option<AgentContext> {
        match (operation, &self.agent) {
            // An agent's own span shows the model that it used last.
            (Operation::Agent { .. }, Some(agent)) => {
                Some(AgentContext::now(agent.agent().clone()))
            }
            (_, agent) => agent.clone(),
        }
    }

    /// The end of a span that is not recorded.
    fn tell(&self, identity: &Identity, end: End, duration: Duration) {
        let mut learnt = self.learnt();
        let Some(open) = self.close(&mut learnt) else {
            return;
        };
        let counts = open.counts && self.may_count();
        let mut ended = std::mem::replace(open, Learnt::nothing());
        drop(learnt);
        if !counts {
            return;
        }
        ended.outcome.conclude(end);
        observer::tell(&EndedOperation {
            kind: self.kind,
            operation: &ended.operation,
            outcome: &ended.outcome,
            end,
            duration,
            context: identity.context.as_ref(),
        });
    }

    /// Only the first who ends the span gets something.
    #[inline]
    fn close<'a>(&self, learnt: &'a mut Learnt) -> Option<&'a mut Learnt> {
        if self.has_ended() {
            return None;
        }
        self.ended.store(true, Ordering::Release);
        Some(learnt)
    }
}

/// The end of a span that is recorded and that observers count as well. By itself, since a record that
/// is lent is copied once more, which the others need not pay for.
#[inline(never)]
fn record_counted(sink: &dyn SpanSink, record: SpanRecord) {
    observer::tell(&EndedOperation {
        kind: record.kind,
        operation: &record.operation,
        outcome: &record.outcome,
        end: record.end,
        duration: record.duration,
        context: Some(&record.context),
    });
    sink.record(record);
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        if !*self.ended.get_mut() {
            self.end_as(End::Cancelled);
        }
    }
}
