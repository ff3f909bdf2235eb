//! Which span this is: decided once, possibly later than its start.

use std::sync::{Arc, OnceLock};

use traceparent::{SpanId, TraceFlags};

use crate::{Foreign, Sampler, SpanHead, SpanSink, SpanStart, TraceContext, id};

/// The span above another one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Parent {
    /// Its id; it belongs to the same trace.
    pub span_id: SpanId,
    /// Whether it was recorded by another process.
    pub remote: bool,
}

impl Parent {
    pub(crate) fn of(context: &TraceContext) -> Self {
        Self {
            span_id: context.span_id(),
            remote: context.is_remote(),
        }
    }
}

/// Where a span belongs, or room for that.
#[derive(Debug)]
pub(super) enum Place {
    /// Known when it started, which costs no synchronisation.
    Fixed(Identity),
    /// Settled later, by whoever knows or asks first.
    Open(OnceLock<Identity>),
}

impl Place {
    pub(super) fn get(&self) -> Option<&Identity> {
        match self {
            Self::Fixed(identity) => Some(identity),
            Self::Open(identity) => identity.get(),
        }
    }

    pub(super) fn get_or_init(&self, decide: impl FnOnce() -> Identity) -> &Identity {
        match self {
            Self::Fixed(identity) => identity,
            Self::Open(identity) => identity.get_or_init(decide),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Identity {
    /// What is current inside the span. `None` only where nothing is recorded and nothing
    /// came in.
    pub(crate) context: Option<TraceContext>,
    pub(crate) parent: Option<Parent>,
    pub(crate) recording: bool,
    /// What the sink left with the span.
    pub(crate) started: Option<Foreign>,
}

impl Identity {
    /// Passes a context on unchanged: an id that nobody exports would orphan all below it.
    pub(crate) fn passing(context: Option<TraceContext>) -> Self {
        Self {
            context,
            parent: None,
            recording: false,
            started: None,
        }
    }

    /// A span below the parent, or the root of a new trace. Unless the sink chooses, sampling is
    /// parent-based; `sampler`, else the sink's, decides for roots.
    pub(crate) fn under(
        head: &SpanHead<'_>,
        span_id: SpanId,
        sink: Option<&Arc<dyn SpanSink>>,
        sampler: Option<Sampler>,
    ) -> Self {
        let Some(sink) = sink else {
            return Self::passing(head.parent.cloned());
        };
        let (context, recording, started) = match sink.start(head) {
            SpanStart::Own => {
                let context = match head.parent {
                    Some(parent) => parent.with_span_id(span_id),
                    None => {
                        let root = TraceContext::new(id::trace_id(), span_id, TraceFlags::RANDOM);
                        sampler.unwrap_or_else(|| sink.sampler()).apply(root)
                    }
                };
                let recording = context.is_sampled();
                (context, recording, None)
            }
            SpanStart::Chosen {
                context,
                recording,
                started,
            } => (context, recording, started),
            SpanStart::Pass => return Self::passing(head.parent.cloned()),
        };
        Self {
            context: Some(context),
            parent: head.parent.map(Parent::of),
            recording,
            started,
        }
    }
}
