//! rmcp adapters for mcp-trace: handlers, peers and HTTP clients

#[cfg(feature = "server")]
mod context;
#[cfg(feature = "server")]
mod extract;
#[cfg(feature = "server")]
mod handler;
#[cfg(feature = "http-client")]
mod http_client;
mod meta;
#[cfg(feature = "client")]
mod peer;

#[cfg(feature = "server")]
pub use context::ContextExt;
#[cfg(feature = "server")]
pub use extract::RequestSpan;
#[cfg(feature = "server")]
pub use handler::TracedHandler;
#[cfg(feature = "http-client")]
pub use http_client::TracedHttpClient;
pub use meta::{extract_from, inject_into};
#[cfg(feature = "client")]
pub use peer::{TracedPeer, TracedRequestHandle, wrap_mcp};
