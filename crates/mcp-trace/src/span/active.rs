//! The one handle that owns an open span.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};

use traceparent::SpanId;

use super::identity::{Identity, Place};
use super::learning::Learnt;
use crate::agent::{Agent, AgentContext};
use crate::observer;
use crate::{
    Foreign, Parent, Sampler, SpanBuilder, SpanHead, SpanKind, SpanSink, TraceContext, Trust, scope,
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
    pub(crate) sink: Option<Arc<dyn SpanSink>>,
    pub(super) agent: Option<AgentContext>,
    pub(super) start: SystemTime,
    /// `None` where nobody will learn how long it took.
    pub(super) started: Option<Instant>,
    /// Written under the lock, read without.
    pub(super) ended: AtomicBool,
    /// Void once it has ended.
    pub(super) learnt: Mutex<Learnt>,
    /// What the scope hook made of the context.
    pub(super) prepared: OnceLock<Foreign>,
}

impl ActiveSpan {
    /// Prepares a span; [`SpanBuilder::start`] starts it and says what it is about.
    #[inline]
    pub fn builder(kind: SpanKind) -> SpanBuilder {
        SpanBuilder::new(kind)
    }

    /// A handle that only passes `context` on.
    #[must_use]
    pub fn propagating(context: Option<TraceContext>) -> Arc<Self> {
        let span_id = context
            .as_ref()
            .map_or_else(crate::id::span_id, TraceContext::span_id);
        Arc::new(Self {
            span_id,
            kind: SpanKind::Internal,
            identity: Place::Fixed(Identity::passing(context)),
            header: None,
            trust: Trust::Continue,
            sink: None,
            agent: None,
            start: SystemTime::UNIX_EPOCH,
            started: None,
            ended: AtomicBool::new(true),
            learnt: Mutex::new(Learnt::nothing()),
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

    #[inline]
    pub(super) fn identity(&self) -> &Identity {
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
        let learnt = self.learnt();
        let head = SpanHead {
            parent: above,
            kind: self.kind,
            operation: &learnt.operation,
            start: self.start,
        };
        // A sink that asked for what is current would wait for itself, if that is this span.
        scope::cleared(|| Identity::under(&head, self.span_id, self.sink.as_ref(), sampler))
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
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.identity().recording && !self.has_ended()
    }

    /// Whether anybody learns of its end: it will be recorded, or
    /// [observers](crate::OperationObserver) count it. If not, what happens in it need not be
    /// found out.
    #[must_use]
    #[inline]
    pub fn is_observed(&self) -> bool {
        let recording = self.identity().recording;
        let counts = || self.learnt().counts;
        !self.has_ended() && (recording || (self.may_count() && counts()))
    }

    #[inline]
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn may_count(&self) -> bool {
        observer::has_observers() && self.started.is_some()
    }

    /// Whether it is settled that nobody learns anything of it: this saves the work.
    pub(super) fn is_unobserved(&self) -> bool {
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
            self.uncounted();
        }
    }

    pub(super) fn learnt(&self) -> MutexGuard<'_, Learnt> {
        // A caller's closure that panicked left a state that is still whole.
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
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
