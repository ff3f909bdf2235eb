//! What one span adds to the counts.

use super::Labels;
use crate::rastir;
use crate::span::{Kind, Span, Value};

/// The attributes that are labels of the MCP conventions' histograms.
const MCP_LABELS: [&str; 5] = [
    "mcp.method.name",
    "gen_ai.tool.name",
    "gen_ai.prompt.name",
    "error.type",
    "rpc.response.status_code",
];

/// A span as it is counted. It is made when the span is read, and counted when it is clear that
/// the span was not sent before.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(super) seconds: f64,
    pub(super) ingested: Labels,
    pub(super) typed: Labels,
    pub(super) error: Option<Labels>,
    pub(super) work: Work,
    /// An MCP message, by its side.
    pub(super) operation: Option<(Kind, Labels)>,
}

/// What is counted beside the span itself.
#[derive(Debug)]
pub(super) enum Work {
    Tool(Labels),
    Model {
        labels: Labels,
        /// Tokens.
        input: Option<f64>,
        output: Option<f64>,
    },
    Retrieval(Labels),
    Other,
}

impl Sample {
    /// Of a span of a service that runs in the environment `env`.
    pub(crate) fn of(span: &Span, env: &str) -> Self {
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
        let error = span.is_error().then(|| {
            let labels = typed.clone().with("error_type", rastir::error_type(span));
            asked(&labels).with("agent", agent)
        });
        let work = match span_type {
            "tool" => {
                let agent = if agent.is_empty() { "unknown" } else { agent };
                let labels = service.clone().with("tool_name", &rastir::name(span));
                Work::Tool(asked(&labels.with("agent", agent)))
            }
            "llm" => {
                let tokens = |keys: [&str; 2]| keys.iter().find_map(|key| number(span, key));
                Work::Model {
                    labels: asked(&service).with("agent", agent),
                    input: tokens(["tokens_input", "gen_ai.usage.input_tokens"]),
                    output: tokens(["tokens_output", "gen_ai.usage.output_tokens"]),
                }
            }
            "retrieval" => Work::Retrieval(asked(&service.clone().with("agent", agent))),
            _ => Work::Other,
        };
        Self {
            seconds: span.duration_ns as f64 / 1e9,
            ingested: typed.clone().with("status", rastir::status(span)),
            typed: asked(&typed),
            error,
            work,
            operation: span.text("mcp.method.name").is_some().then(|| {
                let labels = MCP_LABELS
                    .iter()
                    .fold(service, |labels, key| match span.text(key) {
                        Some(value) => labels.with(key, value),
                        None => labels,
                    });
                (span.kind, labels)
            }),
        }
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
