use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::config::Config;
use crate::exchange::Exchange;
use crate::{McpClientTraceLayer, ResponseFuture, TracedRequest, TracedResponse};

/// The service of [`McpClientTraceLayer`].
///
/// Around nothing it is a middleware for `reqwest_middleware::ClientBuilder::with` (feature
/// `reqwest-middleware`):
///
#[cfg_attr(feature = "reqwest-middleware", doc = "```")]
#[cfg_attr(not(feature = "reqwest-middleware"), doc = "```ignore")]
/// # use std::sync::Arc;
/// use mcp_client_layer::{McpClientTrace, McpClientTraceLayer};
///
/// let client = reqwest::Client::new();
/// let client = reqwest_middleware::ClientBuilder::new(client).with(McpClientTrace::new()).build();
///
/// // with options
/// let layer = McpClientTraceLayer::new().mcp_only();
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(McpClientTrace::from(layer))
///     .build();
/// ```
#[derive(Clone, Debug)]
pub struct McpClientTrace<S = ()> {
    inner: S,
    config: Arc<Config>,
}

impl McpClientTrace {
    /// Around nothing, with the options of [`McpClientTraceLayer::new`].
    #[must_use]
    pub fn new() -> Self {
        McpClientTraceLayer::new().into()
    }
}

impl<S> McpClientTrace<S> {
    pub(crate) fn around(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }

    /// The service that is traced.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service that is traced.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service that is traced.
    pub fn into_inner(self) -> S {
        self.inner
    }

    #[cfg(feature = "reqwest-middleware")]
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }
}

impl Default for McpClientTrace {
    fn default() -> Self {
        Self::new()
    }
}

/// Around nothing, with these options.
impl From<McpClientTraceLayer> for McpClientTrace {
    fn from(layer: McpClientTraceLayer) -> Self {
        layer.layer(())
    }
}

impl<S, R> Service<R> for McpClientTrace<S>
where
    S: Service<R, Response: TracedResponse, Error: 'static>,
    R: TracedRequest,
{
    type Response = <S::Response as TracedResponse>::Watched;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let mut exchange = None;
        let request = request.depart(&self.config, &mut exchange);
        let future = {
            // The exchange is a guard: the inner service may panic.
            let _current = exchange.as_mut().map(Exchange::enter);
            self.inner.call(request)
        };
        ResponseFuture::new(future, exchange)
    }
}
