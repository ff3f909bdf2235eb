//! Traces MCP clients: one CLIENT span per JSON-RPC message that goes out over HTTP, and its
//! context in the message.
//!
//! [`McpClientTraceLayer`] goes around any `tower` service that sends `http::Request`s, such as
//! hyper-util's client, and around `reqwest::Client`; [`McpClientTrace`] is a middleware for
//! reqwest-middleware.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use mcp_client_layer::McpClientTraceLayer;
//! use mcp_trace::{DiscardSink, agent_span};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // In place of this: hyper-util's client, or `reqwest::Client` with reqwest's requests.
//! let client = service_fn(async |request: Request<Full<Bytes>>| {
//!     assert!(request.headers().contains_key("traceparent"));
//!     Ok::<_, std::io::Error>(Response::new(request.into_body()))
//! });
//! let client = McpClientTraceLayer::new().layer(client);
//!
//! let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather"}}"#;
//! let request = Request::post("http://127.0.0.1:8000/mcp")
//!     .header("content-type", "application/json")
//!     .body(Full::from(message))
//!     .expect("the parts are valid");
//!
//! # let sink = std::sync::Arc::new(DiscardSink::default());
//! # let agent_span = |name| agent_span(name).with_sink(sink);
//! let answer = agent_span("weather_agent").run(client.oneshot(request)).await;
//! # let sent = http_body_util::BodyExt::collect(answer.unwrap().into_body()).await.unwrap().to_bytes();
//! # assert!(sent.windows(14).any(|part| part == br#"{"traceparent""#));
//! # }
//! ```
//!
//! # What is sent
//!
//! The CLIENT span is a child of [`mcp_trace::current_span`]. Its context goes into the headers
//! (`traceparent`, `tracestate`, `baggage`) and, under the same names and with the same values,
//! into `params._meta` of the message ([MCP 2026-07-28], `_meta`). The members are inserted into
//! the bytes of the message; every other byte stays as it was, and `content-length` is corrected
//! if it is there. Only the headers carry the context where the message cannot be edited:
//!
//! - a body that is a stream ([`RequestBody`]), compressed, or no JSON;
//! - a body that is signed: with `content-digest`, `content-md5`, `digest`, `repr-digest`,
//!   `signature`, `x-amz-content-sha256`, or an AWS Signature Version 4;
//! - a message longer than [`max_spliced_len`](McpClientTraceLayer::max_spliced_len), or one whose
//!   `params` or `_meta` is no object;
//! - a batch of the revision 2025-03-26: it is one CLIENT span, named `POST`.
//!
//! A `_meta.traceparent` that the message has already is kept, copied to the headers, and
//! means that there is no span here, if it names the current span or was put there by an
//! adapter ([`AlreadyTraced`]). Anything else comes from elsewhere, as in a gateway that forwards
//! messages: the new span's context replaces it, below the current span or, without one,
//! below the one that was there. The same holds for a `traceparent` in the headers alone.
//!
//! A request that is no MCP message, such as the standing GET stream and DELETE, gets a CLIENT
//! span named by its HTTP method and its context in the headers
//! ([`mcp_only`](McpClientTraceLayer::mcp_only) turns that off). An answer of the client to a
//! request of the server carries the current context and gets no span. Where nothing is
//! exported, because there is no sink, the current context is passed on unchanged.
//!
//! Every request carries a context of its own; nothing shared is changed by a call.
//!
//! # When a span ends
//!
//! When the answer to the request has been read: the JSON body, or the event with the same `id`
//! in an event stream. Otherwise with the body. A JSON-RPC error is an error of any code, so
//! is `isError: true` of a tool (`tool_error`), a bad HTTP status without a JSON-RPC error (the
//! status), and a failure of the transport (`timeout`, `connect` or `_OTHER`). Dropping the
//! future, or the body before the answer, cancels the call (`cancelled`). An event stream that
//! ends without the answer may be resumed before MCP 2026-07-28: its span ends as `detached`.
//! The span of `subscriptions/listen` ends with the first message of the stream.
//!
//! An answer that took more than 100 ms longer than its head has the attribute
//! `mcp_trace.time_to_head`, in seconds.
//!
//! Arguments and results are recorded as far as a function of the program lets them through:
//! [`capture`](McpClientTraceLayer::capture).
//!
//! # Where the layer goes
//!
//! *Inside* a retry: each attempt is a span, and all have one parent. *Inside* a timeout, which
//! then cancels the call, or outside, where it fails with `timeout`.
//!
//! *Outside* a buffer: what is current is what is current where the layer is called, and a buffer
//! calls its service in a task of its own. Where that cannot be, an
//! [`Arc<ActiveSpan>`](mcp_trace::ActiveSpan) in the extensions of the `http::Request` says what is
//! above.
//!
//! A redirect repeats the same headers, also to another host. reqwest drops `authorization` then,
//! and keeps `traceparent`. Who restricts [`propagate_to`](McpClientTraceLayer::propagate_to)
//! turns redirects off, or lets them stay on their host:
//!
//! ```
//! use reqwest::redirect::{Attempt, Policy};
//!
//! let same_host = |attempt: Attempt<'_>| {
//!     let from = attempt.previous().last().and_then(|url| url.host_str());
//!     if from == attempt.url().host_str() { attempt.follow() } else { attempt.stop() }
//! };
//! let client = reqwest::Client::builder().redirect(Policy::custom(same_host)).build()?;
//! # Ok::<(), reqwest::Error>(())
//! ```
//!
//! # reqwest
//!
//! A traced `reqwest::Response` keeps its URL, version, extensions, remote address, and length.
//! The sources of an error while its body is read are two deeper than without the layer.
//!
//! # What it costs the request
//!
//! The layer has no error of its own and asks nothing of the inner service but that its errors
//! own their data (`'static`), to tell a timeout from a connection that was refused.
//!
//! # Features
//!
//! - `axum`: axum's body.
//! - `hyper`: hyper's body, and what hyper's and hyper-util's errors mean.
//! - `reqwest`: the layer around `reqwest::Client`.
//! - `reqwest-middleware`: the middleware for `reqwest_middleware::ClientBuilder::with`.
//!
//! [MCP 2026-07-28]: https://modelcontextprotocol.io/specification/2026-07-28/basic

#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod exchange;
mod failure;
mod future;
mod head;
mod layer;
mod meta;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
mod plan;
mod request;
mod request_body;
#[cfg(feature = "reqwest")]
mod reqwest_client;
mod response;
mod response_body;
mod service;
mod session;
mod short;
mod subject;
mod targets;
mod traced;

pub use future::ResponseFuture;
pub use layer::McpClientTraceLayer;
pub use request::TracedRequest;
pub use request_body::RequestBody;
pub use response::TracedResponse;
pub use response_body::ResponseBody;
pub use service::McpClientTrace;
pub use targets::Targets;
pub use traced::AlreadyTraced;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
