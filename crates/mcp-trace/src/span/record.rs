//! A finished span.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use traceparent::{SpanId, TraceId};

use crate::agent::AgentContext;
use crate::{Attribute, End, Foreign, Method, Operation, Outcome, Parent, Text, TraceContext};

/// Which side of a call a span describes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SpanKind {
    /// Work inside one process.
    Internal,
    /// The side that answers.
    Server,
    /// The side that asks.
    Client,
}

/// A finished span, as sinks receive it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpanRecord {
    /// Trace id, the span's own id, flags and tracestate.
    pub context: TraceContext,
    /// The span above it; `None` for the root of a trace.
    pub parent: Option<Parent>,
    /// Which side of a call it describes.
    pub kind: SpanKind,
    /// What it is about.
    pub operation: Operation,
    /// Wall-clock time at its start, by the clock as it was set at most ten milliseconds before.
    pub start: SystemTime,
    /// Its length by a monotonic clock, so that it is never negative.
    pub duration: Duration,
    /// How the operation went.
    pub outcome: Outcome,
    /// What ended it.
    pub end: End,
    /// The agent it ran under, with the model that answered last before it began.
    pub agent: Option<AgentContext>,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What few spans have; boxed, so that the others stay small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) events: Vec<Event>,
    pub(crate) links: Vec<TraceContext>,
    pub(crate) dropped: u32,
    pub(crate) started: Option<Foreign>,
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub name: Text,
    /// When, since the start of the span.
    pub at: Duration,
    /// More about it.
    pub attributes: Vec<Attribute>,
}

impl SpanRecord {
    /// The most attributes, events and links a span keeps, of each.
    pub const MAX_EXTRAS: usize = 128;

    /// The trace.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.context.trace_id()
    }

    /// The span's own id.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.context.span_id()
    }

    /// The id of the span above it.
    #[must_use]
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent.map(|parent| parent.span_id)
    }

    /// The span's name by the OpenTelemetry conventions.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.operation.span_name()
    }

    /// Wall-clock time at its end.
    #[must_use]
    pub fn end_time(&self) -> SystemTime {
        self.start.checked_add(self.duration).unwrap_or(self.start)
    }

    /// Attributes that the program added; those of the conventions come from
    /// [`visit_attributes`](Self::visit_attributes).
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        self.extras
            .as_deref()
            .map_or(&[], |extras| &extras.attributes)
    }

    /// What happened during the span, oldest first.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.extras.as_deref().map_or(&[], |extras| &extras.events)
    }

    /// Spans that are related to this one without being above it.
    #[must_use]
    pub fn links(&self) -> &[TraceContext] {
        self.extras.as_deref().map_or(&[], |extras| &extras.links)
    }

    /// How many attributes, events and links did not fit.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.extras.as_deref().map_or(0, |extras| extras.dropped)
    }

    /// Drops what the program added (attributes, events, links) and counts it in
    /// [`dropped`](Self::dropped): for sinks that a span is too large for.
    pub fn drop_extras(&mut self) {
        let Some(extras) = self.extras.as_deref_mut() else {
            return;
        };
        let lost = extras.attributes.len() + extras.events.len() + extras.links.len();
        let lost = u32::try_from(lost).unwrap_or(u32::MAX);
        extras.dropped = extras.dropped.saturating_add(lost);
        extras.attributes = Vec::new();
        extras.events = Vec::new();
        extras.links = Vec::new();
    }

    /// What the sink left with the span at its start; see [`SpanStart`](crate::SpanStart).
    #[must_use]
    pub fn started(&self) -> Option<&Foreign> {
        self.extras.as_deref()?.started.as_ref()
    }

    /// A rough size in memory, in bytes, for queues that are bounded by bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        // Most texts are short, and within the record.
        let heap = |text: &Option<Text>| text.as_ref().map_or(0, Text::heap_len);
        let texts = match &self.operation {
            Operation::Mcp(call) => {
                // The others are known, and take no memory.
                let method = match &call.method {
                    Method::Other(name) => name.heap_len(),
                    _ => 0,
                };
                method + heap(&call.target) + heap(&call.request_id) + heap(&call.session_id)
            }
            Operation::Agent { name } | Operation::Internal { name } => name.heap_len(),
            Operation::Http(_) => 0,
        };
        size_of::<Self>()
            + texts
            + heap(&self.outcome.message)
            + carried(&self.context)
            + self.extras.as_deref().map_or(0, Extras::weight)
    }
}

/// The bytes of what travels along with a context, most of which callers wrote.
fn carried(context: &TraceContext) -> usize {
    context.tracestate().map_or(0, str::len) + context.baggage().map_or(0, str::len)
}

/// A program may add without limit; a span may not grow without limit.
impl Extras {
    pub(crate) fn push<T>(list: &mut Vec<T>, item: T, dropped: &mut u32) {
        if list.len() < SpanRecord::MAX_EXTRAS {
            list.push(item);
        } else {
            *dropped = dropped.saturating_add(1);
        }
    }

    fn weight(&self) -> usize {
        let attributes = |list: &[Attribute]| -> usize {
            list.iter()
                .map(|attribute| {
                    let value = match &attribute.value {
                        crate::Value::Text(text) => text.heap_len(),
                        _ => 0,
                    };
                    size_of::<Attribute>() + attribute.key.len() + value
                })
                .sum()
        };
        let events = self.events.iter().map(|event| {
            size_of::<Event>() + event.name.heap_len() + attributes(&event.attributes)
        });
        let links = self.links.iter();
        let links = links.map(|link| size_of::<TraceContext>() + carried(link));
        size_of::<Self>()
            + attributes(&self.attributes)
            + events.sum::<usize>()
            + links.sum::<usize>()
    }
}

const _: () = assert!(size_of::<SpanRecord>() <= 384, "queues hold many of these");
