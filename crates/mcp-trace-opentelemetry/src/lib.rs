//! mcp-trace in an application that has OpenTelemetry.
//!
//! ```
//! use opentelemetry::global;
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // what the application has already
//! let provider = SdkTracerProvider::builder().build();
//! global::set_tracer_provider(provider.clone());
//!
//! let _mcp = mcp_trace_opentelemetry::install()?;
//! # Ok(()) }
//! ```
//!
//! From then on there is one idea of what is current, and the innermost wins:
//!
//! - While a span of ours is current, `opentelemetry::Context::current()` is that span, on every
//!   poll: in a layer's inner service and bodies, in [`in_trace`](mcp_trace::InTraceExt::in_trace),
//!   [`agent_span`](mcp_trace::agent_span) and rmcp handlers. Spans that the OpenTelemetry API or
//!   `tracing-opentelemetry` start there are its children.
//! - CLIENT and agent spans take the OpenTelemetry context as their parent where that was entered
//!   further in: a call made inside an instrumented function hangs under that function.
//!   [`mcp_trace::current`] is that function's span then, and
//!   [`traceparent_headers`](mcp_trace::traceparent_headers) carry it.
//! - Spans go to the application's tracer provider: [`TracerSink`], or [`ProcessorSink`] for less
//!   cost.
//! - Inside suppressed telemetry no spans are made.
//!
//! A SERVER span's parent is what the message says. A span that is current around the server layer,
//! such as one of an HTTP middleware, is linked then; where the message says nothing, it is the
//! parent:
//!
//! | `_meta` | HTTP header | HTTP span further out | parent | links |
//! |---|---|---|---|---|
//! | A | | H | A | H |
//! | A | B | H below B | A | H |
//! | A | B | H in a trace of its own | A | H, and B if it is not A |
//! | | B | H below B | H | |
//! | | B | H in a trace of its own | B | H |
//! | | | H | H | |
//!
//! The HTTP span has to be current when the server layer is called. On an axum router it is; in other
//! stacks `opentelemetry-instrumentation-tower` makes its span current in polls alone, and is not
//! seen.
//!
//! Until the message has been read, the current OpenTelemetry context is the HTTP span, or else
//! that of the request's header, if it has one: what is started that early is in the right trace
//! beside the SERVER span.
//!
//! OpenTelemetry's baggage goes along with our CLIENT and agent spans, and from there into requests
//! as far as a client allows its keys (`baggage(BaggageFilter::keys(..))`); what a server has let
//! in is baggage of the OpenTelemetry context inside. Metadata of members stays in the process.
//!
//! # With `tracing-opentelemetry`
//!
//! Its spans join in both directions as long as it activates contexts, which is its default. Under
//! `with_context_activation(false)` a `tracing` span is not the current context: it is still the
//! child of our span if it has no `tracing` parent, but with one it is the child of that, and calls
//! made inside it are its siblings.
//!
//! # What else is here
//!
//! [`W3cPropagator`], a strict propagator; [`MetaExtractor`] and [`MetaInjector`], `_meta` as a
//! carrier; [`record_metrics`], the metrics of the MCP conventions; [`TowerHttpClient`], an HTTP
//! client for OpenTelemetry's exporters. The same metrics as a Prometheus page, without
//! OpenTelemetry: `mcp-trace-prometheus`.
//!
//! # Features
//!
//! - `tracing`: `OtelBridge::log_fields`, trace and span id on log lines.
//!
//! # Versions
//!
//! | mcp-trace-opentelemetry | opentelemetry | tracing-opentelemetry |
//! |---|---|---|
//! | 0.1 | 0.33 | 0.34 |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bridge;
mod convert;
mod http_client;
mod meta;
mod metrics;
mod propagator;
mod sink;

pub use bridge::{BridgeGuard, InstallError, OtelBridge, install};
pub use http_client::TowerHttpClient;
pub use meta::{MetaExtractor, MetaInjector};
pub use metrics::record_metrics;
pub use propagator::W3cPropagator;
pub use sink::{ProcessorSink, TracerSink};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
