use std::sync::Arc;

use http::request::Parts;
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{SpanSink, Trust};
use tower_layer::Layer;

use crate::McpServerTrace;
use crate::config::{Config, TrustRule};

/// Traces the MCP messages that reach a service; see the [crate documentation](crate).
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct McpServerTraceLayer {
    config: Arc<Config>,
}

impl McpServerTraceLayer {
    /// Records into the process default sink, which may be installed later.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records into `sink`. Defaults to the process default sink, looked up per request.
    pub fn with_sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        Arc::make_mut(&mut self.config).sink = Some(sink);
        self
    }

    /// Hands the caller's context to the handler but records no span.
    ///
    /// For servers that make their spans by hand, with [`mcp_trace::endpoint`]. Defaults to
    /// recording.
    pub fn without_spans(mut self) -> Self {
        Arc::make_mut(&mut self.config).propagate_only = true;
        self
    }

    /// What callers' trace contexts are worth. Defaults to [`Trust::Continue`].
    ///
    /// For an endpoint that anybody can reach, choose [`Trust::RestartAndLink`].
    pub fn trust(mut self, trust: Trust) -> Self {
        Arc::make_mut(&mut self.config).trust = TrustRule::Always(trust);
        self
    }

    /// Decides by the head of each request what its context is worth, such as after
    /// authentication: put the layer inside the authenticating one.
    ///
    /// ```
    /// use mcp_layer::McpServerTraceLayer;
    /// use mcp_trace::Trust;
    ///
    /// #[derive(Clone)]
    /// struct Partner; // an extension that authentication inserts
    ///
    /// let layer = McpServerTraceLayer::new().trust_with(|head| {
    ///     if head.extensions.get::<Partner>().is_some() { Trust::Continue } else { Trust::RestartAndLink }
    /// });
    /// ```
    pub fn trust_with(mut self, decide: impl Fn(&Parts) -> Trust + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.config).trust = TrustRule::PerRequest(Arc::new(decide));
        self
    }

    /// Accepts these baggage members from callers. Defaults to none: baggage is whatever the
    /// caller likes.
    pub fn baggage(mut self, filter: BaggageFilter) -> Self {
        Arc::make_mut(&mut self.config).baggage = filter;
        self
    }
}

impl<S> Layer<S> for McpServerTraceLayer {
    type Service = McpServerTrace<S>;

    fn layer(&self, inner: S) -> McpServerTrace<S> {
        McpServerTrace::new(inner, self.config.clone())
    }
}
