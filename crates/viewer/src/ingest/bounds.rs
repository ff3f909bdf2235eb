//! How much of a span is kept.

use std::collections::HashSet;

use crate::span::{Span, Value};

/// Names of spans, services, events and attributes, and `tracestate`.
const NAME: usize = 1024;
/// Attributes of one span, events of one span, and so on.
const COUNT: usize = 128;
/// How many values of full length one span may hold.
const FULL_VALUES: usize = 16;

/// What may still be kept of one span.
struct Bounds {
    value: usize,
    left: usize,
    cut: bool,
}

/// Cuts off what is over a bound, and marks the span if there is any.
pub(super) fn bound(span: &mut Span, value: usize) {
    let mut bounds = Bounds {
        value,
        left: value.saturating_mul(FULL_VALUES),
        cut: false,
    };
    bounds.name(&mut span.name);
    bounds.name(&mut span.service);
    bounds.name(&mut span.trace_state);
    bounds.text(&mut span.message);
    bounds.pairs(&mut span.attributes);
    bounds.count(&mut span.events);
    for event in &mut span.events {
        bounds.name(&mut event.name);
        bounds.pairs(&mut event.attributes);
    }
    bounds.count(&mut span.links);
    for link in &mut span.links {
        bounds.pairs(&mut link.attributes);
    }
    span.cut |= bounds.cut;
}

/// The same for what is said about a service.
pub(super) fn bound_resource(resource: &mut Vec<(String, Value)>, value: usize) {
    let mut bounds = Bounds {
        value,
        left: value,
        cut: false,
    };
    bounds.pairs(resource);
}

impl Bounds {
    fn name(&mut self, text: &mut String) {
        self.cut_at(text, NAME);
    }

    fn text(&mut self, text: &mut String) {
        self.cut_at(text, self.value);
    }

    fn cut_at(&mut self, text: &mut String, max: usize) {
        let max = max.min(self.left);
        if text.len() > max {
            text.truncate(boundary(text, max));
            text.shrink_to_fit();
            self.cut = true;
        }
        self.left -= text.len();
    }

    fn count<T>(&mut self, items: &mut Vec<T>) {
        self.cut |= items.len() > COUNT;
        items.truncate(COUNT);
    }

    /// Keys must be unique, so of two with the same name the second goes.
    fn pairs(&mut self, pairs: &mut Vec<(String, Value)>) {
        self.count(pairs);
        for (key, value) in pairs.iter_mut() {
            self.name(key);
            self.value(value);
        }
        if !unique(pairs) {
            let mut seen = HashSet::new();
            pairs.retain(|(key, _)| seen.insert(key.clone()));
            self.cut = true;
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Text(text) => self.text(text),
            Value::List(values) => {
                self.count(values);
                values.iter_mut().for_each(|value| self.value(value));
            }
            _ => {}
        }
    }
}

fn unique(pairs: &[(String, Value)]) -> bool {
    // Few are compared at once, most differ in length or in the first byte.
    pairs.iter().enumerate().all(|(at, (key, _))| {
        pairs
            .get(..at)
            .is_none_or(|before| before.iter().all(|(other, _)| other != key))
    })
}

/// The last place at or before `max` where `text` may be cut.
fn boundary(text: &str, max: usize) -> usize {
    let mut places = (0..=max.min(text.len())).rev();
    places
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default()
}
