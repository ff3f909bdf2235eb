//! What a span is in OpenTelemetry, through the tracer and past it.

use std::sync::Arc;
use std::time::Duration;

use mcp_trace::{
    ActiveSpan, Attribute, FanOut, McpCall, MemorySink, Method, Outcome, Sampler, SpanKind,
    SpanSink, TraceContext, agent_span,
};
use mcp_trace_opentelemetry::{ProcessorSink, TracerSink};
use opentelemetry::trace::{SpanId, Status, TraceId, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, SdkTracerProvider, ShouldSample, SimpleSpanProcessor, SpanData,
    SpanProcessor,
};
use opentelemetry_sdk::{error::OTelSdkResult, trace as sdk};

fn tracer_sink(
    build: sdk::TracerProviderBuilder,
) -> (Arc<TracerSink>, InMemorySpanExporter, SdkTracerProvider) {
    let exporter = InMemorySpanExporter::default();
    let provider = build.with_simple_exporter(exporter.clone()).build();
    (
        Arc::new(TracerSink::new(provider.tracer("tests"))),
        exporter,
        provider,
    )
}

fn processor_sink() -> (
    Arc<ProcessorSink<SimpleSpanProcessor<InMemorySpanExporter>>>,
    InMemorySpanExporter,
) {
    let exporter = InMemorySpanExporter::default();
    let resource = Resource::builder_empty().with_service_name("tests").build();
    let processor = SimpleSpanProcessor::new(exporter.clone());
    (Arc::new(ProcessorSink::new(processor, &resource)), exporter)
}

fn parent() -> TraceContext {
    let parent = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";
    let parent = mcp_trace::TraceParent::parse(parent).unwrap();
    TraceContext::from_remote(parent).with_tracestate("a=1,b=2")
}

/// A call with everything.
fn record(sink: Arc<dyn SpanSink>) -> (TraceContext, TraceContext) {
    let mut call = McpCall::new(Method::Ping);
    call.request_id = Some("7".into());
    let span = ActiveSpan::builder(SpanKind::Server)
        .incoming(Some(parent()))
        .sink(sink)
        .start(call);
    let link = TraceContext::new_root();
    span.update_operation(|operation| {
        let mut call = McpCall::new(Method::ToolsCall);
        call.set_target(Some("weather"), None);
        *operation = call.into();
    });
    span.add_link(link.clone());
    span.set_attribute("city", "Vienna");
    span.set_attribute("degrees", 21.5);
    span.set_attribute("rain", false);
    span.set_attribute("tries", 2);
    std::thread::sleep(Duration::from_millis(2));
    span.add_event("cache.miss", vec![Attribute::new("key", "k")]);
    span.set_outcome(Outcome::failed("timeout").with_message("no answer"));
    let context = span.context().unwrap().clone();
    span.end();
    (context, link)
}

fn check(span: &SpanData, context: &TraceContext, link: &TraceContext) {
    assert_eq!(
        span.span_context.trace_id().to_bytes(),
        parent().trace_id().to_bytes()
    );
    assert_eq!(
        span.span_context.span_id().to_bytes(),
        context.span_id().to_bytes()
    );
    assert_eq!(
        span.span_context.trace_flags().to_u8(),
        3,
        "the random flag stays"
    );
    assert_eq!(span.span_context.trace_state().header(), "a=1,b=2");
    assert!(!span.span_context.is_remote());
    assert_eq!(
        span.parent_span_id.to_bytes(),
        parent().span_id().to_bytes()
    );
    assert!(span.parent_span_is_remote);
    assert_eq!(span.name, "tools/call weather");
    assert_eq!(span.span_kind, opentelemetry::trace::SpanKind::Server);
    assert_eq!(span.status, Status::error("no answer"));
    for attribute in [
        KeyValue::new("mcp.method.name", "tools/call"),
        KeyValue::new("gen_ai.tool.name", "weather"),
        KeyValue::new("error.type", "timeout"),
        KeyValue::new("city", "Vienna"),
        KeyValue::new("degrees", 21.5),
        KeyValue::new("rain", false),
        KeyValue::new("tries", 2_i64),
    ] {
        let found: Vec<_> = span
            .attributes
            .iter()
            .filter(|a| a.key == attribute.key)
            .collect();
        assert_eq!(found, [&attribute]);
    }
    assert_eq!(
        span.links[0].span_context.span_id().to_bytes(),
        link.span_id().to_bytes()
    );
    assert_eq!(span.links.len(), 1);
    let event = &span.events[0];
    assert_eq!(
        (&*event.name, &*event.attributes),
        ("cache.miss", &[KeyValue::new("key", "k")][..])
    );
    assert!(event.timestamp >= span.start_time + Duration::from_millis(2));
    assert!(event.timestamp <= span.end_time);
}

#[test]
fn the_tracer_makes_the_same_span_as_the_processor_is_given() {
    let (sink, exporter, _provider) = tracer_sink(SdkTracerProvider::builder());
    let (context, link) = record(sink.clone());
    let [span] = exporter.get_finished_spans().unwrap().try_into().unwrap();
    check(&span, &context, &link);
    assert_eq!(span.instrumentation_scope.name(), "tests");
    assert_eq!(sink.lost(), 0);

    let (sink, exporter) = processor_sink();
    let (context, link) = record(sink);
    let [span] = exporter.get_finished_spans().unwrap().try_into().unwrap();
    check(&span, &context, &link);
    assert_eq!(span.instrumentation_scope.name(), "mcp-trace");
    assert_eq!(
        span.instrumentation_scope.version(),
        Some(env!("CARGO_PKG_VERSION"))
    );
}

