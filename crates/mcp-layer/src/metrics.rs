//! The counts as a part of a page of metrics.

use std::fmt::{self, Write};

use crate::Stats;
use crate::stats::Reason;

impl Stats {
    /// The counts as a page, or a part of one, in Prometheus' [text
    /// format](https://prometheus.io/docs/instrumenting/exposition_formats/), for
    /// `mcp_trace_prometheus::Metrics::and`.
    ///
    /// ```
    /// use mcp_layer::McpServerTraceLayer;
    ///
    /// let layer = McpServerTraceLayer::new();
    /// let stats = layer.stats();
    /// assert!(stats.prometheus().contains("mcp_trace_layer_requests_total 0\n"));
    /// ```
    ///
    /// | metric | what |
    /// |---|---|
    /// | `mcp_trace_layer_requests_total` | [`requests`](Self::requests) |
    /// | `mcp_trace_layer_open_requests` | [`open`](Self::open) |
    /// | `mcp_trace_layer_spans_total` | [`spans`](Self::spans) |
    /// | `mcp_trace_layer_exceptions_total`, by `reason` | what came out otherwise, such as `invalid_header` |
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut page = String::new();
        // Writing into a string does not fail.
        let _ = self.write(&mut page);
        page
    }

    fn write(&self, page: &mut String) -> fmt::Result {
        let plain = [
            (
                "requests_total",
                "counter",
                "Requests that may have carried a message.",
                self.requests(),
            ),
            (
                "open_requests",
                "gauge",
                "Requests whose answer has not ended.",
                self.open(),
            ),
            (
                "spans_total",
                "counter",
                "Spans that were handed to the sink.",
                self.spans(),
            ),
        ];
        for (name, kind, help, value) in plain {
            title(page, name, kind, help)?;
            writeln!(page, "mcp_trace_layer_{name} {value}")?;
        }
        let name = "exceptions_total";
        title(
            page,
            name,
            "counter",
            "Requests that could not be traced as usual.",
        )?;
        for reason in Reason::ALL {
            let (label, value) = (reason.as_str(), self.count(reason));
            writeln!(page, "mcp_trace_layer_{name}{{reason=\"{label}\"}} {value}")?;
        }
        Ok(())
    }
}

fn title(page: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(page, "# HELP mcp_trace_layer_{name} {help}")?;
    writeln!(page, "# TYPE mcp_trace_layer_{name} {kind}")
}
