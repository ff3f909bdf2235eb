use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Response};
use http_body::{Body, Frame, SizeHint};
use mcp_envelope::AnswerWatcher;
use mcp_trace::body::{BodyEnd, BytesDue, Watch, WatchedBody};
use mcp_trace::{ActiveSpan, End, Outcome};
use pin_project_lite::pin_project;

use crate::batch::Batch;
use crate::exchange::{Exchange, record_answer};
use crate::head::{self, Content};
use crate::stats::Reason;

pin_project! {
    /// The body of an answer; the span of the request ends with it.
    pub struct ResponseBody<B> {
        #[pin]
        body: WatchedBody<B, AnswerWatch>,
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn watch(
        response: Response<B>,
        method: &Method,
        span: Arc<ActiveSpan>,
        exchange: Option<Arc<Exchange>>,
    ) -> Response<Self> {
        let Some(exchange) = exchange else {
            return response.map(|body| Self {
                body: WatchedBody::scoped(body, span),
            });
        };
        exchange.answered(response.headers());
        if response.status().is_server_error() {
            span.set_outcome(Outcome::failed(response.status().as_str()));
        }
        let content = head::content(response.headers());
        let (parts, body) = response.into_parts();
        let due = BytesDue::of(method, parts.status, &parts.headers, &body.size_hint());
        let watch = AnswerWatch {
            exchange,
            content,
            watcher: None,
            batch: None,
            started: false,
        };
        Response::from_parts(
            parts,
            Self {
                body: WatchedBody::new(body, due, watch, Some(span)),
            },
        )
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

/// Finds the answer to the request in what passes, and ends the span with it.
struct AnswerWatch {
    exchange: Arc<Exchange>,
    content: Content,
    /// Made with the first piece: only then is the request's id sure to be known.
    watcher: Option<AnswerWatcher>,
    batch: Option<Batch>,
    started: bool,
}

impl AnswerWatch {
    fn start(&mut self) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.batch = self.exchange.take_batch();
        if self.batch.is_none() {
            let id = self.exchange.request_id();
            if self.content == Content::Encoded {
                self.exchange.note(Reason::UnreadableAnswer);
            }
            self.watcher = match self.content {
                Content::Json => Some(AnswerWatcher::json(id)),
                Content::EventStream => Some(AnswerWatcher::sse(id)),
                Content::Encoded | Content::Other => None,
            };
        }
    }
}

impl Watch for AnswerWatch {
    fn data(&mut self, piece: &[u8]) -> ControlFlow<()> {
        self.start();
        let complete = match (&mut self.batch, &mut self.watcher) {
            (Some(batch), _) => batch.data(piece, self.content),
            (None, Some(watcher)) => watcher.push(piece).is_some(),
            (None, None) => false,
        };
        // A subscription stays open for hours: its span covers the way to the first message.
        if complete || self.exchange.is_subscription() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn unreadable(&mut self) {
        self.start();
        if self.watcher.take().is_some() {
            self.exchange.note(Reason::UnreadableAnswer);
        }
    }

    fn end(&mut self, end: BodyEnd) {
        self.start();
        if let Some(watcher) = &mut self.watcher {
            watcher.finish();
            if let Some(answer) = watcher.answer() {
                record_answer(self.exchange.span(), answer);
            }
        }
        let end = match end {
            BodyEnd::Complete => End::Complete,
            BodyEnd::Dropped => self.exchange.abandoned(),
            _ => {
                self.exchange
                    .span()
                    .set_outcome(Outcome::failed("response_body"));
                End::Complete
            }
        };
        if let Some(batch) = self.batch.take() {
            batch.end(end);
        }
        self.exchange.end(end);
    }
}
