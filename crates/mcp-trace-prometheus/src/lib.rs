//! Metrics of MCP operations in Prometheus' text format, for servers and clients that have a
//! `/metrics` page and no OpenTelemetry.
//!
//! ```
//! use axum::Router;
//! use mcp_trace_prometheus::Metrics;
//!
//! let metrics = Metrics::new();
//! let _observing = metrics.install(); // as long as the guard lives
//! let app: Router = Router::new().route_service("/metrics", metrics.service());
//! ```
//!
//! Four histograms, in seconds, by the [OpenTelemetry MCP
//! conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md)
//! (boundaries, attributes) and their [mapping to
//! Prometheus](https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/) (names):
//!
//! | metric | what |
//! |---|---|
//! | `mcp_server_operation_duration_seconds` | from the arrival of a request or notification until its answer has left |
//! | `mcp_client_operation_duration_seconds` | from sending a request or notification until its answer is read |
//! | `mcp_server_session_duration_seconds` | from the answer to `initialize` until the client has ended the session |
//! | `mcp_client_session_duration_seconds` | the same on the client |
//!
//! | label | value |
//! |---|---|
//! | `mcp_method_name` | the method, `_OTHER` for an unknown one |
//! | `gen_ai_operation_name` | `execute_tool`, for tool calls |
//! | `gen_ai_tool_name`, `gen_ai_prompt_name` | the tool or prompt |
//! | `error_type` | only where the operation failed |
//! | `rpc_response_status_code` | the code of a JSON-RPC error |
//! | `mcp_protocol_version` | the revision of MCP |
//! | `network_transport`, `network_protocol_name`, `network_protocol_version` | `tcp` or `pipe`; `http`, `1.1` |
//! | `server_address`, `server_port` | clients only |
//!
//! Sessions have `error_type` and those of the last three. They are the sessions of streamable HTTP
//! before MCP 2026-07-28, which has none; one that nobody ends does not count.
//!
//! Every operation counts once, whether its span is sampled or not, and also where spans go nowhere.
//! An exporter's own counts go on the same page: [`Metrics::and`].
//! What callers make up cannot fill the memory: see [`Metrics::MAX_SERIES`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod histogram;
mod labels;
mod metrics;
mod service;

pub use metrics::Metrics;
pub use service::MetricsService;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
