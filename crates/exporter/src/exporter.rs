//! The sink that feeds the destinations.

use std::process;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use mcp_trace::{Sampler, SpanRecord, SpanSink, reseed_ids};

use crate::destination::Destination;
use crate::queue::{Held, Next, Queue};
use crate::stats::Stats;
use crate::worker;

/// Hands every finished span to every destination's queue.
#[derive(Debug)]
pub(crate) struct Exporter {
    pub(crate) destinations: Vec<Arc<Destination>>,
    /// Sinks of this process, such as the console.
    local: Vec<Arc<dyn SpanSink>>,
    sampler: RwLock<Sampler>,
    /// The process that the worker runs in.
    process: u32,
    /// Takes over in a child of `fork`, where no worker runs and locks may be held by threads
    /// that do not exist.
    successor: OnceLock<Arc<Exporter>>,
}

impl Exporter {
    pub(crate) fn new(
        destinations: Vec<Arc<Destination>>,
        local: Vec<Arc<dyn SpanSink>>,
        sampler: Sampler,
    ) -> Self {
        Self {
            destinations,
            local,
            sampler: RwLock::new(sampler),
            process: process::id(),
            successor: OnceLock::new(),
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let destinations = self.here().destinations.iter();
        Stats {
            destinations: destinations
                .map(|destination| destination.stats())
                .collect(),
        }
    }

    pub(crate) fn set_sampler(&self, sampler: Sampler) {
        let current = self.here().sampler.write();
        *current.unwrap_or_else(PoisonError::into_inner) = sampler;
    }

    /// The exporter of this process. Asks the system which one that is, which costs about as
    /// much as recording a span.
    pub(crate) fn here(&self) -> &Self {
        if process::id() == self.process {
            return self;
        }
        self.successor.get_or_init(|| self.for_child()).here()
    }

    fn for_child(&self) -> Arc<Self> {
        reseed_ids();
        let destinations = self.destinations.iter();
        let destinations: Vec<_> = destinations
            .map(|destination| Arc::new(destination.for_child()))
            .collect();
        // Without a thread the queue fills and counts what it loses.
        let _ = worker::start(destinations.clone());
        let sampler = self.sampler.try_read().map_or(Sampler::ALWAYS, |now| *now);
        // Sinks of this process get their spans from the one that has a successor.
        Arc::new(Self::new(destinations, Vec::new(), sampler))
    }

    #[cold]
    fn deliver_elsewhere(&self, span: SpanRecord) {
        self.here().record(span);
    }

    /// `None` if that might take for ever, since this is not our process.
    #[inline(always)]
    fn hold<'a>(&self, queue: &'a Queue) -> Option<Held<'a>> {
        queue
            .try_hold()
            .or_else(|| (process::id() == self.process).then(|| queue.hold()))
    }

    #[inline(always)]
    fn after(&self, next: Next, queue: &Queue) {
        if !matches!(next, Next::Nothing) {
            self.look_around(next, queue);
        }
    }

    #[cold]
    fn look_around(&self, next: Next, queue: &Queue) {
        match next {
            Next::Nothing => {}
            Next::Wake if process::id() == self.process => queue.wake().notify_one(),
            Next::Wake | Next::LookAround => {
                self.here();
            }
        }
    }
}

impl SpanSink for Exporter {
    // Spans are large, and every function of ours between here and the queue would move them.
    fn record(&self, span: SpanRecord) {
        for sink in &self.local {
            sink.record(span.clone());
        }
        if self.successor.get().is_some() {
            return self.deliver_elsewhere(span);
        }
        let Some((last, others)) = self.destinations.split_last() else {
            return;
        };
        let weight = span.weight();
        for destination in others {
            let Some(mut held) = self.hold(&destination.queue) else {
                return self.deliver_elsewhere(span);
            };
            if let Some(spans) = held.admit(weight) {
                spans.push(span.clone());
            }
            self.after(held.release(), &destination.queue);
        }
        let Some(mut held) = self.hold(&last.queue) else {
            return self.deliver_elsewhere(span);
        };
        match held.admit(weight) {
            // As it always is; where the vector might grow first, the span would be moved twice.
            Some(spans) if spans.len() < spans.capacity() => spans.push(span),
            Some(spans) => grow(spans, span),
            None => {}
        }
        self.after(held.release(), &last.queue);
    }

    fn sampler(&self) -> Sampler {
        if let Some(successor) = self.successor.get() {
            return successor.sampler();
        }
        *self.sampler.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cold]
#[inline(never)]
fn grow(spans: &mut Vec<SpanRecord>, span: SpanRecord) {
    spans.push(span);
}
