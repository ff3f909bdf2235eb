//! Lists of traces.

use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memmem;
use serde::Serialize;
use traceparent::TraceId;

use super::{Filter, Record, Store, Summary};

/// Traces of one page, unless asked for otherwise.
const PAGE: usize = 100;
/// Traces of one page at most.
const MAX_PAGE: usize = 10_000;
/// How long one search through the text of spans may take.
const TEXT_TAKES: Duration = Duration::from_millis(250);
/// Traces that are looked at before others may have the lock.
const STEP: usize = 256;

/// A page of the list of traces.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Page {
    traces: Vec<Summary>,
    /// What to ask for as `before` to get the next page.
    next: Option<String>,
    /// How many fit. For a search that took too long, how many were found.
    total: usize,
    services: Vec<Arc<str>>,
    tools: Vec<Arc<str>>,
}

impl Store {
    /// The traces that fit, the last to arrive first.
    pub(crate) fn page(&self, filter: &Filter) -> Page {
        let began = Instant::now();
        let mut needle = filter.text.as_deref().and_then(Needle::new);
        let mut listing = Listing::new(filter);
        // Where all fit, nobody has to look at each to know how many there are.
        let all = filter.is_empty();
        let mut before = filter.before.filter(|_| all).unwrap_or(u64::MAX);
        while let Some((last, candidates)) = self.step(before, &mut listing, needle.is_some()) {
            before = last;
            for Candidate {
                arrived,
                summary,
                spans,
            } in candidates
            {
                let is_in = |needle: &mut Needle| needle.is_in(&summary, &spans);
                if began.elapsed() < TEXT_TAKES && needle.as_mut().is_some_and(is_in) {
                    listing.add(arrived, &summary);
                }
            }
            if all && listing.more {
                break;
            }
        }
        let mut page = listing.finish();
        let inner = self.lock();
        if all {
            page.total = inner.traces.len();
        }
        page.services = inner.names.services();
        page.tools = inner.names.tools();
        page
    }

    /// Lists the next traces that arrived before the one numbered `before`; gives the number of the
    /// last. Those whose text has to be searched are not listed but given, so that nobody waits for
    /// that.
    fn step(
        &self,
        before: u64,
        listing: &mut Listing<'_>,
        search: bool,
    ) -> Option<(u64, Vec<Candidate>)> {
        let mut inner = self.lock();
        let ids = inner.by_arrival.range(..before).rev().take(STEP);
        let ids: Vec<(u64, TraceId)> = ids.map(|(arrived, id)| (*arrived, *id)).collect();
        let mut candidates = Vec::new();
        for (arrived, id) in &ids {
            let Some(trace) = inner.traces.get_mut(id) else {
                continue;
            };
            let summary = trace.summary(*id);
            if !listing.filter.fits(summary) {
                continue;
            }
            if search {
                candidates.push(Candidate {
                    arrived: *arrived,
                    summary: summary.clone(),
                    spans: trace.spans().to_vec(),
                });
            } else {
                listing.add(*arrived, summary);
            }
        }
        Some((ids.last()?.0, candidates))
    }
}

/// A trace that fits, if the text stands in it.
struct Candidate {
    arrived: u64,
    summary: Summary,
    spans: Vec<Arc<Record>>,
}

/// A page in the making.
struct Listing<'a> {
    filter: &'a Filter,
    limit: usize,
    page: Page,
    /// The number of the last trace of the page.
    last: Option<u64>,
    /// Whether others fit that found no room.
    more: bool,
}

impl<'a> Listing<'a> {
    fn new(filter: &'a Filter) -> Self {
        Self {
            filter,
            limit: filter.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE),
            page: Page::default(),
            last: None,
            more: false,
        }
    }

    /// Counts a trace that fits, and shows it where it belongs on this page.
    fn add(&mut self, arrived: u64, trace: &Summary) {
        self.page.total += 1;
        if self.filter.before.is_some_and(|before| arrived >= before) {
            return;
        }
        if self.page.traces.len() < self.limit {
            self.last = Some(arrived);
            self.page.traces.push(trace.clone());
        } else {
            self.more = true;
        }
    }

    fn finish(mut self) -> Page {
        let last = self.last.filter(|_| self.more);
        self.page.next = last.map(|arrived| arrived.to_string());
        self.page
    }
}

