//! Distributed tracing for MCP (Model Context Protocol): the context, the spans and the
//! place where they go.
//!
//! Most programs meet this crate through a layer (`mcp-layer`, `mcp-client-layer`), an
//! adapter (`mcp-trace-rmcp`) and an exporter (`mcp-trace-exporter`). What they use from here:
//!
//! - [`current`] and [`current_span`]: where am I in the trace, inside a handler or an agent;
//! - [`agent_span`] and [`set_llm`]: the span above tool calls;
//! - [`child_span`]: name a part of the work inside a tool or an agent;
//! - [`InTraceExt::in_trace`]: hand the context to a spawned task, or to a stream (feature
//!   `futures-core`: `InTraceStreamExt`);
//! - [`traceparent_headers`]: for calls made by hand;
//! - [`Capture`]: what a layer may record of arguments and results;
//! - [`SpanSink`]: where finished spans go.
//!
//! ```
//! use std::sync::Arc;
//! use mcp_trace::{MemorySink, agent_span, current, traceparent_headers};
//!
//! # fn block_on<F: std::future::Future>(f: F) -> F::Output {
//! #     let mut f = std::pin::pin!(f);
//! #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop { if let std::task::Poll::Ready(out) = f.as_mut().poll(&mut cx) { return out } }
//! # }
//! let sink = Arc::new(MemorySink::default());
//! let headers = block_on(agent_span("planner").with_sink(sink.clone()).run(async {
//!     assert!(current().is_some_and(|context| context.is_sampled()));
//!     traceparent_headers()
//! }));
//! let span = sink.take().remove(0);
//! assert_eq!(headers["traceparent"], span.context.traceparent().to_string());
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod agent;
pub mod body;
mod capture;
pub mod carrier;
mod child;
mod clock;
mod context;
mod endpoint;
mod hook;
mod id;
mod method;
mod observer;
mod protocol_version;
mod sampler;
mod scope;
mod session;
mod sink;
mod span;
#[cfg(feature = "futures-core")]
mod stream;
mod text;
mod trust;

pub use agent::{AgentContext, AgentSpan, agent_span, set_llm};
pub use capture::{Capture, Captured, CapturedPart};
pub use carrier::traceparent_headers;
pub use child::{ChildSpan, child_span};
pub use context::TraceContext;
pub use endpoint::{Endpoint, endpoint};
pub use hook::{Entering, Foreign, ScopeHook, ScopeHookTaken, ambient, set_scope_hook};
pub use id::reseed_ids;
pub use method::{Method, TargetKind};
pub use observer::{EndedOperation, ObserverGuard, OperationObserver, add_observer, has_observers};
pub use protocol_version::ProtocolVersion;
pub use sampler::{InvalidRatio, Sampler};
pub use scope::{EnteredScope, InTrace, InTraceExt, Scope, ScopeGuard, current, current_span};
pub use session::{EndedSession, Sessions};
pub use sink::{
    DefaultSinkGuard, DefaultSinkTaken, DiscardSink, FanOut, MemorySink, SpanHead, SpanSink,
    SpanStart, default_sink, is_described, set_default_sink,
};
pub use span::{
    ActiveSpan, Attribute, AttributeVisitor, End, Event, HttpCall, McpCall, Network, NetworkPeer,
    NetworkTransport, Operation, Outcome, Parent, SpanBuilder, SpanGuard, SpanKind, SpanRecord,
    Value,
};
#[cfg(feature = "futures-core")]
pub use stream::InTraceStreamExt;
pub use text::Text;
pub use traceparent::{SpanId, TraceFlags, TraceId, TraceParent};
pub use trust::Trust;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
