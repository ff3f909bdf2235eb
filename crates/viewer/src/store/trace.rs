//! One trace.

use std::collections::HashMap;
use std::sync::Arc;

use traceparent::{SpanId, TraceId};

use super::{Record, Summary};

/// The spans of a trace in the order in which they arrived.
#[derive(Debug)]
pub(super) struct Trace {
    spans: Vec<Arc<Record>>,
    /// Where the first span with an id stands.
    ids: HashMap<SpanId, usize>,
    bytes: usize,
    arrived: u64,
    changed: u64,
    last_arrival: u64,
    truncated: u64,
    /// Made when it is asked for, and good until the next change.
    summary: Option<Summary>,
}

impl Trace {
    /// What a trace takes beside its spans, in the indices as well.
    pub(super) const OVERHEAD: usize = 2 * size_of::<Self>() + 8 * size_of::<(u64, TraceId)>();

    pub(super) fn new(arrived: u64) -> Self {
        Self {
            spans: Vec::new(),
            ids: HashMap::new(),
            bytes: 0,
            arrived,
            changed: arrived,
            last_arrival: 0,
            truncated: 0,
            summary: None,
        }
    }

    /// Whether the very same span is here.
    pub(super) fn has(&self, record: &Record) -> bool {
        let first = self.ids.get(&record.span_id);
        first.is_some_and(|first| self.spans.get(*first).is_some_and(|twin| **twin == *record))
    }

    /// Keeps a span.
    pub(super) fn add(&mut self, record: Arc<Record>) {
        self.ids.entry(record.span_id).or_insert(self.spans.len());
        self.bytes += record.bytes();
        self.spans.push(record);
    }

    /// Something of it arrived at `now`, by the change `number`.
    pub(super) fn touch(&mut self, number: u64, now: u64) {
        self.changed = number;
        self.last_arrival = now;
        self.summary = None;
    }

    pub(super) fn truncate(&mut self) {
        self.truncated += 1;
    }

    pub(super) fn summary(&mut self, id: TraceId) -> &Summary {
        let Self { spans, ids, .. } = self;
        self.summary
            .get_or_insert_with(|| Summary::of(id, spans, ids, (self.arrived, self.changed)))
    }

    #[cfg(test)]
    pub(super) fn is_summed(&self) -> bool {
        self.summary.is_some()
    }

    pub(super) fn spans(&self) -> &[Arc<Record>] {
        &self.spans
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    pub(super) fn changed(&self) -> u64 {
        self.changed
    }

    pub(super) fn last_arrival(&self) -> u64 {
        self.last_arrival
    }

    pub(super) fn truncated(&self) -> u64 {
        self.truncated
    }
}
