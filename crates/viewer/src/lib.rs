//! A local collector with a window: spans come in by
//! [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp) or by
//! [Rastir](https://github.com/skamalj/rastir)'s push protocol, and are looked at in a browser
//! or in a terminal.
//!
//! The program is `mcp-trace`; this library is what it serves, so that tests can have a
//! collector in their own process:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! mcp_trace_viewer::Viewer::new()
//!     .serve(listener, std::future::pending())
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! - Memory is bounded by traces, bytes and age ([`Limits`]); the traces that have been quiet the
//!   longest go first, whole, and are counted.
//! - What senders write is never trusted: values are cut at a bound on arrival, and are text,
//!   never markup.
//! - Where it listens on loopback, it answers programs of this machine only, and no web page
//!   but its own. Everywhere else it wants a token.
//!
//! The interface that the page uses is described in `API.md` beside this crate's source.

mod api;
mod gate;
mod ingest;
mod limits;
mod metrics;
mod page;
mod policy;
mod rastir;
mod span;
mod store;
mod viewer;

pub use limits::Limits;
pub use span::{Event, Kind, Link, Source, Span, Status, Value};
#[cfg(feature = "sqlite")]
pub use store::OpenError;
pub use viewer::{ServeError, Viewer};
