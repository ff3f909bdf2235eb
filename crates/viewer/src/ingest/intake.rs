//! The spans of one request on their way into the store.

use std::sync::Arc;

use traceparent::TraceId;

use super::bounds::{bound, bound_resource};
use crate::metrics::Sample;
use crate::span::{Span, Value, text};
use crate::store::{Record, resource_json};
use crate::viewer::State;

/// Spans that are handed over at once.
const CHUNK: usize = 1024;

/// Takes the spans of one request.
pub(super) struct Intake<'a> {
    state: &'a State,
    resource: Arc<str>,
    env: String,
    pending: Vec<(TraceId, Arc<Record>)>,
    /// What each of those is counted as.
    samples: Vec<Sample>,
    taken: Taken,
}

/// What became of the spans of a request.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) accepted: u64,
    /// Spans that no trace can hold.
    pub(super) rejected: u64,
    /// What is wrong with the first of them.
    pub(super) reason: &'static str,
}

impl<'a> Intake<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self {
            state,
            resource: "{}".into(),
            env: String::new(),
            pending: Vec::new(),
            samples: Vec::new(),
            taken: Taken::default(),
        }
    }

    /// The spans that follow are of this service; its name, if it has one.
    pub(super) fn resource(&mut self, mut resource: Vec<(String, Value)>) -> Option<String> {
        bound_resource(&mut resource, self.state.limits.value);
        self.resource = resource_json(&resource);
        let env = text(&resource, "deployment.environment.name")
            .or_else(|| text(&resource, "deployment.environment"));
        self.env = env.unwrap_or_default().to_owned();
        text(&resource, "service.name").map(str::to_owned)
    }

    /// A span, or why it cannot be one.
    pub(super) fn span(&mut self, span: Result<(TraceId, Span), &'static str>) {
        match span {
            Ok((trace, mut span)) => {
                bound(&mut span, self.state.limits.value);
                self.samples.push(Sample::of(&span, &self.env));
                let like = self.pending.last().map(|(_, record)| &**record);
                let record = Record::new(&span, &self.resource, like);
                self.pending.push((trace, Arc::new(record)));
                self.taken.accepted += 1;
                if self.pending.len() >= CHUNK {
                    self.hand_over();
                }
            }
            Err(reason) => {
                if self.taken.rejected == 0 {
                    self.taken.reason = reason;
                }
                self.taken.rejected += 1;
            }
        }
    }

    pub(super) fn finish(mut self) -> Taken {
        self.hand_over();
        self.state.rejected.spans(self.taken.rejected);
        self.taken
    }

    fn hand_over(&mut self) {
        let repeated = self.state.keep(std::mem::take(&mut self.pending));
        let samples = self.samples.iter().enumerate();
        let first = samples.filter(|(at, _)| repeated.binary_search(at).is_err());
        self.state.metrics.count(first.map(|(_, sample)| sample));
        self.samples.clear();
    }
}
