use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Response};
use http_body::{Body, Frame, SizeHint};
use mcp_trace::body::{BytesDue, WatchedBody};
use mcp_trace::{ActiveSpan, Outcome};
use pin_project_lite::pin_project;

use crate::answer::{AnswerWatch, update_call};
use crate::exchange::Exchange;
use crate::head::{self, Headers};

pin_project! {
    /// The body of an answer; the span of the request ends with it.
    pub struct ResponseBody<B> {
        #[pin]
        body: WatchedBody<B, AnswerWatch>,
    }
}

impl<B: Body> ResponseBody<B> {
    /// Takes over from the future: the exchange, if there is one, ends with the body.
    #[inline]
    pub(crate) fn watch(
        response: Response<B>,
        span: Arc<ActiveSpan>,
        exchange: Option<Exchange>,
    ) -> Response<Self> {
        let Some(exchange) = exchange else {
            return response.map(|body| Self {
                body: WatchedBody::scoped(body, span),
            });
        };
        if exchange.is_unobserved(&span) {
            // Only counted, and then it does not matter how it ends.
            let watch = AnswerWatch::unread(exchange);
            return response.map(|body| Self {
                body: WatchedBody::new(body, BytesDue::UNKNOWN, watch, span),
            });
        }
        let headers = Headers::of(response.headers());
        // A session begins with the answer to `initialize`.
        if let Some(session_id) = head::session_id(headers.session_id) {
            update_call(&span, |call| call.session_id = Some(session_id));
        }
        let status = response.status();
        if status.is_server_error() {
            let outcome = Outcome::failed(status.as_str());
            span.set_outcome(outcome);
        }
        let hint = response.body().size_hint();
        // What has an exchange is a POST.
        let due = BytesDue::of(&Method::POST, status, headers.content_length, &hint);
        let watch = AnswerWatch::new(exchange, headers.content());
        response.map(|body| Self {
            body: WatchedBody::new(body, due, watch, span),
        })
    }

    pub(crate) fn unwatched(body: B) -> Self {
        Self {
            body: WatchedBody::unwatched(body),
        }
    }
}

impl<B: Body> Body for ResponseBody<B> {
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

impl<B: Default + Body> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::unwatched(B::default())
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
