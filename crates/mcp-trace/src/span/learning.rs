//! What is learnt about an open span.

use std::borrow::Cow;

use super::active::ActiveSpan;
use super::record::Extras;
use crate::{Attribute, Event, Operation, Outcome, Text, TraceContext, Value};

/// What a span is about and what became of it, as far as that is known.
#[derive(Debug)]
pub(super) struct Learnt {
    pub(super) operation: Operation,
    pub(super) outcome: Outcome,
    pub(super) extras: Option<Box<Extras>>,
    /// It counts as an operation of its own.
    pub(super) counts: bool,
}

impl Learnt {
    #[inline]
    pub(super) fn nothing() -> Self {
        Self {
            operation: Operation::nothing(),
            outcome: Outcome::success(),
            extras: None,
            counts: false,
        }
    }
}

impl ActiveSpan {
    /// Changes what the span is about, such as a target that became known late. The span is locked
    /// meanwhile: `change` must not use it.
    pub fn update_operation(&self, change: impl FnOnce(&mut Operation)) {
        self.while_open(|learnt| change(&mut learnt.operation));
    }

    /// Sets the result; the last one before the end counts.
    pub fn set_outcome(&self, outcome: Outcome) {
        self.while_open(|learnt| learnt.outcome = outcome);
    }

    /// Adds an attribute; at most [`MAX_EXTRAS`](crate::SpanRecord::MAX_EXTRAS) are kept. Under a name that the span has
    /// by the conventions anyway, it is not recorded.
    pub fn set_attribute(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let attribute = Attribute::new(key, value);
        self.with_extras(|extras| {
            match extras
                .attributes
                .iter_mut()
                .find(|old| old.key == attribute.key)
            {
                Some(old) => *old = attribute,
                None => Extras::push(&mut extras.attributes, attribute, &mut extras.dropped),
            }
        });
    }

    /// Records that something happened now; at most [`MAX_EXTRAS`](crate::SpanRecord::MAX_EXTRAS) are kept.
    pub fn add_event(&self, name: &str, attributes: Vec<Attribute>) {
        let event = Event {
            name: Text::new(name),
            at: self.elapsed(),
            attributes,
        };
        self.with_extras(|extras| Extras::push(&mut extras.events, event, &mut extras.dropped));
    }

    /// Relates the span to another one; at most [`MAX_EXTRAS`](crate::SpanRecord::MAX_EXTRAS) are kept.
    pub fn add_link(&self, context: TraceContext) {
        self.with_extras(|extras| Extras::push(&mut extras.links, context, &mut extras.dropped));
    }

    /// Says that it is no operation of its own after all, such as an answer out of a cache:
    /// [observers](crate::OperationObserver) are not told of it.
    pub fn uncounted(&self) {
        self.while_open(|learnt| learnt.counts = false);
    }

    fn with_extras(&self, change: impl FnOnce(&mut Extras)) {
        // A span whose place is open may still be recorded: only a settled "no" saves the work.
        if self
            .identity
            .get()
            .is_none_or(|identity| identity.recording)
        {
            self.while_open(|learnt| change(learnt.extras.get_or_insert_default()));
        }
    }

    fn while_open(&self, change: impl FnOnce(&mut Learnt)) {
        if self.is_unobserved() {
            return;
        }
        let mut learnt = self.learnt();
        if !self.has_ended() {
            change(&mut learnt);
        }
    }
}
