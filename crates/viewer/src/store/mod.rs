//! What is kept: whole traces, within bounds.

mod clock;
mod filter;
// Without a database, nothing reads what it holds.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
mod journal;
mod names;
mod record;
mod search;
#[cfg(feature = "sqlite")]
mod sqlite;
mod summary;
mod tools;
mod trace;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;
use traceparent::TraceId;

pub(crate) use self::clock::now_ms;
pub(crate) use self::filter::Filter;
pub(crate) use self::journal::Journal;
use self::names::Names;
pub(crate) use self::record::{Record, resource_json};
#[cfg(feature = "sqlite")]
pub use self::sqlite::OpenError;
#[cfg(feature = "sqlite")]
pub(crate) use self::sqlite::open;
pub(crate) use self::summary::Summary;
use self::trace::Trace;
use crate::Limits;

/// The traces of one viewer.
#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    inner: Mutex<Inner>,
    /// The number of the last change.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    traces: HashMap<TraceId, Trace>,
    /// By the number of their last change: the first has been quiet the longest.
    by_change: BTreeMap<u64, TraceId>,
    /// By the number of their first span.
    by_arrival: BTreeMap<u64, TraceId>,
    names: Names,
    /// The number of the last change.
    last: u64,
    counts: Counts,
}

/// How much there is, and what had to go.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) traces: usize,
    pub(crate) spans: usize,
    pub(crate) bytes: usize,
    pub(crate) evicted: Evicted,
    /// Spans of traces that had too many already.
    pub(crate) truncated: u64,
    /// Spans that were sent twice.
    pub(crate) repeated: u64,
}

/// What went to make room, or because it was old.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Evicted {
    pub(crate) traces: u64,
    pub(crate) spans: u64,
}

/// What an insertion came to.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Spans that are kept now.
    pub(crate) kept: Vec<(TraceId, Arc<Record>)>,
    /// Traces that went.
    pub(crate) gone: Vec<TraceId>,
}

/// What became of a span.
enum Fate {
    Kept,
    /// The very same one is here: a sender whose answer got lost sends again.
    Repeated,
    /// Its trace has too many.
    Truncated,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            inner: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    /// Adds spans that arrived at `now`, in milliseconds since 1970, and lets go what is over a
    /// bound then. `tell` hears of it in the order in which it happens, and must not wait.
    ///
    /// Gives the places of those that are here already.
    pub(crate) fn insert(
        &self,
        records: Vec<(TraceId, Arc<Record>)>,
        now: u64,
        tell: impl FnOnce(Changes),
    ) -> Vec<usize> {
        let (mut changes, mut repeated) = (Changes::default(), Vec::new());
        let mut inner = self.lock();
        for (at, (id, record)) in records.into_iter().enumerate() {
            match inner.add(id, &record, now, &self.limits) {
                Fate::Kept => changes.kept.push((id, record)),
                Fate::Repeated => repeated.push(at),
                Fate::Truncated => {}
            }
        }
        inner.make_room(now, &self.limits, &mut changes.gone);
        let last = inner.last;
        tell(changes);
        drop(inner);
        self.changed.send_replace(last);
        repeated
    }

    /// Lets go what is too old at `now`.
    pub(crate) fn expire(&self, now: u64, tell: impl FnOnce(Changes)) {
        let mut changes = Changes::default();
        let mut inner = self.lock();
        inner.make_room(now, &self.limits, &mut changes.gone);
        tell(changes);
    }

    /// Tells of changes by their number.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The first `max` of the traces that changed after the change `after`, the last to change
    /// first, and the number of the last change that they cover.
    pub(crate) fn changed_after(&self, after: u64, max: usize) -> (u64, Vec<Summary>) {
        let mut inner = self.lock();
        let mut ids = inner.by_change.range(after.saturating_add(1)..);
        let told: Vec<(u64, TraceId)> = ids.by_ref().take(max).map(|(n, id)| (*n, *id)).collect();
        let last = match (ids.next(), told.last()) {
            // The others are for the next time.
            (Some(_), Some((last, _))) => *last,
            _ => inner.last,
        };
        let told = told.iter().rev();
        (
            last,
            told.filter_map(|(_, id)| inner.summary(*id)).collect(),
        )
    }

