//! Spans that wait for the one above them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mcp_trace::{SpanId, SpanRecord, TraceId};

/// What has ended and cannot be printed yet.
#[derive(Default)]
pub(super) struct Waiting {
    traces: HashMap<TraceId, Trace>,
    spans: usize,
}

struct Trace {
    /// By the span above.
    below: HashMap<SpanId, Vec<SpanRecord>>,
    /// When the last of them has come.
    last: Instant,
}

impl Waiting {
    /// A span below `parent` has come at `now`.
    pub(super) fn add(&mut self, parent: SpanId, span: SpanRecord, now: Instant) {
        let trace = self.traces.entry(span.trace_id());
        let trace = trace.or_insert_with(|| Trace {
            below: HashMap::new(),
            last: now,
        });
        trace.last = now;
        trace.below.entry(parent).or_default().push(span);
        self.spans += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.spans
    }

    pub(super) fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    /// Everything of a trace.
    pub(super) fn take_trace(&mut self, id: TraceId) -> Vec<SpanRecord> {
        let trace = self.traces.remove(&id);
        let below = trace.into_iter().flat_map(|trace| trace.below);
        let spans: Vec<_> = below.flat_map(|(_, spans)| spans).collect();
        self.spans -= spans.len();
        spans
    }

    /// A span and all that is below it.
    pub(super) fn take_below(&mut self, top: SpanRecord) -> Vec<SpanRecord> {
        let id = top.trace_id();
        let mut spans = vec![top];
        let Some(trace) = self.traces.get_mut(&id) else {
            return spans;
        };
        let mut at = 0;
        while let Some(span) = spans.get(at) {
            spans.extend(trace.below.remove(&span.span_id()).unwrap_or_default());
            at += 1;
        }
        if trace.below.is_empty() {
            self.traces.remove(&id);
        }
        // The span on top did not wait.
        self.spans -= spans.len() - 1;
        spans
    }

    /// The traces to which nothing has come for so long.
    pub(super) fn take_quiet(&mut self, time: Duration) -> Vec<(TraceId, Vec<SpanRecord>)> {
        let traces = self.traces.iter();
        let quiet: Vec<TraceId> = traces
            .filter(|(_, trace)| trace.last.elapsed() >= time)
            .map(|(id, _)| *id)
            .collect();
        quiet
            .into_iter()
            .map(|id| (id, self.take_trace(id)))
            .collect()
    }
}
