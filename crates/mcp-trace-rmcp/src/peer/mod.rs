//! The calling side: calls that are CLIENT spans.

pub(crate) mod call;
#[cfg(feature = "client")]
pub(crate) mod client;
mod send;
#[cfg(feature = "server")]
mod server;
mod typed_meta;

use std::ops::Deref;
use std::sync::Arc;

use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{ActiveSpan, SpanSink, TraceContext};
use rmcp::Peer;
#[cfg(feature = "client")]
use rmcp::RoleClient as DefaultRole;
#[cfg(not(feature = "client"))]
use rmcp::RoleServer as DefaultRole;

use crate::Role;
#[cfg(feature = "client")]
pub use client::TracedClient;
pub use send::TracedRequestHandle;

/// Wraps an rmcp peer, so that every call through it is a CLIENT span whose context travels in
/// the message's `_meta`.
///
/// Works on every transport: HTTP, stdio, child process, duplex. Over HTTP,
/// `TracedHttpClient` (feature `http-client`) repeats the context in the headers.
///
/// For a client's peer:
///
#[cfg_attr(feature = "client", doc = "```")]
#[cfg_attr(not(feature = "client"), doc = "```ignore")]
/// use mcp_trace::agent_span;
/// use mcp_trace_rmcp::wrap_mcp;
/// use rmcp::{Peer, RoleClient, ServiceError, model::CallToolRequestParams};
///
/// async fn ask(peer: &Peer<RoleClient>) -> Result<(), ServiceError> {
///     let tools = wrap_mcp(peer.clone());
///     agent_span("weather_agent")
///         .run(async {
///             // Below the agent's span: `tools/call get_weather`, CLIENT.
///             tools.call_tool(CallToolRequestParams::new("get_weather")).await?;
///             Ok(())
///         })
///         .await
/// }
/// ```
///
/// And for a server's, which asks its client; under
/// [`TracedHandler`](crate::TracedHandler) the call is below the request that is being
/// answered:
///
#[cfg_attr(feature = "server", doc = "```")]
#[cfg_attr(not(feature = "server"), doc = "```ignore")]
/// use mcp_trace_rmcp::wrap_mcp;
/// use rmcp::model::{ElicitRequestParams, ElicitResult};
/// use rmcp::{RoleServer, ServiceError, service::RequestContext};
///
/// async fn ask_user(
///     context: &RequestContext<RoleServer>,
///     question: ElicitRequestParams,
/// ) -> Result<ElicitResult, ServiceError> {
///     // Below the SERVER span of the tool: `elicitation/create`, CLIENT.
///     wrap_mcp(context.peer.clone()).create_elicitation(question).await
/// }
/// ```
pub fn wrap_mcp<R: Role>(peer: Peer<R>) -> TracedPeer<R> {
    TracedPeer {
        peer,
        parent: None,
        sink: None,
        baggage: BaggageFilter::none(),
        keep_foreign: false,
    }
}

/// An rmcp peer whose calls are CLIENT spans; made by [`wrap_mcp`].
///
/// It has the methods of [`Peer`], for the client's side as for the server's, with the same answers and errors, and derefs to
/// it for the rest. A span is started in the caller's task, as a child of what is
/// [current](mcp_trace::current_span) there; it ends with the answer. A result with `isError`
/// is an error of type `tool_error`, a JSON-RPC error has its code as type, a timeout or a
/// broken connection the kind of failure. A call whose future is dropped ends as cancelled.
///
/// A `traceparent` that the caller has put into `_meta`: if it names the current span it
/// stays, and the call has no span of its own. Any other one came from elsewhere, as when a
/// gateway forwards a message: the call is a new CLIENT span below the current span, or below
/// the one that was found where nothing is current. See [`keep_foreign`](Self::keep_foreign).
///
/// What rmcp answers from its response cache is a span with the attribute `mcp_trace.cached`, which
/// has no server span below and which metrics do not count: no message was sent. An answer that
/// is used beyond its time, because the server could not be asked, looks like one from the server.
/// rmcp keeps to itself the request id of what may come from the cache (`tools/list` and the other
/// lists, `resources/read`, `server/discover`): these spans have it only over `TracedHttpClient`. It
/// has no way to send `_meta` with `subscriptions/listen`.
#[derive(Clone, Debug)]
#[must_use]
pub struct TracedPeer<R: Role = DefaultRole> {
    peer: Peer<R>,
    parent: Option<Arc<ActiveSpan>>,
    sink: Option<Arc<dyn SpanSink>>,
    baggage: BaggageFilter,
    keep_foreign: bool,
}

impl<R: Role> TracedPeer<R> {
    /// Makes all calls children of `context`. Defaults to what is current in each call.
    pub fn under(self, context: TraceContext) -> Self {
        self.child_of(ActiveSpan::propagating(Some(context)))
    }

    /// Makes all calls children of `span`, with its sink and agent. Defaults to what is
    /// current in each call.
    pub fn child_of(mut self, span: Arc<ActiveSpan>) -> Self {
        self.parent = Some(span);
        self
    }

    /// Records into `sink`. Defaults to the sink of the span above, else to the process
    /// default.
    pub fn with_sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// The members of the current baggage that are sent along. Defaults to none.
    pub fn baggage(mut self, filter: BaggageFilter) -> Self {
        self.baggage = filter;
        self
    }

    /// Sends a message that has a valid `traceparent` in its `_meta` as it is, without a span.
    /// Defaults to a new span for what another party has put there.
    pub fn keep_foreign(mut self) -> Self {
        self.keep_foreign = true;
        self
    }

    /// The wrapped peer, whose calls have no spans.
    #[must_use]
    pub fn into_inner(self) -> Peer<R> {
        self.peer
    }
}

impl<R: Role> Deref for TracedPeer<R> {
    type Target = Peer<R>;

    fn deref(&self) -> &Peer<R> {
        &self.peer
    }
}
