//! The one handle that owns an open span.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use traceparent::SpanId;

use super::identity::{Identity, Place};
use super::record::Extras;
use crate::agent::{Agent, AgentContext};
use crate::observer;
use crate::{
    Attribute, End, EndedOperation, Event, Foreign, Operation, Outcome, Parent, Sampler,
    SpanBuilder, SpanHead, SpanKind, SpanRecord, SpanSink, Text, TraceContext, Trust, Value,
};

/// An open span: its place in the trace, its sink, and what is learnt about it until it ends.
///
/// Shared as an [`Arc`]; it is what is current in a poll ([`current_span`](crate::current_span))
/// and what server layers put into the request's extensions. It ends exactly once; what is
/// set after that is ignored. A span that is dropped without an end was cancelled.
///
/// A span may also only *pass on* a context, without being recorded: where there is no
/// sink, or where the trace is not sampled.
pub struct ActiveSpan {
    pub(super) span_id: SpanId,
    pub(super) kind: SpanKind,
    pub(super) identity: Place,
    /// The context of the carrier that is read first; see [`SpanBuilder::incoming`].
    pub(super) header: Option<TraceContext>,
    pub(super) trust: Trust,
    pub(super) sink: Option<Arc<dyn SpanSink>>,
    pub(super) agent: Option<AgentContext>,
    pub(super) start: SystemTime,
    /// `None` where nobody will learn how long it took.
    pub(super) started: Option<Instant>,
    /// Written under the lock, read without.
    pub(super) ended: AtomicBool,
    pub(super) state: Mutex<State>,
    /// What the scope hook made of the context.
    pub(super) prepared: OnceLock<Foreign>,
}

#[derive(Debug)]
pub(super) struct State {
    operation: Operation,
    outcome: Outcome,
    extras: Option<Box<Extras>>,
    /// It counts as an operation of its own.
    counts: bool,
}

/// What a span is about that is about nothing.
const NOTHING: Operation = Operation::Internal {
    name: Text::from_static(""),
};

impl State {
    pub(super) fn new(operation: Operation, counts: bool) -> Self {
        Self {
            counts,
            operation,
            outcome: Outcome::default(),
            extras: None,
        }
    }
}

impl ActiveSpan {
    /// Prepares a span; it starts with [`SpanBuilder::start`].
    #[inline]
    pub fn builder(kind: SpanKind, operation: impl Into<Operation>) -> SpanBuilder {
        SpanBuilder::new(kind, operation.into())
    }

    /// A handle that only passes `context` on.
    #[must_use]
    pub fn propagating(context: Option<TraceContext>) -> Arc<Self> {
        Arc::new(Self {
            span_id: context
                .as_ref()
                .map_or_else(crate::id::span_id, TraceContext::span_id),
            kind: SpanKind::Internal,
            identity: Place::Fixed(Identity::passing(context)),
            header: None,
            trust: Trust::Continue,
            sink: None,
            agent: None,
            start: SystemTime::UNIX_EPOCH,
            started: None,
            ended: AtomicBool::new(false),
            state: Mutex::new(State::new(NOTHING, false)),
            prepared: OnceLock::new(),
        })
    }

    /// The context inside the span, which is the parent of what is started under it.
    ///
    /// `None` only where nothing is recorded and no context came in. Asking settles the
    /// place of a span that was not [resolved](Self::resolve) yet.
    #[must_use]
    pub fn context(&self) -> Option<&TraceContext> {
        self.identity().context.as_ref()
    }

    fn identity(&self) -> &Identity {
        match self.identity.get() {
            Some(identity) => identity,
            None => self.settle(|| self.place(None, None)).0,
        }
    }

    /// Fixes the identity, unless it is; also returns whether this did it.
    fn settle(&self, decide: impl FnOnce() -> Identity) -> (&Identity, bool) {
        let mut first = false;
        let identity = self.identity.get_or_init(|| {
            first = true;
            decide()
        });
        if first {
            self.settle_hook();
        }
        (identity, first)
    }

