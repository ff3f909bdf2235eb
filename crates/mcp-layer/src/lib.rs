//! A Tower layer that traces MCP servers.
//!
//! [`McpServerTraceLayer`] goes around any `tower` service that takes `http::Request`s and
//! speaks MCP: rmcp's `StreamableHttpService`, an axum router, hyper, your own. Each JSON-RPC
//! request or notification becomes one SERVER span, continues the trace of its caller, and
//! ends when its answer has left.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use mcp_layer::{McpServerTraceLayer, RequestBody};
//! use tower::{Layer, service_fn};
//!
//! # type Body = http_body_util::Full<Bytes>;
//! async fn handle(request: Request<RequestBody<Body>>) -> Result<Response<Body>, std::io::Error> {
//!     let trace_id = mcp_trace::current().map(|context| context.trace_id());
//!     # let _ = (request, trace_id);
//!     Ok(Response::new(Body::default()))
//! }
//!
//! let service = McpServerTraceLayer::new().layer(service_fn(handle));
//! ```
//!
//! On an axum router: `Router::new().nest_service("/mcp", mcp).layer(McpServerTraceLayer::new())`.
//!
//! # Which context is the parent
//!
//! A message can carry its caller's context in the `traceparent` header and in
//! `params._meta`. A valid context in `_meta` is the parent; a valid header that names another
//! span becomes a link; a header alone is the parent. An invalid value counts as absent, and
//! without either the span is the root of a new trace. The rules for the values are those of
//! [W3C Trace Context Level 2](https://www.w3.org/TR/trace-context-2/).
//!
//! # What sees the context
//!
//! - [`mcp_trace::current`], wherever the inner service runs inside its own future and body;
//! - an [`Arc<ActiveSpan>`](mcp_trace::ActiveSpan) in the request's extensions, for handlers
//!   that run in a spawned task; `mcp-trace-rmcp` takes it from there.
//!
//! The inner service is called at once, and the layer reads the body along as the service
//! reads it. Who asks for the context before the body has been read sees the one of the
//! header; a different one in `_meta` then becomes a link.
//!
//! # When a span ends
//!
//! When the JSON answer is complete, or when the event with the answer has been sent, or
//! otherwise when the body ends. A caller that goes away before that cancels the request
//! since MCP 2026-07-28 (`error.type` = `cancelled`); before, the answer may be resumed, so the
//! span ends as `detached` without an error. The span of `subscriptions/listen` ends with the
//! first message of the stream.
//!
//! What is not a JSON-RPC message, such as the standing GET stream, DELETE or another POST,
//! gets context and no span.
//!
//! # What it costs the request
//!
//! Nothing is buffered, delayed, rejected or changed. The layer has no error of its own.

mod batch;
mod config;
mod exchange;
mod future;
mod head;
mod headers_only;
mod layer;
mod request_body;
mod response_body;
mod service;

pub use future::ResponseFuture;
pub use headers_only::{HeadersOnly, HeadersOnlyLayer};
pub use layer::McpServerTraceLayer;
pub use request_body::RequestBody;
pub use response_body::ResponseBody;
pub use service::McpServerTrace;
