//! Starting a span.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Instant, SystemTime};

use super::identity::{Identity, Place};
use super::learning::Learnt;
use crate::agent::{Agent, AgentContext};
use crate::clock::Time;
use crate::{
    ActiveSpan, Operation, Outcome, ScopeHook, SpanHead, SpanKind, SpanSink, TraceContext, Trust,
    current_span, default_sink, hook, id, scope,
};

/// Starts a span; see [`ActiveSpan::builder`].
#[derive(Debug)]
#[must_use = "a span starts with `start`"]
pub struct SpanBuilder {
    kind: SpanKind,
    above: Above,
    sink: Option<Arc<dyn SpanSink>>,
    propagate_only: bool,
    counts: bool,
    trust: Trust,
    agent: Option<Arc<Agent>>,
}

#[derive(Debug)]
enum Above {
    /// What is current; where nothing is, this.
    Current(Option<TraceContext>),
    Span(Arc<ActiveSpan>),
    Context(Option<TraceContext>),
    Incoming(Option<TraceContext>),
}

impl SpanBuilder {
    #[inline]
    pub(crate) fn new(kind: SpanKind) -> Self {
        Self {
            kind,
            above: Above::Current(None),
            sink: None,
            propagate_only: false,
            counts: true,
            trust: Trust::default(),
            agent: None,
        }
    }

    /// Starts below `context`, or as a root for `None`.
    ///
    /// Defaults to the span that is current.
    #[inline]
    pub fn under(mut self, context: Option<TraceContext>) -> Self {
        self.above = Above::Context(context);
        self
    }

    /// Starts below `context` where nothing is current.
    ///
    /// Defaults to a new trace.
    #[inline]
    pub fn otherwise_under(mut self, context: Option<TraceContext>) -> Self {
        self.above = Above::Current(context);
        self
    }

    /// Starts below an open span and inherits its sink and agent.
    #[inline]
    pub fn child_of(mut self, span: Arc<ActiveSpan>) -> Self {
        self.above = Above::Span(span);
        self
    }

    /// Starts a span whose place is not known yet: a better parent may still be found in the
    /// message, see [`ActiveSpan::resolve`]. Until then, and for whoever asks first, `header`
    /// is the parent. It may also be what is [ambient](crate::ambient) where the request arrives.
    #[inline]
    pub fn incoming(mut self, header: Option<TraceContext>) -> Self {
        self.above = Above::Incoming(header);
        self
    }

    /// What the contexts of an [incoming](Self::incoming) span are worth.
    ///
    /// Defaults to [`Trust::Continue`].
    #[inline]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Records into `sink`.
    ///
    /// Defaults to the sink of the span above, else to the process default.
    #[inline]
    pub fn sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// As [`sink`](Self::sink), where `None` keeps the default.
    #[inline]
    pub fn maybe_sink(self, sink: Option<Arc<dyn SpanSink>>) -> Self {
        match sink {
            Some(sink) => self.sink(sink),
            None => self,
        }
    }

    /// Records nothing: the context above is passed on unchanged.
    #[inline]
    pub fn propagate_only(mut self) -> Self {
        self.propagate_only = true;
        self
    }

    /// It is no operation of its own: [observers](crate::OperationObserver) are not told of it, and
    /// what is not recorded either is not timed.
    ///
    /// Defaults to one that they are told of.
    #[inline]
    pub fn uncounted(mut self) -> Self {
        self.counts = false;
        self
    }

