use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use mcp_trace::{ActiveSpan, End, Outcome, Scope};
use pin_project_lite::pin_project;

use crate::ResponseBody;
use crate::exchange::Exchange;
use crate::session::Farewell;

pin_project! {
    /// The future of [`McpServerTrace`](crate::McpServerTrace).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // `None` before it runs and while it is dropped.
        #[pin]
        future: Option<F>,
        // `None` leaves what is current as it is, and once the answer has taken over.
        open: Option<Open>,
        // Hardly ever.
        farewell: Option<Box<Farewell>>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(open) = this.open {
                open.scope.run(|| this.future.set(None));
            }
        }
    }
}

/// A request that waits for the head of its answer.
#[derive(Debug)]
struct Open {
    scope: Scope,
    // `None` where no span is to be ended.
    exchange: Option<Exchange>,
    panicked: bool,
}

/// Notices a panic in a poll, which somebody may catch before the future is dropped.
struct Polled<'a>(&'a mut Open);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.0.panicked = std::thread::panicking();
    }
}

/// The caller went away before the head of the answer, or the inner service panicked.
impl Drop for Open {
    fn drop(&mut self) {
        let (Some(span), Some(exchange)) = (self.scope.span(), self.exchange.take()) else {
            return;
        };
        if self.panicked || std::thread::panicking() {
            span.set_outcome(Outcome::failed("panic"));
            exchange.end(span, End::Complete);
        } else {
            exchange.end(span, exchange.abandoned());
        }
    }
}

impl Open {
    fn close(mut self) -> (Option<Arc<ActiveSpan>>, Option<Exchange>) {
        let scope = std::mem::take(&mut self.scope);
        (scope.into_span(), self.exchange.take())
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn untraced(future: F, farewell: Option<Box<Farewell>>) -> Self {
        Self {
            future: Some(future),
            open: None,
            farewell,
        }
    }

    /// Runs `call` with `span` current. The exchange is guarded before: the inner service may
    /// panic.
    #[inline]
    pub(crate) fn run(
        span: Arc<ActiveSpan>,
        exchange: Option<Exchange>,
        farewell: Option<Box<Farewell>>,
        call: impl FnOnce() -> F,
    ) -> Self {
        let mut open = Open {
            scope: span.into(),
            exchange,
            panicked: false,
        };
        let future = open.scope.run(call);
        Self {
            future: Some(future),
            open: Some(open),
            farewell,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else {
            return Poll::Pending;
        };
        let result = ready!({
            let mut polled = this.open.as_mut().map(Polled);
            let _current = polled.as_mut().map(|polled| polled.0.scope.enter());
            future.poll(cx)
        });
        if let (Some(farewell), Ok(response)) = (this.farewell.take(), &result) {
            farewell.answered(response.status());
        }
        let (Some(span), exchange) = this.open.take().map_or((None, None), Open::close) else {
            return Poll::Ready(result.map(|response| response.map(ResponseBody::unwatched)));
        };
        Poll::Ready(match result {
            Ok(response) => Ok(ResponseBody::watch(response, span, exchange)),
            Err(error) => {
                if let Some(exchange) = exchange {
                    span.set_outcome(Outcome::failed("service"));
                    exchange.end(&span, End::Complete);
                }
                Err(error)
            }
        })
    }
}
