//! The push exporter of mcp-trace: finished spans travel to an OpenTelemetry receiver
//! (OTLP over HTTP, protobuf or JSON), to a Rastir collector, or to both.
//!
//! ```no_run
//! # fn main() -> Result<(), mcp_trace_exporter::ConfigError> {
//! let _tracing = mcp_trace_exporter::configure()
//!     .service("tool-server")
//!     .otlp_endpoint("http://localhost:4318")
//!     .install()?;
//! // Every layer and every span of the process now records into it.
//! # Ok(())
//! # }
//! ```
//!
//! - Recording a span never blocks and never fails: spans wait in a queue that is bounded in
//!   spans and in bytes, and what does not fit is counted.
//! - A thread with a runtime of its own sends them, so that it works under every runtime and
//!   under none, and cannot block one.
//! - What a receiver cannot take now is sent again, with growing and random pauses, as
//!   [OTLP](https://opentelemetry.io/docs/specs/otlp/) asks. It is not given up by a count of
//!   attempts: only the bounds of queue and spool, and the shutdown, end it.
//! - [`Stats`] account for every span, also as metrics.
//!
//! See [`ExporterBuilder`] for the options and [`Guard`] for the end of a program.
//!
//! # Features
//!
//! - `tls` (default): `https`, by rustls with `ring`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod batch;
mod configure;
mod console;
mod credential;
mod destination;
mod encode;
mod exporter;
mod guard;
mod handle;
mod log;
mod metrics;
mod pace;
mod protocol;
mod queue;
mod resource;
mod spool;
mod stats;
#[cfg(test)]
mod testing;
mod transport;
mod worker;

pub use configure::{ConfigError, ExporterBuilder, configure};
pub use console::ConsoleSink;
pub use credential::Credential;
pub use encode::{EncodedSpans, Encoder, OtlpJson, OtlpProtobuf, Rastir, Verdict};
pub use guard::Guard;
pub use handle::{Handle, Report};
pub use metrics::SelfMetric;
pub use protocol::{Protocol, UnknownProtocol};
pub use resource::Resource;
pub use stats::{DestinationStats, DropReason, Dropped, Health, Stats};
pub use transport::BoxError;

/// The name under which this crate appears in what it sends.
const NAME: &str = "mcp-trace";
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
