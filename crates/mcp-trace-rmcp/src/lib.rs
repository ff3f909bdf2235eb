//! rmcp adapters for mcp-trace: the context of an MCP call on every transport of
//! [rmcp](https://docs.rs/rmcp), from the agent's task into the tool's handler.
//!
//! | you have | take |
//! |---|---|
//! | a server, that is a `ServerHandler` | [`TracedHandler`] |
//! | a client, that is a `Peer<RoleClient>` | [`wrap_mcp`] |
//! | a server that asks its client (sampling, elicitation, roots), by its `Peer<RoleServer>` | [`wrap_mcp`] |
//! | a client that is asked, that is a `ClientHandler` | [`TracedHandler`] |
//! | a client whose server may ask for input in the middle of a call | `wrap_mcp(..).with_handler(&client)`, a [`TracedClient`] |
//! | a client over streamable HTTP | [`TracedHttpClient`] as well, which repeats the context in the headers |
//! | a `#[tool]` function | the argument [`RequestSpan`] |
//! | a task that a handler starts | [`ContextExt::in_trace`] |
//! | only the `_meta` of a call | [`inject_into`], [`extract_from`] |
//!
//! ```
//! use std::sync::Arc;
//!
//! use mcp_trace::{MemorySink, SpanKind};
//! use mcp_trace_rmcp::{TracedHandler, wrap_mcp};
//! use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
//! use rmcp::service::RequestContext;
//! use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
//!
//! struct WeatherTools;
//!
//! impl ServerHandler for WeatherTools {
//!     async fn call_tool(
//!         &self,
//!         _request: CallToolRequestParams,
//!         _context: RequestContext<RoleServer>,
//!     ) -> Result<CallToolResponse, ErrorData> {
//!         let trace = mcp_trace::current().map(|context| context.trace_id().to_string());
//!         Ok(CallToolResult::success(vec![ContentBlock::text(trace.unwrap_or_default())]).into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sink = Arc::new(MemorySink::default());
//! let (near, far) = tokio::io::duplex(4096); // or stdio, a child process, HTTP
//!
//! let handler = TracedHandler::new(WeatherTools).with_sink(sink.clone());
//! let server = tokio::spawn(async move { handler.serve(far).await.unwrap().waiting().await });
//!
//! let client = ().serve(near).await?;
//! let tools = wrap_mcp(client.peer().clone()).with_sink(sink.clone());
//! tools.call_tool(CallToolRequestParams::new("get_weather")).await?;
//!
//! let spans = sink.spans();
//! let of = |kind| spans.iter().find(|span| span.kind == kind && span.name() == "tools/call get_weather").unwrap();
//! assert_eq!(of(SpanKind::Server).parent_id(), Some(of(SpanKind::Client).span_id()));
//! # client.cancel().await?;
//! # server.abort();
//! # Ok(())
//! # }
//! ```
//!
//! # Over HTTP
//!
//! Under `McpServerTraceLayer` of the crate `mcp-layer` the SERVER span is the layer's, which
//! covers the way of the answer as well, and [`TracedHandler`] carries it into rmcp's task:
//! put both. Either of them alone works, too.
//!
//! # Agent frameworks
//!
//! One that lets its user bring tools: a tool that calls through [`wrap_mcp`], which makes a CLIENT
//! span for each call. One that holds rmcp's peer itself and asks for the `_meta` of a call:
//! [`inject_into`], which makes the server's span a child of what is current. One that takes an HTTP
//! client: the layer of the crate `mcp-client-layer` around it. The first two are shown with rig in
//! `examples/frameworks`.
//!
//! # Features
//!
//! `server`, `client` and `http-client`, all on by default; `elicitation`, for the methods that rmcp
//! has with its own feature of that name. rmcp's feature `local` may be on.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "client", feature = "server"))]
mod context;
#[cfg(feature = "server")]
mod extract;
#[cfg(any(feature = "client", feature = "server"))]
mod handler;
#[cfg(feature = "http-client")]
mod http_client;
mod meta;
#[cfg(any(feature = "client", feature = "server"))]
mod peer;
#[cfg(any(feature = "client", feature = "server"))]
mod role;

#[cfg(any(feature = "client", feature = "server"))]
pub use context::ContextExt;
#[cfg(feature = "server")]
pub use extract::RequestSpan;
#[cfg(any(feature = "client", feature = "server"))]
pub use handler::TracedHandler;
#[cfg(feature = "http-client")]
pub use http_client::TracedHttpClient;
pub use meta::{extract_from, inject_into};
#[cfg(feature = "client")]
pub use peer::TracedClient;
#[cfg(any(feature = "client", feature = "server"))]
pub use peer::{TracedPeer, TracedRequestHandle, wrap_mcp};
#[cfg(any(feature = "client", feature = "server"))]
pub use role::Role;
