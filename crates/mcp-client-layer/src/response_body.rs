use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::response::Parts;
use http_body::{Body, Frame, SizeHint};
use mcp_trace::body::WatchedBody;
use mcp_trace::{ActiveSpan, Outcome};
use pin_project_lite::pin_project;

use crate::exchange::{AnswerWatch, Exchange};
use crate::failure::error_type;

pin_project! {
    /// The body of an answer; the span of the request ends with the answer in it.
    pub struct ResponseBody<B> {
        #[pin]
        body: WatchedBody<Failing<B>, AnswerWatch>,
    }
}

impl<B: Body<Error: 'static>> ResponseBody<B> {
    pub(crate) fn new(parts: &Parts, body: B, exchange: Option<Exchange>) -> Self {
        let Some(mut exchange) = exchange else {
            return Self {
                body: WatchedBody::unwatched(Failing { body, span: None }),
            };
        };
        let scope = std::mem::take(exchange.scope());
        let span = exchange.span().clone();
        let answered = exchange.answered(
            parts.status,
            parts.version,
            &parts.headers,
            &body.size_hint(),
        );
        let body = match answered {
            Some((watch, due)) => {
                let body = Failing {
                    body,
                    span: Some(span),
                };
                WatchedBody::new(body, due, watch, Some(scope))
            }
            None => WatchedBody::scoped(Failing { body, span: None }, scope),
        };
        Self { body }
    }
}

impl<B: Body<Error: 'static>> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Default> Default for ResponseBody<B> {
    fn default() -> Self {
        Self {
            body: WatchedBody::unwatched(Failing {
                body: B::default(),
                span: None,
            }),
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

pin_project! {
    /// Says of what kind the failure of a body was, before its watch ends the span without
    /// knowing.
    struct Failing<B> {
        #[pin]
        body: B,
        span: Option<Arc<ActiveSpan>>,
    }
}

impl<B: Body<Error: 'static>> Body for Failing<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        if let (Some(Err(error)), Some(span)) = (&frame, this.span) {
            span.set_outcome(Outcome::failed(error_type(error)));
            span.end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
