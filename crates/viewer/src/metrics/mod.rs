//! Counts of everything that ever came in, retries left out, under the names of Rastir's collector and of the
//! OpenTelemetry conventions for MCP.

mod family;
mod labels;
mod sample;

use std::sync::{Mutex, PoisonError};

use self::family::{Counters, Histograms};
use self::labels::Labels;
pub(crate) use self::sample::Sample;
use self::sample::Work;
use crate::span::Kind;

/// As Rastir's collector has them.
const RASTIR_BOUNDS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// As the OpenTelemetry conventions for MCP advise.
const MCP_BOUNDS: &[f64] = &[
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// What has been counted since the start.
#[derive(Debug)]
pub(crate) struct Metrics {
    families: Mutex<Families>,
}

#[derive(Debug)]
struct Families {
    ingested: Counters,
    tool_calls: Counters,
    llm_calls: Counters,
    tokens_input: Counters,
    tokens_output: Counters,
    retrieval_calls: Counters,
    errors: Counters,
    duration: Histograms,
    client: Histograms,
    server: Histograms,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            families: Mutex::new(Families {
                ingested: Counters::new("rastir_spans_ingested_total", "Spans that came in."),
                tool_calls: Counters::new("rastir_tool_calls_total", "Tool calls."),
                llm_calls: Counters::new("rastir_llm_calls_total", "Calls of models."),
                tokens_input: Counters::new("rastir_tokens_input_total", "Tokens of prompts."),
                tokens_output: Counters::new("rastir_tokens_output_total", "Tokens of answers."),
                retrieval_calls: Counters::new("rastir_retrieval_calls_total", "Retrievals."),
                errors: Counters::new("rastir_errors_total", "Spans that failed."),
                duration: Histograms::new(
                    "rastir_duration_seconds",
                    "Duration of spans.",
                    RASTIR_BOUNDS,
                ),
                client: Histograms::new(
                    "mcp_client_operation_duration_seconds",
                    "Duration of MCP requests and notifications as their senders saw it.",
                    MCP_BOUNDS,
                ),
                server: Histograms::new(
                    "mcp_server_operation_duration_seconds",
                    "Duration of MCP requests and notifications as their receivers saw it.",
                    MCP_BOUNDS,
                ),
            }),
        }
    }
}

impl Metrics {
    /// Counts spans.
    pub(crate) fn count<'a>(&self, samples: impl IntoIterator<Item = &'a Sample>) {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        for sample in samples {
            families.count(sample);
        }
    }

    /// The counts in the [text
    /// format](https://prometheus.io/docs/instrumenting/exposition_formats/).
    pub(crate) fn render(&self) -> String {
        let mut page = String::new();
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        for counters in [
            &families.ingested,
            &families.tool_calls,
            &families.llm_calls,
            &families.tokens_input,
            &families.tokens_output,
            &families.retrieval_calls,
            &families.errors,
        ] {
            counters.write(&mut page);
        }
        for histograms in [&families.duration, &families.client, &families.server] {
            histograms.write(&mut page);
        }
        page
    }
}

impl Families {
    fn count(&mut self, sample: &Sample) {
        let seconds = sample.seconds;
        self.ingested.add(&sample.ingested, 1.0);
        self.duration.observe(&sample.typed, seconds);
        if let Some(labels) = &sample.error {
            self.errors.add(labels, 1.0);
        }
        match &sample.work {
            Work::Tool(labels) => self.tool_calls.add(labels, 1.0),
            Work::Model {
                labels,
                input,
                output,
            } => {
                self.llm_calls.add(labels, 1.0);
                if let Some(tokens) = input {
                    self.tokens_input.add(labels, *tokens);
                }
                if let Some(tokens) = output {
                    self.tokens_output.add(labels, *tokens);
                }
            }
            Work::Retrieval(labels) => self.retrieval_calls.add(labels, 1.0),
            Work::Other => {}
        }
        match &sample.operation {
            Some((Kind::Client, labels)) => self.client.observe(labels, seconds),
            Some((Kind::Server, labels)) => self.server.observe(labels, seconds),
            _ => {}
        }
    }
}
