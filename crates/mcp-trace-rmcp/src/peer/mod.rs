//! Client side: calls that are CLIENT spans.

mod call;
pub(crate) mod message;
mod methods;
mod send;

use std::ops::Deref;
use std::sync::Arc;

use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{ActiveSpan, SpanSink, TraceContext};
use rmcp::{Peer, RoleClient};

pub use send::TracedRequestHandle;

/// Wraps an rmcp client's peer, so that every call through it is a CLIENT span whose context
/// travels in the message's `_meta`.
///
/// Works on every transport: HTTP, stdio, child process, duplex. Over HTTP,
/// `TracedHttpClient` (feature `http-client`) repeats the context in the headers.
///
/// ```
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
pub fn wrap_mcp(peer: Peer<RoleClient>) -> TracedPeer {
    TracedPeer {
        peer,
        parent: None,
        sink: None,
        baggage: BaggageFilter::none(),
        keep_foreign: false,
    }
}

/// An rmcp client's peer whose calls are CLIENT spans; made by [`wrap_mcp`].
///
/// It has the methods of [`Peer<RoleClient>`], with the same answers and errors, and derefs to
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
/// What rmcp answers from its response cache is a span that is short and has no server span
/// below. rmcp keeps to itself the request id of what may come from the cache (`tools/list`
/// and the other lists, `resources/read`, `server/discover`), and has no way to send `_meta`
/// with `subscriptions/listen`.
#[derive(Clone, Debug)]
#[must_use]
pub struct TracedPeer {
    peer: Peer<RoleClient>,
    parent: Option<Arc<ActiveSpan>>,
    sink: Option<Arc<dyn SpanSink>>,
    baggage: BaggageFilter,
    keep_foreign: bool,
}

impl TracedPeer {
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
    pub fn into_inner(self) -> Peer<RoleClient> {
        self.peer
    }
}

impl Deref for TracedPeer {
    type Target = Peer<RoleClient>;

    fn deref(&self) -> &Peer<RoleClient> {
        &self.peer
    }
}
