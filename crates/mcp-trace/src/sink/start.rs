//! Sinks that have a say when a span starts.

use std::time::SystemTime;

use crate::{Foreign, Operation, SpanKind, TraceContext};

/// What is known of a span when its place in the trace is settled; see
/// [`SpanSink::start`](crate::SpanSink::start).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SpanHead<'a> {
    /// The context above it; `None` for the root of a new trace.
    pub parent: Option<&'a TraceContext>,
    /// Which side of a call it describes.
    pub kind: SpanKind,
    /// What it is about, as far as that is known.
    pub operation: &'a Operation,
    /// Wall-clock time at its start; the Unix epoch where the context above is not sampled, unless the
    /// sink [records such spans](crate::SpanSink::records_unsampled).
    pub start: SystemTime,
}

/// How a span starts; see [`SpanSink::start`](crate::SpanSink::start).
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum SpanStart {
    /// With ids of our own, sampled like its parent or else by
    /// [`SpanSink::sampler`](crate::SpanSink::sampler).
    #[default]
    Own,
    /// With the ids that the sink chose.
    Chosen {
        /// The context inside the span.
        context: TraceContext,
        /// Whether the sink wants to be given the span when it ends.
        recording: bool,
        /// What the sink wants back then, in [`SpanRecord::started`](crate::SpanRecord::started).
        started: Option<Foreign>,
    },
    /// Not at all: the context above is passed on unchanged.
    Pass,
}
