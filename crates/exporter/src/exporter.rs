//! The sink that feeds the destinations.

use std::process;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use mcp_trace::{Sampler, SpanRecord, SpanSink, reseed_ids};

use crate::destination::Destination;
use crate::queue::{Held, Pushed, Queue};
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
        Arc::new(Self::new(destinations, self.local.clone(), sampler))
    }

    // Spans are large: inlined, so that they are moved into the queue and nowhere before.
    #[inline(always)]
    fn deliver(&self, span: SpanRecord) {
        let weight = span.weight();
        let Some((last, others)) = self.destinations.split_last() else {
            return;
        };
        for destination in others {
            let Some(queue) = self.hold(&destination.queue) else {
                return self.deliver_elsewhere(span);
            };
            let pushed = queue.push(span.clone(), weight);
            self.after(pushed);
        }
        let Some(queue) = self.hold(&last.queue) else {
            return self.deliver_elsewhere(span);
        };
        let pushed = queue.push(span, weight);
        self.after(pushed);
    }

    #[cold]
    fn deliver_elsewhere(&self, span: SpanRecord) {
        self.here().deliver(span);
    }

    /// `None` if that might take for ever, since this is not our process.
    #[inline(always)]
    fn hold<'a>(&self, queue: &'a Queue) -> Option<Held<'a>> {
        queue
            .try_hold()
            .or_else(|| (process::id() == self.process).then(|| queue.hold()))
    }

    #[inline]
    fn after(&self, pushed: Pushed) {
        if !matches!(pushed, Pushed::Quietly) {
            self.look_around(pushed);
        }
    }

    #[cold]
    fn look_around(&self, pushed: Pushed) {
        match pushed {
            Pushed::Quietly => {}
            Pushed::Due(wake) if process::id() == self.process => wake.notify_one(),
            Pushed::Due(_) | Pushed::Milestone => {
                self.here();
            }
        }
    }
}

impl SpanSink for Exporter {
    fn record(&self, span: SpanRecord) {
        for sink in &self.local {
            sink.record(span.clone());
        }
        if self.successor.get().is_some() {
            return self.deliver_elsewhere(span);
        }
        self.deliver(span);
    }

    fn sampler(&self) -> Sampler {
        if let Some(successor) = self.successor.get() {
            return successor.sampler();
        }
        *self.sampler.read().unwrap_or_else(PoisonError::into_inner)
    }
}