    pub(crate) fn agent(mut self, agent: Arc<Agent>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Starts the span now, about `operation`.
    ///
    /// Without a sink nothing is recorded and the context above is passed on unchanged.
    #[must_use]
    #[inline]
    pub fn start(self, operation: impl Into<Operation>) -> Arc<ActiveSpan> {
        self.start_operation(operation.into())
    }

    fn start_operation(self, operation: Operation) -> Arc<ActiveSpan> {
        let current = match &self.above {
            Above::Current(_) => current_span(),
            _ => None,
        };
        let above = match &self.above {
            Above::Span(span) => Some(span),
            _ => current.as_ref(),
        };
        let hook = hook::installed();
        let between = hook.map_or_else(Between::default, |hook| self.between(hook, above));
        let is_wanted = !self.propagate_only && !hook.is_some_and(|hook| hook.is_suppressed());
        let sink = if is_wanted {
            self.sink
                .or_else(|| above?.sink.clone())
                .or_else(default_sink)
        } else {
            None
        };
        let agent = self.agent.or_else(|| above?.agent().cloned());
        let span_id = id::span_id();
        let parent = match &self.above {
            Above::Context(context) => context.as_ref(),
            Above::Incoming(_) => None,
            Above::Current(otherwise) => between.or(above).or(otherwise.as_ref()),
            Above::Span(_) => between.or(above),
        };
        // Only a sink wants to know, and only of what it may record.
        let may_record = |sink: &Arc<dyn SpanSink>| {
            parent.is_none_or(TraceContext::is_sampled) || sink.records_unsampled()
        };
        let begins = sink.as_ref().is_some_and(may_record).then(Time::now);
        let start = begins.map_or(SystemTime::UNIX_EPOCH, |begins| begins.wall);
        let identity = match self.above {
            Above::Incoming(_) => Place::Open(OnceLock::new()),
            _ => {
                let head = SpanHead {
                    parent,
                    kind: self.kind,
                    operation: &operation,
                    start,
                };
                let mut placed = Identity::under(&head, span_id, sink.as_ref(), None);
                between.hand_baggage_to(&mut placed);
                Place::Fixed(placed)
            }
        };
        let counts = is_wanted && self.counts;
        let may_be_recorded = match &identity {
            Place::Fixed(identity) => identity.recording,
            Place::Open(_) => sink.is_some(),
        };
        // An observer may come later.
        let is_open = counts || may_be_recorded;
        let header = match self.above {
            Above::Incoming(header) => header,
            _ => None,
        };
        let agent = agent.map(AgentContext::now);
        let started = is_open.then(|| begins.map_or_else(Instant::now, |begins| begins.monotonic));
        let span = Arc::new(ActiveSpan {
            span_id,
            kind: self.kind,
            identity,
            header,
            sink,
            agent,
            start,
            started,
            ended: AtomicBool::new(!is_open),
            trust: self.trust,
            learnt: Mutex::new(Learnt {
                operation,
                outcome: Outcome::success(),
                extras: None,
                counts,
            }),
            prepared: OnceLock::new(),
        });
        span.link_untrusted_header();
        span
    }

    /// What another library has entered inside the span above.
    fn between(&self, hook: &dyn ScopeHook, above: Option<&Arc<ActiveSpan>>) -> Between {
        let is_innermost = match &self.above {
            Above::Span(span) => scope::is_current(span),
            Above::Current(_) => true,
            Above::Context(_) | Above::Incoming(_) => false,
        };
        if !is_innermost {
            return Between::default();
        }
        let context = hook.ambient();
        // Its baggage need not have come with a span, nor that of the span above with it.
        let kept = || context.as_ref().and(above?.context()?.baggage());
        let baggage = hook.baggage().or_else(|| kept().map(str::to_owned));
        Between { context, baggage }
    }
}

/// What comes between a span and the one above it.
#[derive(Default)]
struct Between {
    context: Option<TraceContext>,
    baggage: Option<String>,
}

impl Between {
    fn or<'a>(&'a self, above: Option<&'a Arc<ActiveSpan>>) -> Option<&'a TraceContext> {
        self.context.as_ref().or_else(|| above?.context())
    }

    fn hand_baggage_to(&self, placed: &mut Identity) {
        if let Some(list) = &self.baggage {
            let context = placed.context.take();
            placed.context = context.map(|context| context.with_baggage(list));
        }
    }
}
