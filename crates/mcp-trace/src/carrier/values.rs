//! The one validator.

use std::borrow::Cow;

use traceparent::TraceParent;
use traceparent::tracestate::{MIN_PROPAGATED, TraceState};

use super::BaggageFilter;
use crate::TraceContext;

/// The longest list that is looked at, in bytes: more than 32 `tracestate` members or the
/// largest `baggage` can have.
const MAX_LIST: usize = 32 * 1024;

/// What a carrier held.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Extracted {
    /// No `traceparent`.
    Absent,
    /// A `traceparent` that breaks the rules: it counts as absent.
    Invalid,
    /// A valid context, marked as remote.
    Context(TraceContext),
}

impl Extracted {
    /// The context, if there is a valid one.
    #[must_use]
    pub fn into_context(self) -> Option<TraceContext> {
        match self {
            Self::Context(context) => Some(context),
            _ => None,
        }
    }
}

/// Reads a context from the values of `traceparent`, `tracestate` and `baggage`.
///
/// The values of a list are joined in their order. White space around `traceparent` is not
/// allowed: only an HTTP parser may strip it.
#[must_use]
#[inline]
pub fn extract_values<'a>(
    traceparent: &[u8],
    tracestate: impl IntoIterator<Item = &'a [u8]>,
    baggage: impl IntoIterator<Item = &'a [u8]>,
    filter: &BaggageFilter,
) -> Extracted {
    let Ok(parent) = TraceParent::parse(traceparent) else {
        return Extracted::Invalid;
    };
    let mut context = TraceContext::from_remote(parent);
    if let Some(list) = tracestate_of(tracestate) {
        context = context.with_valid_tracestate(&list);
    }
    if let Some(list) = filter.apply(baggage) {
        context = context.with_valid_baggage(&list);
    }
    Extracted::Context(context)
}

/// All of the list or nothing: an invalid member spoils it. What is longer than 512
/// characters loses whole members, so that a context stays small (section 3.3.1.5).
#[inline]
pub(crate) fn tracestate_of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let joined = join(values)?;
    let state = TraceState::parse(&joined).ok()?;
    let mut buffer = [0; MIN_PROPAGATED];
    Some(state.truncate(&mut buffer).as_str().to_owned())
}

/// Joins the values of several headers, in their order, up to [`MAX_LIST`].
pub(super) fn join<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Cow<'a, [u8]>> {
    let mut values = values.into_iter();
    let mut joined = Cow::Borrowed(values.next()?);
    for value in values {
        let joined = joined.to_mut();
        joined.push(b',');
        joined.extend_from_slice(value);
        if joined.len() > MAX_LIST {
            return None;
        }
    }
    (joined.len() <= MAX_LIST).then_some(joined)
}
