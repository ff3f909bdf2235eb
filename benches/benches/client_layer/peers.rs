//! The layers of others, each with a subscriber whose sink drops its spans.

use http::Extensions;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_0_32::trace::TracerProvider as _;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use tower::Layer;
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;

/// The end of a chain: the answer to everything.
pub struct Answers;

#[async_trait::async_trait]
impl Middleware for Answers {
    async fn handle(
        &self,
        _: Request,
        _: &mut Extensions,
        _: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        Ok(super::answer().map(reqwest::Body::wrap).into())
    }
}

/// A provider without a processor makes spans that are not recorded; this one takes them and does
/// nothing. One per version, which the peers do not share.
macro_rules! dispatch {
    ($sdk:ident, $api:ident, $layer:ident) => {{
        #[derive(Debug)]
        struct Nothing;

        impl $sdk::trace::SpanProcessor for Nothing {
            fn on_start(&self, _: &mut $sdk::trace::Span, _: &$api::Context) {}
            fn on_end(&self, _: $sdk::trace::SpanData) {}
            fn force_flush(&self) -> $sdk::error::OTelSdkResult {
                Ok(())
            }
            fn shutdown_with_timeout(&self, _: std::time::Duration) -> $sdk::error::OTelSdkResult {
                Ok(())
            }
        }

        let propagator = $sdk::propagation::TraceContextPropagator::new();
        $api::global::set_text_map_propagator(propagator);
        let provider = $sdk::trace::SdkTracerProvider::builder()
            .with_span_processor(Nothing)
            .with_resource($sdk::Resource::builder_empty().build())
            .build();
        let layer = $layer::layer().with_tracer(provider.tracer("bench"));
        Dispatch::new(tracing_subscriber::registry().with(layer))
    }};
}

pub fn tower_otel<S>(
    inner: S,
) -> (
    <tower_otel::trace::HttpLayer as Layer<S>>::Service,
    Dispatch,
) {
    let layer = tower_otel::trace::HttpLayer::client(tracing::Level::INFO);
    (
        layer.layer(inner),
        dispatch!(opentelemetry_sdk, opentelemetry, tracing_opentelemetry),
    )
}

pub fn reqwest_tracing(chain: ClientBuilder) -> (ClientWithMiddleware, Dispatch) {
    let middleware = reqwest_tracing::TracingMiddleware::default();
    (
        chain.with(middleware).with(Answers).build(),
        dispatch!(
            opentelemetry_sdk_0_32,
            opentelemetry_0_32,
            tracing_opentelemetry_0_33
        ),
    )
}
