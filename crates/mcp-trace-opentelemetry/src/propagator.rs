//! Trace Context for OpenTelemetry's propagation.

use std::sync::OnceLock;

use mcp_trace::TraceContext;
use mcp_trace::carrier::{BaggageFilter, extract_values};
use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};

use crate::convert::{from_otel, to_otel};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Reads and writes `traceparent` and `tracestate` by the letter of
/// [Trace Context Level 2](https://www.w3.org/TR/trace-context-2/); a drop-in for
/// `opentelemetry_sdk::propagation::TraceContextPropagator`.
///
/// It reads strictly: every field has its exact length in lower-case hexadecimal digits, several
/// `traceparent` values are invalid together, and the values of several `tracestate` headers are
/// one list. It keeps the random flag of a trace, and writes no empty `tracestate`.
///
/// ```
/// use mcp_trace_opentelemetry::W3cPropagator;
/// use opentelemetry::global;
///
/// global::set_text_map_propagator(W3cPropagator::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct W3cPropagator;

impl W3cPropagator {
    /// The propagator; there is nothing to choose.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl TextMapPropagator for W3cPropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let Some(context) = from_otel(context) else {
            return;
        };
        injector.set(TRACEPARENT, context.traceparent().to_string());
        if let Some(list) = context.tracestate() {
            injector.set(TRACESTATE, list.to_owned());
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        match extract(extractor) {
            Some(received) => to_otel(context, &received),
            None => context.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: OnceLock<[String; 2]> = OnceLock::new();
        FieldIter::new(FIELDS.get_or_init(|| [TRACEPARENT, TRACESTATE].map(str::to_owned)))
    }
}

fn extract(extractor: &dyn Extractor) -> Option<TraceContext> {
    let parents = extractor.get_all(TRACEPARENT)?;
    let [parent] = parents[..] else {
        return None;
    };
    let states = extractor.get_all(TRACESTATE).unwrap_or_default();
    extract_values(
        parent.as_bytes(),
        states.into_iter().map(str::as_bytes),
        [],
        &BaggageFilter::none(),
    )
    .into_context()
}