/// Says no to agents called `secret`, and writes down what it was asked.
#[derive(Clone, Debug)]
struct NotSecret;

impl ShouldSample for NotSecret {
    fn should_sample(
        &self,
        _parent: Option<&Context>,
        _trace_id: TraceId,
        name: &str,
        _kind: &opentelemetry::trace::SpanKind,
        _attributes: &[KeyValue],
        _links: &[opentelemetry::trace::Link],
    ) -> sdk::SamplingResult {
        let decision = if name.ends_with("secret") {
            sdk::SamplingDecision::Drop
        } else {
            sdk::SamplingDecision::RecordAndSample
        };
        sdk::SamplingResult {
            decision,
            attributes: vec![KeyValue::new("sampled.by", "test")],
            trace_state: Default::default(),
        }
    }
}

#[derive(Debug)]
struct Started(Arc<std::sync::Mutex<Vec<SpanId>>>);

impl SpanProcessor for Started {
    fn on_start(&self, span: &mut sdk::Span, _cx: &Context) {
        use opentelemetry::trace::Span;
        // Nothing is current, and asking must not hang.
        assert!(mcp_trace::current_span().is_none());
        self.0.lock().unwrap().push(span.span_context().span_id());
        span.set_attribute(KeyValue::new("seen", true));
    }
    fn on_end(&self, _span: SpanData) {}
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[test]
fn the_providers_sampler_limits_and_processors_hold() {
    let started = Arc::default();
    let builder = SdkTracerProvider::builder()
        .with_sampler(NotSecret)
        .with_max_attributes_per_span(5)
        .with_span_processor(Started(Arc::clone(&started)));
    let (sink, exporter, provider) = tracer_sink(builder);

    let secret = agent_span("secret").with_sink(sink.clone()).start();
    assert!(!secret.is_recording() && !secret.context().unwrap().is_sampled());
    secret.end();
    assert!(exporter.get_finished_spans().unwrap().is_empty());

    let span = agent_span("open").with_sink(sink.clone()).start();
    let id = SpanId::from_bytes(span.context().unwrap().span_id().to_bytes());
    assert_eq!(*started.lock().unwrap(), [id]);
    for key in ["a", "b", "c", "d", "e", "f"] {
        span.set_attribute(key, key);
    }
    span.end();
    let [span] = exporter.get_finished_spans().unwrap().try_into().unwrap();
    assert_eq!(span.parent_span_id, SpanId::INVALID);
    assert_eq!(span.attributes.len(), 5);
    assert!(span.attributes.contains(&KeyValue::new("seen", true)));
    assert!(
        span.attributes
            .contains(&KeyValue::new("sampled.by", "test"))
    );

    // A provider that was shut down makes no ids that nobody exports.
    provider.shutdown().unwrap();
    let under = TraceContext::new_root();
    let span = agent_span("late")
        .with_sink(sink)
        .under(under.clone())
        .start();
    assert_eq!(span.context(), Some(&under));
}

#[test]
fn a_new_trace_stays_one_inside_another() {
    let (sink, _exporter, provider) = tracer_sink(SdkTracerProvider::builder());
    use opentelemetry::trace::{TraceContextExt, Tracer};
    let other = Context::current_with_span(provider.tracer("other").start("other"));
    let _guard = other.attach();
    let span = ActiveSpan::builder(SpanKind::Server)
        .under(None)
        .sink(sink)
        .start(McpCall::new(Method::Ping));
    let trace_id = span.context().unwrap().trace_id().to_bytes();
    assert_ne!(
        trace_id,
        Context::current()
            .span()
            .span_context()
            .trace_id()
            .to_bytes()
    );
    assert!(span.is_recording());
}

#[test]
fn suppressed_telemetry_starts_nothing() {
    let (sink, exporter, _provider) = tracer_sink(SdkTracerProvider::builder());
    let _quiet = Context::enter_telemetry_suppressed_scope();
    agent_span("quiet").with_sink(sink).start().end();
    assert!(exporter.get_finished_spans().unwrap().is_empty());
}

#[test]
fn a_tracer_must_be_the_first_of_several_sinks() {
    let (tracer, exporter, _provider) = tracer_sink(SdkTracerProvider::builder());
    let memory = Arc::new(MemorySink::default());
    let first = Arc::new(FanOut::new(tracer.clone()).and(memory.clone()));
    agent_span("a").with_sink(first).start().end();
    let ours = memory.take().remove(0);
    let theirs = exporter.get_finished_spans().unwrap().remove(0);
    assert_eq!(
        ours.span_id().to_bytes(),
        theirs.span_context.span_id().to_bytes()
    );

    let second = Arc::new(FanOut::new(memory).and(tracer.clone()));
    agent_span("b").with_sink(second).start().end();
    assert_eq!(
        (exporter.get_finished_spans().unwrap().len(), tracer.lost()),
        (1, 1)
    );
}

#[test]
fn a_processor_gets_what_our_sampler_lets_through() {
    let exporter = InMemorySpanExporter::default();
    let processor = SimpleSpanProcessor::new(exporter.clone());
    let sink = ProcessorSink::new(processor, &Resource::builder_empty().build())
        .sampled_by(Sampler::NEVER);
    let sink = Arc::new(sink);
    agent_span("a").with_sink(sink.clone()).start().end();
    agent_span("b")
        .with_sink(sink.clone())
        .under(parent())
        .start()
        .end();
    let [span] = exporter.get_finished_spans().unwrap().try_into().unwrap();
    assert_eq!(span.name, "invoke_agent b");
    sink.force_flush().unwrap();
    sink.shutdown(Duration::from_secs(1)).unwrap();
    assert!(exporter.is_shutdown_called());
}
