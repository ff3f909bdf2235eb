//! The counts under the names that OpenTelemetry gives those of its SDKs.

use std::fmt::{self, Write};

use crate::stats::{DestinationStats, DropReason, Stats};

/// A number about the exporter itself, by the [conventions for the metrics of
/// SDKs](https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/), in spans.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SelfMetric {
    /// Such as `otel.sdk.exporter.span.exported`.
    pub name: &'static str,
    /// Whether it only grows (a counter), or also falls (an up-down counter).
    pub monotonic: bool,
    /// `otel.component.name`: the destination, such as `mcp-trace/otlp`.
    pub component: String,
    /// `error.type`: why spans were lost, a [`DropReason`] or `rejected` by the receiver.
    pub error_type: Option<&'static str>,
    /// How many.
    pub value: u64,
}

const CAPACITY: &str = "otel.sdk.processor.span.queue.capacity";
const SIZE: &str = "otel.sdk.processor.span.queue.size";
const PROCESSED: &str = "otel.sdk.processor.span.processed";
const IN_FLIGHT: &str = "otel.sdk.exporter.span.inflight";
const EXPORTED: &str = "otel.sdk.exporter.span.exported";
/// No convention knows spans on disk.
const SPOOLED: &str = "mcp_trace.exporter.span.spooled";

/// Each with what it is, in the order of a page.
const FAMILIES: [(&str, bool, &str); 6] = [
    (CAPACITY, false, "The most spans that wait in memory."),
    (SIZE, false, "Spans that wait in memory."),
    (
        PROCESSED,
        true,
        "Spans that left the queue, or found no room in it.",
    ),
    (
        IN_FLIGHT,
        false,
        "Spans that are encoded and neither delivered nor lost.",
    ),
    (EXPORTED, true, "Spans that were delivered, or lost."),
    (SPOOLED, false, "Spans that wait on disk."),
];

impl Stats {
    /// The counts of every destination as metrics, to hand to a meter. Reading them records
    /// nothing.
    ///
    /// `otel.sdk.span.started` and `otel.sdk.span.live` are not among them: the exporter sees a
    /// span when it has ended. Nor is `otel.sdk.exporter.operation.duration`, which is to cover all
    /// attempts for a batch: here one may be divided, wait on disk and outlive the process.
    #[must_use]
    pub fn metrics(&self) -> Vec<SelfMetric> {
        self.destinations
            .iter()
            .flat_map(DestinationStats::metrics)
            .collect()
    }

    /// The same as a page, or a part of one, in Prometheus' [text
    /// format](https://prometheus.io/docs/instrumenting/exposition_formats/).
    #[must_use]
    pub fn prometheus(&self) -> String {
        let (metrics, mut page) = (self.metrics(), String::new());
        for (name, monotonic, help) in FAMILIES {
            // Writing into a string does not fail.
            let _ = family(&mut page, &metrics, (name, monotonic, help));
        }
        page
    }
}

impl DestinationStats {
    fn metrics(&self) -> Vec<SelfMetric> {
        let component = format!("{}/{}", crate::NAME, self.name);
        let metric = |name, error_type, value| SelfMetric {
            name,
            monotonic: matches!(name, PROCESSED | EXPORTED),
            component: component.clone(),
            error_type,
            value,
        };
        // These never came as far as to be exported.
        let before = [DropReason::QueueFull, DropReason::AlreadyShutdown];
        let turned_away: u64 = before.map(|reason| self.dropped.count(reason)).iter().sum();
        let processed = self.recorded.saturating_sub(self.queued + turned_away);
        let mut metrics = vec![
            metric(CAPACITY, None, self.capacity),
            metric(SIZE, None, self.queued),
            metric(PROCESSED, None, processed),
            metric(IN_FLIGHT, None, self.in_flight),
            metric(EXPORTED, None, self.exported),
            metric(EXPORTED, Some("rejected"), self.rejected),
            metric(SPOOLED, None, self.spooled),
        ];
        for (reason, lost) in self.dropped.iter() {
            let name = if before.contains(&reason) {
                PROCESSED
            } else {
                EXPORTED
            };
            metrics.push(metric(name, Some(reason.as_str()), lost));
        }
        metrics
    }
}

fn family(
    page: &mut String,
    metrics: &[SelfMetric],
    (name, monotonic, help): (&str, bool, &str),
) -> fmt::Result {
    let suffix = if monotonic { "_total" } else { "" };
    let kind = if monotonic { "counter" } else { "gauge" };
    let title = format!("{}{suffix}", name.replace('.', "_"));
    let mut own = metrics
        .iter()
        .filter(|metric| metric.name == name)
        .peekable();
    if own.peek().is_none() {
        return Ok(());
    }
    writeln!(page, "# HELP {title} {help}\n# TYPE {title} {kind}")?;
    for metric in own {
        // A program names its own destinations.
        let component = metric.component.replace('\\', "\\\\").replace('"', "\\\"");
        let component = component.replace('\n', "\\n");
        write!(page, "{title}{{otel_component_name=\"{component}\"")?;
        if let Some(error_type) = metric.error_type {
            write!(page, ",error_type=\"{error_type}\"")?;
        }
        writeln!(page, "}} {}", metric.value)?;
    }
    Ok(())
}
