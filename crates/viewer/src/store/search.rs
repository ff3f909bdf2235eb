//! Lists of traces.

use std::collections::BTreeSet;
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
/// Names that are offered to choose from.
const NAMES: usize = 1000;
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
    services: BTreeSet<Arc<str>>,
    tools: BTreeSet<Arc<str>>,
}

impl Store {
    /// The traces that fit, the last to arrive first.
    pub(crate) fn page(&self, filter: &Filter) -> Page {
        let began = Instant::now();
        let mut needle = filter.text.as_deref().and_then(Needle::new);
        let mut listing = Listing::new(filter);
        let mut before = u64::MAX;
        while let Some((last, candidates)) = self.step(before, &mut listing, needle.is_some()) {
            before = last;
            let Some(needle) = &mut needle else { continue };
            for Candidate {
                arrived,
                summary,
                spans,
            } in candidates
            {
                if began.elapsed() < TEXT_TAKES && needle.is_in(&summary, &spans) {
                    listing.add(arrived, &summary);
                }
            }
        }
        listing.finish()
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
            listing.offer(summary);
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

    /// Offers a trace's names to choose from.
    fn offer(&mut self, trace: &Summary) {
        for (names, more) in [
            (&mut self.page.services, &trace.services),
            (&mut self.page.tools, &trace.tools),
        ] {
            for name in more {
                if names.len() < NAMES && !names.contains(name) {
                    names.insert(name.clone());
                }
            }
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
