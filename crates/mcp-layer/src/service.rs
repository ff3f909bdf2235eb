use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use mcp_trace::carrier::extract_headers;
use mcp_trace::{ActiveSpan, ScopeGuard};
use tower_service::Service;

use crate::config::Config;
use crate::exchange::Exchange;
use crate::head;
use crate::{RequestBody, ResponseBody, ResponseFuture};

/// The service of [`McpServerTraceLayer`](crate::McpServerTraceLayer).
#[derive(Clone, Debug)]
pub struct McpServerTrace<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> McpServerTrace<S> {
    pub(crate) fn new(inner: S, config: Arc<Config>) -> Self {
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
}

impl<S, B, R> Service<Request<B>> for McpServerTrace<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if request.extensions().get::<Arc<ActiveSpan>>().is_some() {
            // A layer further out traces this request already.
            let future = self.inner.call(request.map(RequestBody::unread));
            return ResponseFuture::untraced(future);
        }
        let header = extract_headers(request.headers(), &self.config.baggage).into_context();
        let exchange = head::may_carry_message(&request)
            .then(|| Arc::new(Exchange::begin(&request, header.clone(), &self.config)));
        let span = match (&exchange, header) {
            (Some(exchange), _) => Some(exchange.span().clone()),
            (None, Some(context)) => Some(ActiveSpan::propagating(Some(context))),
            (None, None) => None,
        };
        let Some(span) = span else {
            return ResponseFuture::untraced(self.inner.call(request.map(RequestBody::unread)));
        };
        let method = request.method().clone();
        request.extensions_mut().insert(span.clone());
        let request = request.map(|body| RequestBody::new(body, exchange.clone()));
        // The drop guard of the future exists before the inner service runs: it may panic.
        let mut response = ResponseFuture::pending(span.clone(), exchange, method);
        let scope = ScopeGuard::enter(span);
        response.run(self.inner.call(request));
        drop(scope);
        response
    }
}
