use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::response::Parts;
use http_body::{Body, Frame, SizeHint};
use mcp_trace::body::WatchedBody;
use mcp_trace::{Outcome, current_span};
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
    #[inline]
    pub(crate) fn new(parts: &Parts, body: B, mut exchange: Option<Exchange>) -> Self {
        let span = exchange.as_mut().and_then(Exchange::take_span);
        let (Some(exchange), Some(span)) = (exchange, span) else {
            return Self::unwatched(body);
        };
        let body = match exchange.answered(&span, parts, &body.size_hint()) {
            Some((watch, due)) => {
                let body = Failing {
                    body,
                    is_watched: true,
                };
                WatchedBody::new(body, due, watch, span)
            }
            None => {
                let body = Failing {
                    body,
                    is_watched: false,
                };
                WatchedBody::scoped(body, span)
            }
        };
        Self { body }
    }
}

impl<B> ResponseBody<B> {
    fn unwatched(body: B) -> Self {
        let is_watched = false;
        Self {
            body: WatchedBody::unwatched(Failing { body, is_watched }),
        }
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
        Self::unwatched(B::default())
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
        is_watched: bool,
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
        if let (Some(Err(error)), true) = (&frame, *this.is_watched) {
            failed(error_type(error));
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

/// What is current where a watched body is polled is the span that it ends.
#[cold]
fn failed(error_type: &'static str) {
    if let Some(span) = current_span() {
        span.set_outcome(Outcome::failed(error_type));
        span.end();
    }
}
