//! Which span this is: decided once, possibly later than its start.

use std::sync::Arc;

use traceparent::{SpanId, TraceFlags};

use crate::{SpanSink, TraceContext, id};

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

#[derive(Debug)]
pub(crate) struct Identity {
    /// What is current inside the span. `None` only where nothing is recorded and nothing
    /// came in.
    pub(crate) context: Option<TraceContext>,
    pub(crate) parent: Option<Parent>,
    pub(crate) recording: bool,
}

impl Identity {
    /// Passes a context on unchanged: an id that nobody exports would orphan all below it.
    pub(crate) fn passing(context: Option<TraceContext>) -> Self {
        Self {
            context,
            parent: None,
            recording: false,
        }
    }

    /// A span below `parent`, or the root of a new trace. Sampling is parent-based; the
    /// sink's sampler decides for roots.
    pub(crate) fn under(
        parent: Option<&TraceContext>,
        span_id: SpanId,
        sink: Option<&Arc<dyn SpanSink>>,
    ) -> Self {
        let Some(sink) = sink else {
            return Self::passing(parent.cloned());
        };
        let (context, parent) = match parent {
            Some(parent) => (parent.with_span_id(span_id), Some(Parent::of(parent))),
            None => {
                let root = TraceContext::new(id::trace_id(), span_id, TraceFlags::RANDOM);
                (sink.sampler().apply(root), None)
            }
        };
        Self {
            recording: context.is_sampled(),
            context: Some(context),
            parent,
        }
    }
}
