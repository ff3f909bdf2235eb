//! What has been counted.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mcp_trace::{
    EndedOperation, EndedSession, ObserverGuard, OperationObserver, SpanKind, add_observer,
};

use crate::MetricsService;
use crate::histogram::Histogram;
use crate::labels::Labels;

/// As OpenTelemetry's SDKs name the series that has what found no room.
const OVERFLOW: &str = "otel_metric_overflow=\"true\"";

/// The histograms of a process. A clone is another handle to the same ones.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    families: Arc<Families>,
    more: Vec<More>,
}

/// What others add to the page.
#[derive(Clone)]
struct More(Arc<dyn Fn() -> String + Send + Sync>);

impl fmt::Debug for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("More")
    }
}

#[derive(Debug, Default)]
struct Families {
    server: Family,
    client: Family,
    server_session: Family,
    client_session: Family,
}

#[derive(Debug, Default)]
struct Family {
    series: RwLock<HashMap<String, Histogram>>,
}

impl Metrics {
    /// The most series of each histogram; what has yet other labels is counted together, under the
    /// label `otel_metric_overflow`.
    pub const MAX_SERIES: usize = 2000;

    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to the page of this handle and of the clones made of it what `page` returns: more
    /// families in the same format, such as those of an exporter, as
    /// `move || handle.stats().prometheus()`.
    #[must_use]
    pub fn and(mut self, page: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.more.push(More(Arc::new(page)));
        self
    }

    /// Counts every MCP operation of the process, until the guard is dropped.
    pub fn install(&self) -> ObserverGuard {
        add_observer(Arc::new(self.clone()))
    }

    /// A service to mount at `/metrics`.
    #[must_use]
    pub fn service(&self) -> MetricsService {
        MetricsService::new(self.clone())
    }

    /// The page: all histograms, and what was [added](Self::and), in the [text
    /// format](https://prometheus.io/docs/instrumenting/exposition_formats/).
    #[must_use]
    pub fn render(&self) -> String {
        let mut page = String::new();
        // Writing into a string does not fail.
        let _ = self.families.server.write(
            "mcp_server_operation_duration_seconds",
            "Duration of MCP requests and notifications, from their arrival until the answer has left.",
            &mut page,
        );
        let _ = self.families.client.write(
            "mcp_client_operation_duration_seconds",
            "Duration of MCP requests and notifications, from sending them until the answer is read.",
            &mut page,
        );
        let _ = self.families.server_session.write(
            "mcp_server_session_duration_seconds",
            "Duration of MCP sessions that their clients have ended, as the server sees it.",
            &mut page,
        );
        let _ = self.families.client_session.write(
            "mcp_client_session_duration_seconds",
            "Duration of MCP sessions that have ended, as the client sees it.",
            &mut page,
        );
        for More(more) in &self.more {
            page.push_str(&more());
        }
        page
    }
}

impl OperationObserver for Metrics {
    fn observe(&self, operation: &EndedOperation<'_>) {
        if operation.metric().is_none() {
            return;
        }
        let family = match operation.kind {
            SpanKind::Server => &self.families.server,
            _ => &self.families.client,
        };
        let mut labels = Labels(String::with_capacity(256));
        operation.visit_metric_attributes(&mut labels);
        family.record(labels.0, operation.duration);
    }

    fn observe_session(&self, session: &EndedSession<'_>) {
        let family = match session.kind {
            SpanKind::Server => &self.families.server_session,
            _ => &self.families.client_session,
        };
        let mut labels = Labels(String::with_capacity(128));
        session.visit_metric_attributes(&mut labels);
        family.record(labels.0, session.duration);
    }
}

impl Family {
    fn record(&self, labels: String, duration: Duration) {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(histogram) = series.get(&labels) {
            histogram.record(duration);
            return;
        }
        drop(series);
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let labels = if series.len() < Metrics::MAX_SERIES || series.contains_key(&labels) {
            labels
        } else {
            OVERFLOW.to_owned()
        };
        series.entry(labels).or_default().record(duration);
    }

    fn write(&self, name: &str, help: &str, page: &mut String) -> fmt::Result {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if series.is_empty() {
            return Ok(());
        }
        writeln!(page, "# HELP {name} {help}\n# TYPE {name} histogram")?;
        let mut sorted: Vec<_> = series.iter().collect();
        sorted.sort_unstable_by_key(|(labels, _)| *labels);
        for (labels, histogram) in sorted {
            histogram.write(name, labels, page)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn others_add_to_the_page() {
        let metrics = Metrics::new().and(|| "a_total 1\n".to_owned());
        let clone = metrics.clone();
        assert_eq!(
            metrics.and(|| "b 2\n".to_owned()).render(),
            "a_total 1\nb 2\n"
        );
        assert_eq!(clone.render(), "a_total 1\n");
    }
}
