//! The sink that feeds the destinations.

use std::sync::{Arc, PoisonError, RwLock};

use mcp_trace::{Sampler, SpanRecord, SpanSink};

use crate::destination::Destination;
use crate::stats::Stats;

/// Hands every finished span to every destination's queue.
#[derive(Debug)]
pub(crate) struct Exporter {
    pub(crate) destinations: Vec<Arc<Destination>>,
    /// Sinks of this process, such as the console.
    pub(crate) local: Vec<Arc<dyn SpanSink>>,
    pub(crate) sampler: RwLock<Sampler>,
}

impl Exporter {
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            destinations: self
                .destinations
                .iter()
                .map(|destination| destination.stats())
                .collect(),
        }
    }
}

impl SpanSink for Exporter {
    fn record(&self, span: SpanRecord) {
        for sink in &self.local {
            sink.record(span.clone());
        }
        let Some((last, others)) = self.destinations.split_last() else {
            return;
        };
        for destination in others {
            destination.queue.push(span.clone());
        }
        last.queue.push(span);
    }

    fn sampler(&self) -> Sampler {
        *self.sampler.read().unwrap_or_else(PoisonError::into_inner)
    }
}