    /// Where an incoming span belongs, given what its message says.
    fn place(&self, message: Option<&TraceContext>, sampler: Option<Sampler>) -> Identity {
        let above = message
            .or(self.header.as_ref())
            .filter(|_| self.trust == Trust::Continue);
        let head = SpanHead {
            parent: above,
            kind: self.kind,
            operation: &self.state().operation,
            start: self.start,
        };
        Identity::under(&head, self.span_id, self.sink.as_ref(), sampler)
    }

    pub(super) fn link_untrusted_header(&self) {
        if let (Trust::RestartAndLink, Some(header)) = (self.trust, &self.header) {
            self.add_link(header.clone());
        }
    }

    /// The span above it; `None` for a root, and where a context is only passed on.
    #[must_use]
    pub fn parent(&self) -> Option<Parent> {
        self.identity().parent
    }

    /// Which side of a call it describes.
    #[must_use]
    pub fn kind(&self) -> SpanKind {
        self.kind
    }

    /// Whether it will be recorded when it ends.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.identity().recording && !self.has_ended()
    }

    /// Whether anybody learns of its end: it will be recorded, or
    /// [observers](crate::OperationObserver) count it. If not, what happens in it need not be
    /// found out.
    #[must_use]
    pub fn is_observed(&self) -> bool {
        let recording = self.identity().recording;
        !self.has_ended() && (recording || (self.may_count() && self.state().counts))
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn may_count(&self) -> bool {
        observer::has_observers() && self.started.is_some()
    }

    /// Whether it is settled that nobody learns anything of it: this saves the work.
    fn is_unobserved(&self) -> bool {
        self.identity
            .get()
            .is_some_and(|identity| !identity.recording)
            && !self.may_count()
    }

    /// The agent that it runs under.
    pub(crate) fn agent(&self) -> Option<&Arc<Agent>> {
        self.agent.as_ref().map(AgentContext::agent)
    }

    /// Settles the place of an [incoming](SpanBuilder::incoming) span: the context found in
    /// the message is the parent, and a header that names another span becomes a link.
    ///
    /// If somebody has already observed the span under the header's context, that stays, and
    /// the message's context becomes the link. Returns `false` if the message came too late
    /// like this.
    pub fn resolve(&self, message: Option<TraceContext>) -> bool {
        self.resolve_sampled(message, None)
    }

    /// As [`resolve`](Self::resolve); where that begins a new trace, `sampler` decides whether it
    /// is recorded, in place of the sink's.
    pub fn resolve_sampled(&self, message: Option<TraceContext>, sampler: Option<Sampler>) -> bool {
        let (_, first) = self.settle(|| self.place(message.as_ref(), sampler));
        let first = first && self.trust == Trust::Continue;
        let Some(message) = message.filter(|_| self.trust != Trust::Ignore) else {
            return true;
        };
        match &self.header {
            Some(header) if header.same_span(&message) => {}
            Some(header) if first => self.add_link(header.clone()),
            None if first => {}
            _ => {
                self.add_link(message);
                return self.trust != Trust::Continue;
            }
        }
        true
    }

    /// Settles that an [incoming](SpanBuilder::incoming) span is not to be recorded after all:
    /// the message's context, else the header's, is passed on unchanged. Without effect once
    /// the span was observed, because somebody may already refer to it.
    pub fn pass_through(&self, message: Option<TraceContext>) {
        let (_, first) = self.settle(|| {
            let context = message.or_else(|| self.header.clone());
            Identity::passing(context.filter(|_| self.trust == Trust::Continue))
        });
        if first {
            self.state().counts = false;
        }
    }

    /// Changes what the span is about, such as a target that became known late. The span is locked
    /// meanwhile: `change` must not use it.
    pub fn update_operation(&self, change: impl FnOnce(&mut Operation)) {
        self.while_open(|state| change(&mut state.operation));
    }

    /// Sets the result; the last one before the end counts.
    pub fn set_outcome(&self, outcome: Outcome) {
        self.while_open(|state| state.outcome = outcome);
    }

    /// Adds an attribute; at most [`SpanRecord::MAX_EXTRAS`] are kept.
    pub fn set_attribute(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let attribute = Attribute::new(key, value);
        self.with_extras(|extras| {
            match extras
                .attributes
                .iter_mut()
                .find(|old| old.key == attribute.key)
            {
                Some(old) => *old = attribute,
                None => Extras::push(&mut extras.attributes, attribute, &mut extras.dropped),
            }
        });
    }

    /// Records that something happened now; at most [`SpanRecord::MAX_EXTRAS`] are kept.
    pub fn add_event(&self, name: &str, attributes: Vec<Attribute>) {
        let event = Event {
            name: Text::new(name),
            at: self.elapsed(),
            attributes,
        };
        self.with_extras(|extras| Extras::push(&mut extras.events, event, &mut extras.dropped));
    }

    /// Relates the span to another one; at most [`SpanRecord::MAX_EXTRAS`] are kept.
    pub fn add_link(&self, context: TraceContext) {
        self.with_extras(|extras| Extras::push(&mut extras.links, context, &mut extras.dropped));
    }

    /// Says that it is no operation of its own after all, such as an answer out of a cache:
    /// [observers](crate::OperationObserver) are not told of it.
    pub fn uncounted(&self) {
        self.while_open(|state| state.counts = false);
    }

    fn with_extras(&self, change: impl FnOnce(&mut Extras)) {
        // A span whose place is open may still be recorded: only a settled "no" saves the work.
        if self
            .identity
            .get()
            .is_none_or(|identity| identity.recording)
        {
            self.while_open(|state| change(state.extras.get_or_insert_default()));
        }
    }

    fn while_open(&self, change: impl FnOnce(&mut State)) {
        if self.is_unobserved() {
            return;
        }
        let mut state = self.state();
        if !self.has_ended() {
            change(&mut state);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A caller's closure that panicked left a state that is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
        let mut state = self.state();
        if self.has_ended() {
            return;
        }
        self.ended.store(true, Ordering::Release);
        let counts = state.counts && self.may_count();
        if !identity.recording && !counts {
            return;
        }
        let duration = duration.unwrap_or_else(|| self.elapsed());
        let operation = std::mem::replace(&mut state.operation, NOTHING);
        let outcome = std::mem::take(&mut state.outcome);
        let mut extras = state.extras.take();
        drop(state);
        let outcome = match end {
            End::Cancelled if !outcome.is_error() => Outcome::cancelled(),
            _ => outcome,
        };
        if counts {
            observer::tell(&EndedOperation {
                kind: self.kind,
                operation: &operation,
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
        let agent = match (&operation, &self.agent) {
            // An agent's own span shows the model that it used last.
            (Operation::Agent { .. }, Some(agent)) => {
                Some(AgentContext::now(agent.agent().clone()))
            }
            (_, agent) => agent.clone(),
        };
        if let Some(started) = &identity.started {
            extras.get_or_insert_default().started = Some(started.clone());
        }
        sink.record(SpanRecord {
            context: context.clone(),
            parent: identity.parent,
            kind: self.kind,
            operation,
            start: self.start,
            duration,
            outcome,
            end,
            agent,
            extras,
        });
    }
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        if !*self.ended.get_mut() {
            self.end_as(End::Cancelled);
        }
    }
}

impl fmt::Debug for ActiveSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Printing must not settle an open identity.
        f.debug_struct("ActiveSpan")
            .field("span_id", &self.span_id)
            .field("kind", &self.kind)
            .field(
                "context",
                &self
                    .identity
                    .get()
                    .and_then(|identity| identity.context.as_ref()),
            )
            .finish_non_exhaustive()
    }
}
