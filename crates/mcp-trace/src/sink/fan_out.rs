//! Recording into several sinks.

use std::sync::Arc;

use super::SpanSink;
use crate::{Sampler, SpanHead, SpanRecord, SpanStart};

/// Hands every span to each of several sinks. The first one chooses: ids and sampling.
#[derive(Clone, Debug)]
pub struct FanOut {
    first: Arc<dyn SpanSink>,
    others: Vec<Arc<dyn SpanSink>>,
}

impl FanOut {
    /// Records into `first`.
    #[must_use]
    pub fn new(first: Arc<dyn SpanSink>) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    /// Records into `sink` as well.
    #[must_use]
    pub fn and(mut self, sink: Arc<dyn SpanSink>) -> Self {
        self.others.push(sink);
        self
    }
}

impl SpanSink for FanOut {
    fn record(&self, span: SpanRecord) {
        for sink in &self.others {
            sink.record(span.clone());
        }
        self.first.record(span);
    }

    fn sampler(&self) -> Sampler {
        self.first.sampler()
    }

    fn start(&self, head: &SpanHead<'_>) -> SpanStart {
        self.first.start(head)
    }

    fn records_unsampled(&self) -> bool {
        self.first.records_unsampled()
    }
}
