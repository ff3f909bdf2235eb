use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use mcp_trace::{End, Outcome, Scope};
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
        // `None` leaves what is current as it is.
        scope: Option<Scope>,
        open: Open,
        // Hardly ever.
        farewell: Option<Box<Farewell>>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(scope) = this.scope {
                scope.run(|| this.future.set(None));
            }
        }
    }
}

/// A request that waits for the head of its answer.
#[derive(Debug)]
struct Open {
    // `None` where no span is to be ended, and once the answer has taken over.
    exchange: Option<Exchange>,
    panicked: bool,
}

/// Notices a panic in a poll, which somebody may catch before the future is dropped.
struct Polled<'a>(&'a mut bool);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        *self.0 = std::thread::panicking();
    }
}

/// The caller went away before the head of the answer, or the inner service panicked.
impl Drop for Open {
    fn drop(&mut self) {
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        if self.panicked || std::thread::panicking() {
            exchange.span().set_outcome(Outcome::failed("panic"));
            exchange.end(End::Complete);
        } else {
            exchange.end(exchange.abandoned());
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn untraced(future: F, farewell: Option<Box<Farewell>>) -> Self {
        Self {
            future: Some(future),
            scope: None,
            open: Open {
                exchange: None,
                panicked: false,
            },
            farewell,
        }
    }

    /// Runs `call` with `scope` current. The exchange is guarded before: the inner service may
    /// panic.
    #[inline]
    pub(crate) fn run(
        scope: impl Into<Scope>,
        exchange: Option<Exchange>,
        farewell: Option<Box<Farewell>>,
        call: impl FnOnce() -> F,
    ) -> Self {
        let open = Open {
            exchange,
            panicked: false,
        };
        let mut scope = scope.into();
        let future = scope.run(call);
        Self {
            future: Some(future),
            scope: Some(scope),
            open,
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
        let polled = Polled(&mut this.open.panicked);
        let result = ready!(match this.scope {
            Some(scope) => scope.run(|| future.poll(cx)),
            None => future.poll(cx),
        });
        drop(polled);
        if let (Some(farewell), Ok(response)) = (this.farewell.take(), &result) {
            farewell.answered(response.status());
        }
        let exchange = this.open.exchange.take();
        let Some(scope) = this.scope.take() else {
            return Poll::Ready(result.map(|response| response.map(ResponseBody::unwatched)));
        };
        Poll::Ready(match result {
            Ok(response) => Ok(ResponseBody::watch(response, scope, exchange)),
            Err(error) => {
                if let Some(exchange) = exchange {
                    exchange.span().set_outcome(Outcome::failed("service"));
                    exchange.end(End::Complete);
                }
                Err(error)
            }
        })
    }
}
