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
//! A layer further out may have made a span of the HTTP request with OpenTelemetry. Where
//! `mcp-trace-opentelemetry` is installed, that span is linked beside the context of `_meta`, by
//! the [conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md);
//! without one there it is the parent, unless the header names another trace: then the header is
//! the parent and the HTTP span is linked. Callers that are not [trusted](mcp_trace::Trust) are not
//! continued by way of it: the root of the new trace has a link to it.
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
//! # What is recorded
//!
//! Names, ids, versions and outcomes, by the OpenTelemetry conventions for MCP. Of arguments and results
//! as much as a function of the program lets through: [`capture`](McpServerTraceLayer::capture).
//!
//! # In a handler
//!
//! An axum handler takes the span out of the request's extensions, to add to it or to hand it
//! to a task; [`in_trace`](mcp_trace::InTraceExt::in_trace) is all that a spawned task needs.
//! What is added after the answer has left is ignored.
//!
//! ```
//! use std::sync::Arc;
//! use axum::{Extension, Router, routing::post};
//! use mcp_layer::McpServerTraceLayer;
//! use mcp_trace::{ActiveSpan, InTraceExt};
//!
//! async fn mcp(Extension(span): Extension<Arc<ActiveSpan>>, message: String) -> String {
//!     span.set_attribute("tenant.tier", "gold");
//!     // A task does not inherit what is current.
//!     let work = async { mcp_trace::traceparent_headers() };
//!     let headers = tokio::spawn(work.in_trace(span)).await;
//! #   let _ = headers;
//!     message
//! }
//!
//! let app: Router = Router::new().route("/mcp", post(mcp)).layer(McpServerTraceLayer::new());
//! ```
//!
//! # Where to put it
//!
//! As near to the MCP service as possible. Of the layers of tower-http:
//!
//! | layer | this one goes | because otherwise |
//! |---|---|---|
//! | authentication | inside | a stranger's context is judged like a caller's ([`trust_with`](McpServerTraceLayer::trust_with)) |
//! | `CompressionLayer` | inside | the answer cannot be read: the status stays unset, which is [counted](Stats::unreadable_answers) |
//! | `RequestDecompressionLayer` | inside | the message cannot be read: `Mcp-Method` names it, or there is no span |
//! | `TimeoutLayer` | inside | a timeout is recorded by its HTTP status (`504`) and not as `cancelled` |
//! | `CatchPanicLayer` | inside | a panic is recorded by its HTTP status (`500`) and not as `panic` |
//! | `RequestBodyLimitLayer` | outside, or in one `ServiceBuilder` with it | below two layers of a router that change the body axum's extractors no longer recognise the limit's error and answer 400 for 413 |
//! | `CorsLayer`, `TraceLayer` | either | |
//!
//! In axum the layer that is added last is the outermost.
//!
//! A browser sends `traceparent`, `tracestate`, `baggage` and the headers of MCP to another
//! origin only if CORS allows them: `Access-Control-Allow-Headers` needs `traceparent`,
//! `tracestate`, `baggage`, `content-type`, `authorization`, `mcp-protocol-version`,
//! `mcp-session-id`, `mcp-method`, `mcp-name` and `last-event-id`, as far as they are used, and
//! `Access-Control-Expose-Headers` needs `mcp-session-id`.
//!
//! # Other than HTTP
//!
//! A service that takes its messages in another form, such as through a channel, is traced by
//! [`McpServerTraceLayer::messages`], which is told by a [`MessageFormat`] how to read them.
//!
//! # What it costs the request
//!
//! Nothing is buffered, delayed, rejected or changed. The layer has no error of its own.
//!
//! # Features
//!
//! - `tracing`: warns in one line a minute about each reason that [`Stats`] counts.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod ambient;
mod answer;
mod batch;
mod config;
mod exchange;
mod future;
mod head;
mod headers_only;
mod layer;
#[cfg(feature = "tracing")]
mod log;
mod messages;
mod metrics;
mod reading;
mod request_body;
mod response_body;
mod sampling_cap;
mod sentinel;
mod service;
mod session;
mod stats;

pub use future::ResponseFuture;
pub use headers_only::{HeadersOnly, HeadersOnlyLayer};
pub use layer::McpServerTraceLayer;
pub use messages::{MessageFormat, MessageFuture, Messages, MessagesLayer};
pub use request_body::RequestBody;
pub use response_body::ResponseBody;
pub use service::McpServerTrace;
pub use stats::Stats;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
