//! The answering side: handlers that run in the trace of their message.

#[cfg(feature = "client")]
mod client;
mod incoming;
mod running;
#[cfg(feature = "server")]
mod server;

pub(crate) use incoming::{open_span, sent_context};

use std::fmt;
use std::sync::Arc;

use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{SpanSink, Trust};

/// Runs the handlers of an rmcp server, or those of a client that is asked by its server, in the
/// trace of the message that they answer.
///
/// It is a `ServerHandler` around one, and a `ClientHandler` around one. rmcp runs every handler in a task of its own, where the context of an HTTP layer does not
/// arrive. Under this wrapper [`mcp_trace::current()`] is the message's SERVER span in all of
/// rmcp's transports and modes:
///
/// - Where a server layer has put an [`ActiveSpan`](mcp_trace::ActiveSpan) into the HTTP
///   request's extensions, the handler runs under that span, and there is no second one. A
///   handler that panics never answers; the span ends then with `error.type` = `panic`.
/// - Elsewhere (stdio, child process, duplex, HTTP without the layer) it makes the SERVER span
///   itself, by the [OpenTelemetry MCP
///   conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md).
///   A valid context in `params._meta` is its parent; a valid `traceparent` header that names
///   another span becomes a link, or the parent where `_meta` has none.
///
/// A span made here covers the handler, not the way of the answer to the client. What rmcp
/// answers without asking a handler (such as an unsupported protocol version) has no span; a
/// span of `subscriptions/listen` ends when the subscription stands, not when it is over.
///
/// ```
/// use mcp_trace_rmcp::TracedHandler;
/// use rmcp::ServerHandler;
///
/// #[derive(Clone)]
/// struct WeatherTools;
///
/// impl ServerHandler for WeatherTools {}
///
/// let handler = TracedHandler::new(WeatherTools);
/// // stdio: `handler.serve(rmcp::transport::stdio())`
/// // HTTP:  `StreamableHttpService::new(move || Ok(handler.clone()), ..)`
/// ```
///
/// On the client's side, sampling, elicitation, roots, pings and notifications of the server are
/// SERVER spans: below the server's call, if that has [put its context](crate::wrap_mcp) into
/// `_meta`, else of a trace of their own.
///
#[cfg_attr(feature = "client", doc = "```")]
#[cfg_attr(not(feature = "client"), doc = "```ignore")]
/// # async fn connect<T, E, A>(transport: T) -> Result<(), rmcp::service::ClientInitializeError>
/// # where T: rmcp::transport::IntoTransport<rmcp::RoleClient, E, A>, E: std::error::Error + Send + Sync + 'static {
/// use mcp_trace_rmcp::TracedHandler;
/// use rmcp::{ClientHandler, ServiceExt};
///
/// struct Desktop;
///
/// impl ClientHandler for Desktop {}
///
/// let client = TracedHandler::new(Desktop).serve(transport).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a handler does nothing unless it is served"]
pub struct TracedHandler<H> {
    inner: H,
    sink: Option<Arc<dyn SpanSink>>,
    trust: Trust,
    baggage: BaggageFilter,
}

impl<H> TracedHandler<H> {
    /// Wraps `inner`.
    pub fn new(inner: H) -> Self {
        Self {
            inner,
            sink: None,
            trust: Trust::Continue,
            baggage: BaggageFilter::none(),
        }
    }

    /// Records the spans that it makes itself into `sink`. Defaults to the process default.
    pub fn with_sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// What the contexts are worth that callers send. Only for the spans that it makes itself: a
    /// layer has its own setting. Defaults to [`Trust::Continue`].
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// The members of incoming baggage that spans made here accept. Defaults to none.
    pub fn baggage(mut self, filter: BaggageFilter) -> Self {
        self.baggage = filter;
        self
    }

    /// The wrapped handler.
    pub fn inner(&self) -> &H {
        &self.inner
    }

    /// Takes the wrapped handler out.
    #[must_use]
    pub fn into_inner(self) -> H {
        self.inner
    }
}

impl<H> fmt::Debug for TracedHandler<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedHandler")
            .field("sink", &self.sink)
            .finish_non_exhaustive()
    }
}