/// What is searched for.
struct Needle {
    lower: String,
    /// It as it would stand in JSON, to pass quickly over spans that cannot have it.
    escaped: memmem::Finder<'static>,
    /// JSON in lower case.
    buffer: Vec<u8>,
}

impl Needle {
    /// Nothing, where there is nothing to search for.
    fn new(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let lower = text.to_lowercase();
        let escaped = serde_json::to_string(&lower).unwrap_or_default();
        let inside = escaped.strip_prefix('"').and_then(|e| e.strip_suffix('"'));
        Some(Self {
            escaped: memmem::Finder::new(inside.unwrap_or_default()).into_owned(),
            lower,
            buffer: Vec::new(),
        })
    }

    fn is_in(&mut self, summary: &Summary, spans: &[Arc<Record>]) -> bool {
        summary.trace_id.to_string().contains(&self.lower)
            || spans.iter().any(|span| self.is_in_span(span))
    }

    fn is_in_span(&mut self, span: &Record) -> bool {
        let within = |text: &str| text.to_lowercase().contains(&self.lower);
        if within(&span.name) || within(&span.service) || span.tool.as_deref().is_some_and(within) {
            return true;
        }
        // The text of JSON has keys and words of its own, so what it holds is looked at again.
        self.may_be_in(span.json()) && span.span().is_some_and(|span| self.is_in_values(&span))
    }

    fn may_be_in(&mut self, json: &str) -> bool {
        // Most text is ASCII, where lower case needs no table.
        self.buffer.clear();
        self.buffer.extend_from_slice(json.as_bytes());
        self.buffer.make_ascii_lowercase();
        !self.lower.is_ascii() || self.escaped.find(&self.buffer).is_some()
    }

    fn is_in_values(&self, span: &crate::Span) -> bool {
        let within = |text: &str| text.to_lowercase().contains(&self.lower);
        let values = |pairs: &[(String, crate::Value)]| {
            pairs.iter().any(|(_, value)| within(&value.to_string()))
        };
        within(&span.message)
            || within(&span.span_id.to_string())
            || values(&span.attributes)
            || span
                .events
                .iter()
                .any(|event| within(&event.name) || values(&event.attributes))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Trace;
    use super::*;
    use crate::{Limits, Span};

    /// A store with so many traces.
    fn store(traces: u64) -> Store {
        let limits = Limits {
            traces: usize::MAX,
            bytes: usize::MAX,
            ..Limits::default()
        };
        let store = Store::new(limits);
        let span = json!({
            "span_id": "00f067aa0ba902b7", "parent_id": null, "name": "a span", "kind": "server",
            "service": "test", "start_ns": "0", "duration_ns": 0, "status": "unset", "message": "",
            "attributes": {}, "events": [], "links": [], "flags": 0, "trace_state": "",
            "source": "otlp", "cut": false,
        });
        let span: Span = serde_json::from_value(span).unwrap();
        let record = Arc::new(Record::new(&span, &"{}".into(), None));
        let id = |n: u64| TraceId::from_u128(u128::from(n)).unwrap();
        let all = (1..=traces).map(|n| (id(n), record.clone())).collect();
        store.insert(all, 0, drop);
        store
    }

    #[test]
    fn a_page_of_everything_looks_at_no_more_than_it_shows() {
        let store = store(100 * STEP as u64);
        let mut filter = Filter::default();
        for shown in [PAGE, 2 * PAGE] {
            let page = store.page(&filter);
            assert_eq!((page.traces.len(), page.total), (PAGE, 100 * STEP));
            let summed = |trace: &&Trace| trace.is_summed();
            let looked = store.lock().traces.values().filter(summed).count();
            assert!((shown..=shown + 2 * STEP).contains(&looked), "{looked}");
            filter.before = page.next.and_then(|next| next.parse().ok());
        }
    }
}
