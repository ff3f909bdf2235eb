use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use mcp_trace::carrier::{Extracted, extract_headers};
use mcp_trace::{ActiveSpan, ScopeGuard, Trust};
use tower_service::Service;

use crate::ambient;
use crate::config::Config;
use crate::exchange::Exchange;
use crate::head::{self, Content};
use crate::stats::Reason;
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let Some((span, exchange)) = trace(&head, &self.config, Reading::Body) else {
            let request = Request::from_parts(head, RequestBody::unread(body));
            return ResponseFuture::untraced(self.inner.call(request));
        };
        let method = head.method.clone();
        head.extensions.insert(span.clone());
        let request = Request::from_parts(head, RequestBody::new(body, exchange.clone()));
        // The guard in the future exists before the inner service runs, which may panic.
        let mut response = ResponseFuture::pending(span.clone(), exchange, method);
        let scope = ScopeGuard::enter(span);
        response.run(self.inner.call(request));
        drop(scope);
        response
    }
}

/// How much of a request is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reading {
    Headers,
    Body,
}

/// What is current during a request; the exchange only if it may carry a message.
pub(crate) fn trace(
    head: &Parts,
    config: &Arc<Config>,
    reading: Reading,
) -> Option<(Arc<ActiveSpan>, Option<Arc<Exchange>>)> {
    if head.extensions.get::<Arc<ActiveSpan>>().is_some() {
        // A layer further out traces this request already.
        return None;
    }
    let header = match extract_headers(&head.headers, &config.baggage) {
        Extracted::Context(context) => Some(context),
        Extracted::Invalid => {
            config.stats.note(Reason::InvalidHeader);
            None
        }
        _ => None,
    };
    if let Some(content) = head::message_content(head) {
        let readable = reading == Reading::Body && content == Content::Json;
        let exchange = Arc::new(Exchange::begin(head, header, config.clone(), readable));
        return Some((exchange.span().clone(), Some(exchange)));
    }
    let context = header.filter(|_| config.trust(head) == Trust::Continue)?;
    if ambient::continues(&context) {
        return None;
    }
    Some((ActiveSpan::propagating(Some(context)), None))
}
