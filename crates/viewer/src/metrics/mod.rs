//! Counts of everything that ever came in, under the names of Rastir's collector and of the
//! OpenTelemetry conventions for MCP.

mod family;
mod labels;

use std::sync::{Mutex, PoisonError};

use self::family::{Counters, Histograms};
use self::labels::Labels;
use crate::rastir;
use crate::span::{Kind, Span, Value};

/// As Rastir's collector has them.
const RASTIR_BOUNDS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// As the OpenTelemetry conventions for MCP advise.
const MCP_BOUNDS: &[f64] = &[
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// The attributes that are labels of the MCP conventions' histograms.
const MCP_LABELS: [&str; 5] = [
    "mcp.method.name",
    "gen_ai.tool.name",
    "gen_ai.prompt.name",
    "error.type",
    "rpc.response.status_code",
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
    /// Counts a span of a service that runs in the environment `env`.
    pub(crate) fn count(&self, span: &Span, env: &str) {
        let text = |key| span.text(key).unwrap_or_default();
        let service = Labels::new()
            .with("service", &span.service)
            .with("env", env);
        let (model, provider, agent) = (text("model"), text("provider"), text("agent"));
        let span_type = rastir::span_type(span);
        let typed = service.clone().with("span_type", span_type);
        let asked = |labels: &Labels| {
            let labels = labels.clone().with("model", model);
            labels.with("provider", provider)
        };
        let seconds = span.duration_ns as f64 / 1e9;

        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let ingested = typed.clone().with("status", rastir::status(span));
        families.ingested.add(&ingested, 1.0);
        families.duration.observe(&asked(&typed), seconds);
        if span.is_error() {
            let labels = typed.clone().with("error_type", rastir::error_type(span));
            let labels = asked(&labels).with("agent", agent);
            families.errors.add(&labels, 1.0);
        }
        match span_type {
            "tool" => {
                let agent = if agent.is_empty() { "unknown" } else { agent };
                let labels = service.clone().with("tool_name", &rastir::name(span));
                let labels = asked(&labels.with("agent", agent));
                families.tool_calls.add(&labels, 1.0);
            }
            "llm" => {
                let labels = asked(&service).with("agent", agent);
                families.llm_calls.add(&labels, 1.0);
                let tokens = |keys: [&str; 2]| keys.iter().find_map(|key| number(span, key));
                if let Some(tokens) = tokens(["tokens_input", "gen_ai.usage.input_tokens"]) {
                    families.tokens_input.add(&labels, tokens);
                }
                if let Some(tokens) = tokens(["tokens_output", "gen_ai.usage.output_tokens"]) {
                    families.tokens_output.add(&labels, tokens);
                }
            }
            "retrieval" => {
                let labels = service.clone().with("agent", agent);
                families.retrieval_calls.add(&asked(&labels), 1.0);
            }
            _ => {}
        }
        if span.text("mcp.method.name").is_some() {
            let mut labels = service;
            for key in MCP_LABELS {
                if let Some(value) = span.text(key) {
                    labels = labels.with(key, value);
                }
            }
            match span.kind {
                Kind::Client => families.client.observe(&labels, seconds),
                Kind::Server => families.server.observe(&labels, seconds),
                _ => {}
            }
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

/// A count, which Rastir and others may write as text.
fn number(span: &Span, key: &str) -> Option<f64> {
    let (_, value) = span.attributes.iter().find(|(name, _)| name == key)?;
    let number = match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Text(text) => text.parse().ok()?,
        _ => return None,
    };
    // A counter never falls.
    (number.is_finite() && number >= 0.0).then_some(number)
}
