use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::config::Config;
use crate::service::{Look, trace};
use crate::{ResponseBody, ResponseFuture};

/// Traces by the headers of requests alone; see
/// [`McpServerTraceLayer::headers_only`](crate::McpServerTraceLayer::headers_only).
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct HeadersOnlyLayer {
    config: Arc<Config>,
}

impl HeadersOnlyLayer {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self { config }
    }
}

impl<S> Layer<S> for HeadersOnlyLayer {
    type Service = HeadersOnly<S>;

    fn layer(&self, inner: S) -> HeadersOnly<S> {
        HeadersOnly {
            inner,
            config: self.config.clone(),
        }
    }
}

/// The service of [`HeadersOnlyLayer`].
#[derive(Clone, Debug)]
pub struct HeadersOnly<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S, B, R> Service<Request<B>> for HeadersOnly<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let Some((span, exchange)) = trace(&head, &self.config, Look::Headers) else {
            let request = Request::from_parts(head, body);
            return ResponseFuture::untraced(self.inner.call(request), None);
        };
        head.extensions.insert(span.clone());
        let request = Request::from_parts(head, body);
        // Before MCP 2026-07-28, the headers do not tell that a session begins.
        ResponseFuture::run(span, exchange, None, || self.inner.call(request))
    }
}
