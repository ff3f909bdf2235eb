//! The context that crosses process boundaries.

use std::fmt;
use std::sync::Arc;

use traceparent::baggage::Baggage;
use traceparent::{SpanId, TraceFlags, TraceId, TraceParent};

use crate::{carrier, current_span, hook, id};

/// A position in a trace: trace id, span id and flags, with the `tracestate` and `baggage`
/// that travel along.
///
/// Cheap to clone; see [W3C Trace Context Level 2](https://www.w3.org/TR/trace-context-2/).
#[derive(Clone, Eq, PartialEq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    flags: TraceFlags,
    remote: bool,
    carried: Option<Arc<Carried>>,
}

#[derive(Clone, Default, Eq, PartialEq)]
struct Carried {
    tracestate: Option<Box<str>>,
    baggage: Option<Box<str>>,
}

impl TraceContext {
    /// A context of this process.
    #[must_use]
    pub const fn new(trace_id: TraceId, span_id: SpanId, flags: TraceFlags) -> Self {
        Self {
            trace_id,
            span_id,
            flags,
            remote: false,
            carried: None,
        }
    }

    /// A context that a peer sent as `traceparent`.
    #[must_use]
    pub const fn from_remote(parent: TraceParent) -> Self {
        Self {
            trace_id: parent.trace_id(),
            span_id: parent.parent_id(),
            flags: parent.flags(),
            remote: true,
            carried: None,
        }
    }

    /// The context of the span that is current in this poll; see [`current`](crate::current).
    #[must_use]
    pub fn current() -> Option<Self> {
        hook::ambient().or_else(|| current_span()?.context().cloned())
    }

    /// A new trace with random ids, sampled and with the random flag set.
    #[must_use]
    pub fn new_root() -> Self {
        Self::new(
            id::trace_id(),
            id::span_id(),
            TraceFlags::SAMPLED | TraceFlags::RANDOM,
        )
    }

    /// The same trace, flags, tracestate and baggage with another span id of this process.
    #[must_use]
    pub(crate) fn with_span_id(&self, span_id: SpanId) -> Self {
        Self {
            span_id,
            remote: false,
            ..self.clone()
        }
    }

    /// The same context with the sampled flag set or cleared.
    #[must_use]
    pub fn with_sampled(mut self, sampled: bool) -> Self {
        self.flags = self.flags.with_sampled(sampled);
        self
    }

    /// Replaces the tracestate. An invalid list counts as none, and a long one loses whole
    /// members ([Trace Context Level 2](https://www.w3.org/TR/trace-context-2/), section 3.3.1.5).
    #[must_use]
    pub fn with_tracestate(self, list: &str) -> Self {
        let valid = carrier::tracestate_of([list.as_bytes()]);
        self.with_valid_tracestate(valid.as_deref().unwrap_or_default())
    }

    /// Replaces the tracestate by a list that is valid.
    #[must_use]
    pub(crate) fn with_valid_tracestate(mut self, list: &str) -> Self {
        self.carried_mut(|carried| carried.tracestate = non_empty(list));
        self
    }

    /// Replaces the baggage. An invalid list counts as none
    /// ([W3C Baggage](https://www.w3.org/TR/baggage/)).
    #[must_use]
    pub fn with_baggage(self, list: &str) -> Self {
        let valid = Baggage::parse(list).map_or("", |list| list.as_str());
        self.with_valid_baggage(valid)
    }

    #[must_use]
    pub(crate) fn with_valid_baggage(mut self, list: &str) -> Self {
        self.carried_mut(|carried| carried.baggage = non_empty(list));
        self
    }

    fn carried_mut(&mut self, change: impl FnOnce(&mut Carried)) {
        let mut carried = self.carried.as_deref().cloned().unwrap_or_default();
        change(&mut carried);
        self.carried = (carried != Carried::default()).then(|| Arc::new(carried));
    }

    /// The trace that this context belongs to.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span that is the parent of what is started under this context.
    #[must_use]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The trace flags; bits that Level 2 does not define are never set.
    #[must_use]
    pub const fn flags(&self) -> TraceFlags {
        self.flags
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags.is_sampled()
    }

    /// Whether the span of this context belongs to another process.
    #[must_use]
    pub const fn is_remote(&self) -> bool {
        self.remote
    }

    /// The `tracestate` list, if there is one.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.carried.as_deref()?.tracestate.as_deref()
    }

    /// The `baggage` list, if there is one.
    #[must_use]
    pub fn baggage(&self) -> Option<&str> {
        self.carried.as_deref()?.baggage.as_deref()
    }

    /// The value of a `traceparent` header that makes its reader a child of this context.
    #[must_use]
    pub const fn traceparent(&self) -> TraceParent {
        TraceParent::new(self.trace_id, self.span_id, self.flags)
    }

    /// Whether both name the same span of the same trace.
    #[must_use]
    pub fn same_span(&self, other: &Self) -> bool {
        self.trace_id == other.trace_id && self.span_id == other.span_id
    }
}

fn non_empty(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}

impl fmt::Debug for TraceContext {
    // Baggage may hold what users typed: only its presence is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceContext")
            .field("traceparent", &self.traceparent())
            .field("remote", &self.remote)
            .field("tracestate", &self.tracestate())
            .field("baggage", &self.baggage().map(|_| ".."))
            .finish()
    }
}
