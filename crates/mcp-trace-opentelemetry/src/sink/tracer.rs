//! Spans of the SDK.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use mcp_trace::{Foreign, SpanHead, SpanRecord, SpanSink, SpanStart};
use opentelemetry::trace::{SpanBuilder, TraceContextExt, Tracer};
use opentelemetry::{Context, global};

use super::{attributes, event_time, kind, scope, status};
use crate::bridge::stack;
use crate::convert::{from_otel, span_context, to_otel};

/// Makes real spans with an OpenTelemetry tracer: its sampler decides, its limits hold, its
/// processors see the spans start and end, and the ids are OpenTelemetry's.
///
/// A sampler is shown the kind and the name as far as it is known, and no attributes: what a
/// message says is read later. While telemetry is suppressed, and after the provider was shut
/// down, no spans are made and the context above is passed on.
///
/// ```
/// use std::sync::Arc;
/// use mcp_trace::agent_span;
/// use mcp_trace_opentelemetry::TracerSink;
/// use opentelemetry::trace::TracerProvider;
/// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
///
/// let exporter = InMemorySpanExporter::default();
/// let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
/// let sink = Arc::new(TracerSink::new(provider.tracer("tools")));
/// agent_span("planner").with_sink(sink).start().end();
/// assert_eq!(exporter.get_finished_spans().unwrap()[0].name, "invoke_agent planner");
/// ```
pub struct TracerSink {
    start: Box<dyn Start>,
    lost: AtomicU64,
}

/// Tracers differ by the type of their spans; a context holds any.
trait Start: Send + Sync {
    /// The context inside a new span.
    fn start(&self, builder: SpanBuilder, above: &Context) -> Context;
}

impl<F: Fn(SpanBuilder, &Context) -> Context + Send + Sync> Start for F {
    fn start(&self, builder: SpanBuilder, above: &Context) -> Context {
        self(builder, above)
    }
}

impl TracerSink {
    /// Makes spans with `tracer`.
    pub fn new<T>(tracer: T) -> Self
    where
        T: Tracer<Span: Send + Sync + 'static> + Send + Sync + 'static,
    {
        Self::starting(move |builder, above: &Context| {
            above.with_span(tracer.build_with_context(builder, above))
        })
    }

    /// Makes spans with a tracer of the provider that is the global one when the first of them
    /// starts.
    #[must_use]
    pub fn global() -> Self {
        let tracer = OnceLock::new();
        Self::starting(move |builder, above: &Context| {
            let tracer = tracer.get_or_init(|| global::tracer_with_scope(scope()));
            above.with_span(tracer.build_with_context(builder, above))
        })
    }

    fn starting(start: impl Start + 'static) -> Self {
        Self {
            start: Box::new(start),
            lost: AtomicU64::new(0),
        }
    }

    /// How many spans it was given that it had not started, such as behind a
    /// [`FanOut`](mcp_trace::FanOut) where it is not the first. They are lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl SpanSink for TracerSink {
    /// The SDK's sampler decides.
    fn records_unsampled(&self) -> bool {
        true
    }

    fn start(&self, head: &SpanHead<'_>) -> SpanStart {
        if !stack::is_alive() {
            return SpanStart::Pass;
        }
        let current = Context::current();
        if current.is_telemetry_suppressed() {
            return SpanStart::Pass;
        }
        let above = match head.parent {
            Some(parent) if from_otel(&current).is_some_and(|here| here.same_span(parent)) => {
                current
            }
            Some(parent) => to_otel(&current, parent),
            // A span cannot be taken out of a context, and a sampler heeds even an invalid one.
            None if current.has_active_span() => Context::new(),
            None => current,
        };
        let builder = SpanBuilder::from_name(head.operation.span_name().into_owned())
            .with_kind(kind(head.kind))
            .with_start_time(head.start);
        let inside = self.start.start(builder, &above);
        let recording = inside.span().is_recording();
        let Some(mut context) = from_otel(&inside) else {
            return SpanStart::Pass;
        };
        if let Some(list) = head.parent.and_then(|parent| parent.baggage()) {
            context = context.with_baggage(list);
        }
        SpanStart::Chosen {
            context,
            recording,
            started: Some(Foreign::new(inside)),
        }
    }

    fn record(&self, record: SpanRecord) {
        let Some(started) = record.started().and_then(Foreign::downcast_ref::<Context>) else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let span = started.span();
        span.update_name(record.name().into_owned());
        span.set_attributes(attributes::of_span(&record));
        for event in record.events() {
            let name = event.name.as_str().to_owned();
            let at = event_time(&record, event);
            span.add_event_with_timestamp(name, at, attributes::of_event(event));
        }
        for link in record.links() {
            span.add_link(span_context(link), Vec::new());
        }
        span.set_status(status(&record.outcome));
        span.end_with_timestamp(record.end_time());
    }
}

impl fmt::Debug for TracerSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracerSink")
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}
