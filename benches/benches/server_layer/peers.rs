//! The layers of others, each with a sink that drops its spans.

use fastrace::collector::{Config, Reporter, SpanRecord};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, Span, SpanData, SpanProcessor},
};
use tower::Layer;
use tracing_subscriber::layer::SubscriberExt;

struct Drops;

impl Reporter for Drops {
    fn report(&mut self, _spans: Vec<SpanRecord>) {}
}

pub fn fastrace_layer() -> fastrace_tower::FastraceServerLayer {
    fastrace::set_reporter(Drops, Config::default());
    fastrace_tower::FastraceServerLayer::default()
}

/// Takes spans and does nothing, as our own sink does.
#[derive(Debug)]
struct Nothing;

impl SpanProcessor for Nothing {
    fn on_start(&self, _span: &mut Span, _context: &opentelemetry::Context) {}
    fn on_end(&self, _span: SpanData) {}
    fn force_flush(&self) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(
        &self,
        _timeout: std::time::Duration,
    ) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
}

fn provider() -> SdkTracerProvider {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    SdkTracerProvider::builder()
        .with_span_processor(Nothing)
        .with_resource(Resource::builder_empty().build())
        .build()
}

pub fn tower_otel<S>(inner: S) -> <tower_otel::trace::HttpLayer as Layer<S>>::Service {
    let tracer = provider().tracer("bench");
    let subscriber =
        tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));
    tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
    tower_otel::trace::HttpLayer::server(tracing::Level::INFO).layer(inner)
}

pub fn instrumentation<S>(
    inner: S,
) -> <opentelemetry_instrumentation_tower::http::server::Layer as Layer<S>>::Service {
    opentelemetry::global::set_tracer_provider(provider());
    opentelemetry_instrumentation_tower::http::server::Layer::new().layer(inner)
}
