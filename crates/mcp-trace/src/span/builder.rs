//! Starting a span.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Instant, SystemTime};

use super::active::State;
use super::identity::{Identity, Place};
use crate::agent::{Agent, AgentContext};
use crate::{
    ActiveSpan, Operation, SpanHead, SpanKind, SpanSink, TraceContext, Trust, current_span,
    default_sink, hook, id, scope,
};

/// Starts a span; see [`ActiveSpan::builder`].
#[derive(Debug)]
#[must_use = "a span starts with `start`"]
pub struct SpanBuilder {
    kind: SpanKind,
    operation: Operation,
    above: Above,
    sink: Option<Arc<dyn SpanSink>>,
    propagate_only: bool,
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
    pub(crate) fn new(kind: SpanKind, operation: Operation) -> Self {
        Self {
            kind,
            operation,
            above: Above::Current(None),
            sink: None,
            propagate_only: false,
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
    pub fn maybe_sink(mut self, sink: Option<Arc<dyn SpanSink>>) -> Self {
        self.sink = sink.or(self.sink);
        self
    }

    /// Records nothing: the context above is passed on unchanged.
    #[inline]
    pub fn propagate_only(mut self) -> Self {
        self.propagate_only = true;
        self
    }

    pub(crate) fn agent(mut self, agent: Arc<Agent>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Starts the span now.
    ///
    /// Without a sink nothing is recorded and the context above is passed on unchanged.
    #[must_use]
    pub fn start(mut self) -> Arc<ActiveSpan> {
        let header = match &mut self.above {
            Above::Incoming(header) => header.take(),
            _ => None,
        };
        let current = match &self.above {
            Above::Current(_) => current_span(),
            _ => None,
        };
        let above = match &self.above {
            Above::Span(span) => Some(span),
            _ => current.as_ref(),
        };
        let hook = hook::installed();
        // What another library has entered inside the span above comes between.
        let further_in = hook.filter(|_| match &self.above {
            Above::Span(span) => scope::is_current(span),
            Above::Current(_) => true,
            Above::Context(_) | Above::Incoming(_) => false,
        });
        let between = further_in.and_then(|hook| hook.ambient());
        // Its baggage need not have come with a span, nor that of the span above with it.
        let baggage = further_in.and_then(|hook| {
            let kept = || between.as_ref().and(above.as_ref()?.context()?.baggage());
            hook.baggage().or_else(|| kept().map(str::to_owned))
        });
        let suppressed = hook.is_some_and(|hook| hook.is_suppressed());
        let sink = self
            .sink
            .or_else(|| above.as_ref()?.sink.clone())
            .or_else(default_sink)
            .filter(|_| !self.propagate_only && !suppressed);
        let agent = self
            .agent
            .or_else(|| Some(above.as_ref()?.agent.as_ref()?.agent().clone()));
        let span_id = id::span_id();
        // Only a sink wants to know.
        let start = sink
            .as_ref()
            .map_or(SystemTime::UNIX_EPOCH, |_| SystemTime::now());
        let place = |parent: Option<&TraceContext>| {
            let head = SpanHead {
                parent,
                kind: self.kind,
                operation: &self.operation,
                start,
            };
            let mut placed = Identity::under(&head, span_id, sink.as_ref(), None);
            if let Some(list) = &baggage {
                placed.context = placed.context.map(|context| context.with_baggage(list));
            }
            Place::Fixed(placed)
        };
        let context = || above.and_then(|span| span.context());
        let identity = match &self.above {
            Above::Incoming(_) => Place::Open(OnceLock::new()),
            Above::Context(parent) => place(parent.as_ref()),
            Above::Current(otherwise) => {
                place(between.as_ref().or_else(context).or(otherwise.as_ref()))
            }
            Above::Span(_) => place(between.as_ref().or_else(context)),
        };
        let counts = !self.propagate_only && !suppressed;
        // An observer may come later.
        let started = (counts || sink.is_some()).then(Instant::now);
        let span = ActiveSpan {
            span_id,
            kind: self.kind,
            identity,
            header,
            sink,
            agent: agent.map(AgentContext::now),
            start,
            started,
            ended: AtomicBool::new(false),
            trust: self.trust,
            state: Mutex::new(State::new(self.operation, counts)),
            prepared: OnceLock::new(),
        };
        span.link_untrusted_header();
        Arc::new(span)
    }
}
