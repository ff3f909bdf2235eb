//! Metrics by the conventions.

use std::sync::Arc;

use mcp_trace::{
    EndedOperation, EndedSession, ObserverGuard, OperationObserver, SpanKind, add_observer,
};
use opentelemetry::metrics::{Histogram, Meter};

use crate::sink::attributes::Attributes;

/// Records `mcp.server.operation.duration`, `mcp.client.operation.duration`,
/// `mcp.server.session.duration` and `mcp.client.session.duration` by the [OpenTelemetry MCP
/// conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md):
/// histograms of seconds, with the boundaries and attributes that they name.
///
/// Every operation counts, whether its span is sampled or not, and also where there is no sink for
/// spans. What a caller can invent is bounded by the SDK's cardinality limit, or by
/// [`known_tools`](https://docs.rs/mcp-layer) of the server layer.
///
/// Sessions are those of streamable HTTP before MCP 2026-07-28, which has none, and count once a
/// client has ended them; see [`Sessions`](mcp_trace::Sessions).
///
/// ```
/// use opentelemetry::metrics::MeterProvider;
/// use opentelemetry_sdk::metrics::SdkMeterProvider;
///
/// let provider = SdkMeterProvider::default(); // yours has a reader
/// let _metrics = mcp_trace_opentelemetry::record_metrics(&provider.meter("mcp-trace"));
/// ```
pub fn record_metrics(meter: &Meter) -> ObserverGuard {
    add_observer(Arc::new(Metrics {
        server: histogram(
            meter,
            "mcp.server.operation.duration",
            "MCP request or notification duration as observed on the receiver from the time it was received until the result or ack is sent.",
        ),
        client: histogram(
            meter,
            "mcp.client.operation.duration",
            "MCP request or notification duration as observed on the sender from the time it was sent until the response or ack is received.",
        ),
        server_session: histogram(
            meter,
            "mcp.server.session.duration",
            "The duration of the MCP session as observed on the MCP server.",
        ),
        client_session: histogram(
            meter,
            "mcp.client.session.duration",
            "The duration of the MCP session as observed on the MCP client.",
        ),
    }))
}

fn histogram(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(EndedOperation::BUCKETS.to_vec())
        .build()
}

#[derive(Debug)]
struct Metrics {
    server: Histogram<f64>,
    client: Histogram<f64>,
    server_session: Histogram<f64>,
    client_session: Histogram<f64>,
}

impl OperationObserver for Metrics {
    fn observe(&self, operation: &EndedOperation<'_>) {
        if operation.metric().is_none() {
            return;
        }
        let histogram = match operation.kind {
            SpanKind::Server => &self.server,
            _ => &self.client,
        };
        let mut attributes = Attributes::default();
        operation.visit_metric_attributes(&mut attributes);
        histogram.record(operation.duration.as_secs_f64(), &attributes.0);
    }

    fn observe_session(&self, session: &EndedSession<'_>) {
        let histogram = match session.kind {
            SpanKind::Server => &self.server_session,
            _ => &self.client_session,
        };
        let mut attributes = Attributes::default();
        session.visit_metric_attributes(&mut attributes);
        histogram.record(session.duration.as_secs_f64(), &attributes.0);
    }
}
