use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use mcp_trace::carrier::Extracted;
use mcp_trace::{ActiveSpan, TraceContext, Trust};
use tower_service::Service;

use crate::ambient;
use crate::config::Config;
use crate::exchange::Exchange;
use crate::head::{Content, Headers};
use crate::reading::Reading;
use crate::session::Farewell;
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
        let farewell = Farewell::of(&head, &self.config);
        let Some((span, exchange)) = trace(&head, &self.config, Look::Body) else {
            let request = Request::from_parts(head, RequestBody::unread(body));
            return ResponseFuture::untraced(self.inner.call(request), farewell);
        };
        head.extensions.insert(span.clone());
        let reading = match &exchange {
            Some(Exchange::Message { reading, .. }) => Some(reading.clone()),
            _ => None,
        };
        let request = Request::from_parts(head, RequestBody::new(body, reading));
        ResponseFuture::run(span, exchange, farewell, || self.inner.call(request))
    }
}

/// How much of a request is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Look {
    Headers,
    Body,
}

/// What is current during a request; the exchange only if it may carry a message.
#[inline]
pub(crate) fn trace(
    head: &Parts,
    config: &Arc<Config>,
    look: Look,
) -> Option<(Arc<ActiveSpan>, Option<Exchange>)> {
    if head.extensions.get::<Arc<ActiveSpan>>().is_some() {
        // A layer further out traces this request already.
        return None;
    }
    let headers = Headers::of(&head.headers);
    let extracted = headers.context.extract(&head.headers, &config.baggage);
    let header = context_in(extracted, config);
    let Some(content) = headers.message_content(head) else {
        let context = header.filter(|_| config.trust(head) == Trust::Continue)?;
        if ambient::continues(&context) {
            return None;
        }
        return Some((ActiveSpan::propagating(Some(context)), None));
    };
    let (span, exchange) = if look == Look::Body && content == Content::Json {
        Exchange::of_message(Reading::begin(head, &headers, header, config))
    } else {
        Exchange::of_head(head, &headers, header, config)
    };
    Some((span, Some(exchange)))
}

#[inline]
pub(crate) fn context_in(extracted: Extracted, config: &Config) -> Option<TraceContext> {
    match extracted {
        Extracted::Context(context) => Some(context),
        Extracted::Invalid => {
            config.stats.note(Reason::InvalidHeader);
            None
        }
        _ => None,
    }
}
