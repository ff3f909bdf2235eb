//! What a list says about a trace.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use traceparent::{SpanId, TraceId};

use super::Record;

/// Names that one summary lists at most, of services and of tools.
const NAMES: usize = 32;

/// A trace in one line.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    #[serde(serialize_with = "hex")]
    pub(crate) trace_id: TraceId,
    /// The name of its root, or of what stands highest where the root is missing.
    root: Box<str>,
    service: Arc<str>,
    pub(crate) services: Vec<Arc<str>>,
    pub(crate) tools: Vec<Arc<str>>,
    start_ms: f64,
    pub(crate) duration_ms: f64,
    pub(crate) spans: usize,
    pub(crate) errors: usize,
    /// Spans whose parent is not here.
    missing_parents: usize,
    /// The number of the change that began it: traces are listed by it.
    arrived: u64,
    /// The number of its last change.
    updated: u64,
}

impl Summary {
    pub(super) fn of(
        trace_id: TraceId,
        spans: &[Arc<Record>],
        ids: &HashMap<SpanId, usize>,
        (arrived, updated): (u64, u64),
    ) -> Self {
        let missing = |span: &Record| span.parent_id.is_some_and(|id| !ids.contains_key(&id));
        // A root, else what lacks its parent, else (in a circle) whatever began first.
        let rank = |span: &&Arc<Record>| match span.parent_id {
            None => (0, span.start_ns),
            Some(_) if missing(span) => (1, span.start_ns),
            Some(_) => (2, span.start_ns),
        };
        let root = spans.iter().min_by_key(rank);
        let start = spans.iter().map(|span| span.start_ns).min();
        let end = spans.iter().map(|span| span.end_ns()).max();
        let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
        Self {
            trace_id,
            root: root.map_or_else(Default::default, |root| root.name.clone()),
            service: root.map_or_else(|| "".into(), |root| root.service.clone()),
            services: names(spans.iter().map(|span| &span.service)),
            tools: names(spans.iter().filter_map(|span| span.tool.as_ref())),
            start_ms: start as f64 / 1e6,
            duration_ms: end.saturating_sub(start) as f64 / 1e6,
            spans: spans.len(),
            errors: spans.iter().filter(|span| span.error).count(),
            missing_parents: spans.iter().filter(|span| missing(span)).count(),
            arrived,
            updated,
        }
    }
}

fn names<'a>(all: impl Iterator<Item = &'a Arc<str>>) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for name in all {
        if names.len() == NAMES {
            break;
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names.sort_unstable();
    names
}

fn hex<S: serde::Serializer>(id: &TraceId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}
