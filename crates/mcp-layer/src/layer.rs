use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{Capture, Method, Sampler, SpanSink, Trust};
use tower_layer::Layer;

use crate::config::{Config, Rule};
use crate::sampling_cap::SamplingCap;
use crate::{HeadersOnlyLayer, McpServerTrace, MessageFormat, MessagesLayer, Stats};

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
        let config = Arc::make_mut(&mut self.config);
        (config.trust, config.trust_with) = (trust, None);
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
        Arc::make_mut(&mut self.config).trust_with = Some(Rule::new(decide));
        self
    }

    /// Accepts these baggage members from callers. Defaults to none: baggage is whatever the
    /// caller likes.
    pub fn baggage(mut self, filter: BaggageFilter) -> Self {
        Arc::make_mut(&mut self.config).baggage = filter;
        self
    }

    /// Makes spans only for the methods that `wanted` accepts; the others get context and no
    /// span. Defaults to all methods.
    ///
    /// ```
    /// use mcp_layer::McpServerTraceLayer;
    /// use mcp_trace::Method;
    ///
    /// let layer = McpServerTraceLayer::new().spans_for(|method| *method != Method::Ping);
    /// ```
    pub fn spans_for(mut self, wanted: impl Fn(&Method) -> bool + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.config).spans_for = Some(Rule::new(wanted));
        self
    }

    /// Decides by its method whether a trace is recorded that begins here, in place of the sink's
    /// sampler, which decides where `choose` returns `None`. A continued trace keeps its caller's
    /// decision. Defaults to the sink's sampler for all methods.
    ///
    /// A trace that somebody has [asked for](mcp_trace::current) before the message was read is left to
    /// the sink.
    ///
    /// ```
    /// use mcp_layer::McpServerTraceLayer;
    /// use mcp_trace::{Method, Sampler};
    ///
    /// let layer = McpServerTraceLayer::new().sampler_for(|method| match method {
    ///     Method::Ping => Some(Sampler::NEVER),
    ///     Method::ToolsCall => Some(Sampler::ALWAYS),
    ///     _ => None,
    /// });
    /// ```
    pub fn sampler_for(
        mut self,
        choose: impl Fn(&Method) -> Option<Sampler> + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.config).sampler_for = Some(Rule::new(choose));
        self
    }

    /// The tools that the server has: a call of any other is recorded as a call of `_OTHER`,
    /// so that callers cannot make an unbounded set of names. Defaults to any tool.
    pub fn known_tools<T: Into<Box<str>>>(mut self, tools: impl IntoIterator<Item = T>) -> Self {
        let tools = tools.into_iter().map(Into::into).collect();
        Arc::make_mut(&mut self.config).known_tools = Some(Arc::new(tools));
        self
    }

    /// Records arguments and results of tool calls, as far as the function in `capture` lets them
    /// through. Defaults to recording neither, at no cost.
    ///
    /// ```
    /// use mcp_layer::McpServerTraceLayer;
    /// use mcp_trace::{Capture, CapturedPart};
    ///
    /// let capture = Capture::new(|captured| {
    ///     let is_harmless = captured.tool == "get_weather" && captured.part == CapturedPart::Arguments;
    ///     is_harmless.then(|| captured.json.to_owned())
    /// });
    /// let layer = McpServerTraceLayer::new().capture(capture.limit(1024));
    /// ```
    pub fn capture(mut self, capture: Capture) -> Self {
        Arc::make_mut(&mut self.config).capture = Some(capture);
        self
    }

    /// Lets callers have at most `rate` requests per second recorded, with bursts of five
    /// times as many; of the others the sampled flag is cleared, for what they call as well.
    /// A batch counts once. Defaults to no limit.
    ///
    /// For an endpoint that [continues](Trust::Continue) the traces of callers who could set
    /// the flag on every request; with another [`Trust`] the flag has no effect anyway. 10 is
    /// a good start.
    pub fn sampled_per_second(mut self, rate: u32) -> Self {
        let cap = Arc::new(SamplingCap::per_second(rate));
        Arc::make_mut(&mut self.config).sampling_cap = Some(cap);
        self
    }

    /// What the layer has counted so far; shared by its clones and services.
    ///
    /// ```
    /// use mcp_layer::McpServerTraceLayer;
    ///
    /// let layer = McpServerTraceLayer::new();
    /// let stats = layer.stats(); // keep it, and put the layer into a service
    /// assert_eq!((stats.requests(), stats.open()), (0, 0));
    /// ```
    #[must_use]
    pub fn stats(&self) -> Arc<Stats> {
        self.config.stats.clone()
    }

    /// Finds `client.address` and `client.port`, such as in the extension in which the server
    /// leaves its peer's address. Defaults to recording neither.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::extract::ConnectInfo;
    /// use mcp_layer::McpServerTraceLayer;
    ///
    /// let layer = McpServerTraceLayer::new()
    ///     .client_address(|head| head.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0));
    /// ```
    pub fn client_address(
        mut self,
        find: impl Fn(&Parts) -> Option<SocketAddr> + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.config).client_address = Some(Rule::new(find));
        self
    }

    /// A layer for services that take messages in another form than HTTP, which `format` reads.
    ///
    /// Of the options those take no part that look at the head of a request or at the bytes of a
    /// message: [`trust_with`](Self::trust_with), [`client_address`](Self::client_address) and
    /// [`capture`](Self::capture). A message whose future is dropped is cancelled.
    pub fn messages<F: MessageFormat>(self, format: F) -> MessagesLayer<F> {
        MessagesLayer::new(self.config, format)
    }

    /// A layer that looks only at the headers of requests and leaves their body's type as it
    /// is, for services that insist on one.
    ///
    /// `_meta` is not read: before MCP 2026-07-28, whose `Mcp-Method` and `Mcp-Name` headers name the
    /// message, spans are named by the HTTP method, and only for requests with an
    /// `MCP-Protocol-Version` or `Mcp-Session-Id` header. A context that is not sampled is passed on
    /// unchanged where nobody records it.
    pub fn headers_only(self) -> HeadersOnlyLayer {
        HeadersOnlyLayer::new(self.config)
    }
}

impl<S> Layer<S> for McpServerTraceLayer {
    type Service = McpServerTrace<S>;

    fn layer(&self, inner: S) -> McpServerTrace<S> {
        McpServerTrace::new(inner, self.config.clone())
    }
}
