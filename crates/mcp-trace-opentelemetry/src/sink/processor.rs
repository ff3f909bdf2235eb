//! Spans past the SDK's tracer.

use std::time::Duration;

use mcp_trace::{Sampler, SpanRecord, SpanSink};
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{Event, Link, SpanId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks, SpanProcessor};

use super::{attributes, event_time, kind, scope, status};
use crate::convert::span_context;

/// Hands finished spans straight to a [`SpanProcessor`], such as the SDK's batch processor: with
/// our ids and [`Sampler`], without the tracer's cost.
///
/// What it leaves out beside [`TracerSink`](crate::TracerSink): the processor's `on_start` is never
/// called; the provider's sampler, id generator and span limits do not apply (a span keeps at most
/// [128](SpanRecord::MAX_EXTRAS) attributes, events and links of the program, each); and
/// `Context::current().span()` in a handler has the right ids but records nothing.
///
/// ```
/// use std::sync::Arc;
/// use mcp_trace::agent_span;
/// use mcp_trace_opentelemetry::ProcessorSink;
/// use opentelemetry_sdk::Resource;
/// use opentelemetry_sdk::trace::{BatchSpanProcessor, InMemorySpanExporter};
///
/// let exporter = InMemorySpanExporter::default();
/// let resource = Resource::builder().with_service_name("tools").build();
/// let processor = BatchSpanProcessor::builder(exporter.clone()).build();
/// let sink = Arc::new(ProcessorSink::new(processor, &resource));
/// agent_span("planner").with_sink(sink.clone()).start().end();
/// sink.force_flush().unwrap();
/// assert_eq!(exporter.get_finished_spans().unwrap()[0].name, "invoke_agent planner");
/// ```
#[derive(Debug)]
pub struct ProcessorSink<P> {
    processor: P,
    scope: InstrumentationScope,
    sampler: Sampler,
}

impl<P: SpanProcessor> ProcessorSink<P> {
    /// Tells the processor its resource, which is what describes this process, and records into
    /// it.
    pub fn new(mut processor: P, resource: &Resource) -> Self {
        processor.set_resource(resource);
        Self {
            processor,
            scope: scope(),
            sampler: Sampler::ALWAYS,
        }
    }

    /// Which new traces are recorded. Defaults to all.
    #[must_use]
    pub fn sampled_by(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// Waits until the processor has exported what it holds.
    ///
    /// # Errors
    /// The processor's.
    pub fn force_flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    /// Exports what the processor holds, and then no more.
    ///
    /// # Errors
    /// The processor's.
    pub fn shutdown(&self, timeout: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }
}

impl<P: SpanProcessor + 'static> SpanSink for ProcessorSink<P> {
    fn record(&self, span: SpanRecord) {
        let mut events = SpanEvents::default();
        events.events = span
            .events()
            .iter()
            .map(|event| {
                let name = event.name.as_str().to_owned();
                Event::new(
                    name,
                    event_time(&span, event),
                    attributes::of_event(event),
                    0,
                )
            })
            .collect();
        let mut links = SpanLinks::default();
        links.links = span
            .links()
            .iter()
            .map(|link| Link::new(span_context(link), Vec::new(), 0))
            .collect();
        let parent = span.parent;
        self.processor.on_end(SpanData {
            span_context: span_context(&span.context),
            parent_span_id: parent.map_or(SpanId::INVALID, |parent| {
                SpanId::from_bytes(parent.span_id.to_bytes())
            }),
            parent_span_is_remote: parent.is_some_and(|parent| parent.remote),
            span_kind: kind(span.kind),
            name: span.name().into_owned().into(),
            start_time: span.start,
            end_time: span.end_time(),
            attributes: attributes::of_span(&span),
            dropped_attributes_count: span.dropped(),
            events,
            links,
            status: status(&span.outcome),
            instrumentation_scope: self.scope.clone(),
        });
    }

    fn sampler(&self) -> Sampler {
        self.sampler
    }
}
