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
        let limit = filter.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
        let needle = filter.text.as_deref().filter(|text| !text.is_empty());
        let mut needle = needle.map(Needle::new);
        let began = Instant::now();
        let mut page = Page::default();
        let (mut last_shown, mut more) = (None, false);
        let mut before = u64::MAX;
        loop {
            let step = self.step(before, needle.is_some());
            let Some(last) = step.last() else { break };
            before = last.arrived;
            for seen in step {
                offer(&mut page.services, &seen.summary.services);
                offer(&mut page.tools, &seen.summary.tools);
                let fits = filter.fits(&seen.summary)
                    && needle.as_mut().is_none_or(|needle| {
                        began.elapsed() < TEXT_TAKES && needle.is_in(&seen.summary, &seen.spans)
                    });
                if !fits {
                    continue;
                }
                page.total += 1;
                if filter.before.is_some_and(|before| seen.arrived >= before) {
                    continue;
                }
                if page.traces.len() < limit {
                    last_shown = Some(seen.arrived);
                    page.traces.push(seen.summary);
                } else {
                    more = true;
                }
            }
        }
        page.next = last_shown
            .filter(|_| more)
            .map(|arrived| arrived.to_string());
        page
    }

    /// The next traces that arrived before the one numbered `before`.
    fn step(&self, before: u64, with_spans: bool) -> Vec<Seen> {
        let mut inner = self.lock();
        let ids = inner.by_arrival.range(..before).rev().take(STEP);
        let ids: Vec<(u64, TraceId)> = ids.map(|(arrived, id)| (*arrived, *id)).collect();
        let seen = ids.into_iter().filter_map(|(arrived, id)| {
            let trace = inner.traces.get_mut(&id)?;
            Some(Seen {
                arrived,
                summary: trace.summary(id),
                spans: if with_spans {
                    trace.spans().to_vec()
                } else {
                    Vec::new()
                },
            })
        });
        seen.collect()
    }
}

/// A trace at the time of the search.
struct Seen {
    arrived: u64,
    summary: Summary,
    spans: Vec<Arc<Record>>,
}

fn offer(names: &mut BTreeSet<Arc<str>>, more: &[Arc<str>]) {
    for name in more {
        if names.len() < NAMES && !names.contains(name) {
            names.insert(name.clone());
        }
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
    fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        let escaped = serde_json::to_string(&lower).unwrap_or_default();
        let inside = escaped.strip_prefix('"').and_then(|e| e.strip_suffix('"'));
        Self {
            escaped: memmem::Finder::new(inside.unwrap_or_default()).into_owned(),
            lower,
            buffer: Vec::new(),
        }
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