    /// At most `max` traces with a span of `service`, the last to arrive first.
    pub(crate) fn latest(&self, max: usize, service: Option<&str>) -> Vec<Summary> {
        let mut inner = self.lock();
        let Inner {
            traces, by_arrival, ..
        } = &mut *inner;
        let mut latest = Vec::new();
        for id in by_arrival.values().rev() {
            if latest.len() >= max {
                break;
            }
            let Some(trace) = traces.get_mut(id).map(|trace| trace.summary(*id)) else {
                continue;
            };
            if service.is_none_or(|name| trace.services.iter().any(|other| **other == *name)) {
                latest.push(trace.clone());
            }
        }
        latest
    }

    /// The spans of a trace by start, and how many more there were.
    pub(crate) fn spans(&self, id: TraceId) -> Option<(Vec<Arc<Record>>, u64)> {
        let inner = self.lock();
        let trace = inner.traces.get(&id)?;
        let mut spans = trace.spans().to_vec();
        let truncated = trace.truncated();
        drop(inner);
        // Stable: what begins at once stays in the order of arrival.
        spans.sort_by_key(|span| span.start_ns);
        Some((spans, truncated))
    }

    pub(crate) fn counts(&self) -> Counts {
        let inner = self.lock();
        Counts {
            traces: inner.traces.len(),
            ..inner.counts
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, id: TraceId, record: &Arc<Record>, now: u64, limits: &Limits) -> Fate {
        self.last += 1;
        let last = self.last;
        let trace = self.traces.entry(id).or_insert_with(|| {
            self.by_arrival.insert(last, id);
            self.counts.bytes += Trace::OVERHEAD;
            Trace::new(last)
        });
        self.by_change.remove(&trace.changed());
        self.by_change.insert(last, id);
        let bytes = record.bytes();
        // No single trace takes all the room.
        let full = trace.spans().len() >= limits.spans_per_trace
            || trace.bytes() + bytes > limits.bytes / 2;
        trace.touch(last, now);
        if trace.has(record) {
            self.counts.repeated += 1;
            Fate::Repeated
        } else if full {
            trace.truncate();
            self.counts.truncated += 1;
            Fate::Truncated
        } else {
            trace.add(record.clone());
            self.names.add(record);
            self.counts.spans += 1;
            self.counts.bytes += bytes;
            Fate::Kept
        }
    }

    fn make_room(&mut self, now: u64, limits: &Limits, gone: &mut Vec<TraceId>) {
        let age = u64::try_from(limits.age.as_millis()).unwrap_or(u64::MAX);
        while let Some((_, id)) = self.by_change.first_key_value() {
            let id = *id;
            let old = self
                .traces
                .get(&id)
                .is_none_or(|trace| trace.last_arrival().saturating_add(age) < now);
            let over = self.traces.len() > limits.traces || self.counts.bytes > limits.bytes;
            if !old && !over {
                break;
            }
            self.by_change.pop_first();
            if let Some(trace) = self.traces.remove(&id) {
                self.by_arrival.remove(&trace.arrived());
                for span in trace.spans() {
                    self.names.remove(span);
                }
                let spans = trace.spans().len();
                self.counts.spans = self.counts.spans.saturating_sub(spans);
                let bytes = trace.bytes() + Trace::OVERHEAD;
                self.counts.bytes = self.counts.bytes.saturating_sub(bytes);
                self.counts.evicted.traces += 1;
                self.counts.evicted.spans += spans as u64;
                gone.push(id);
            }
        }
    }

    fn summary(&mut self, id: TraceId) -> Option<Summary> {
        Some(self.traces.get_mut(&id)?.summary(id).clone())
    }
}
