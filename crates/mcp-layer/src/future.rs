use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Response};
use http_body::Body;
use mcp_trace::{ActiveSpan, End, Outcome, ScopeGuard};
use pin_project_lite::pin_project;

use crate::ResponseBody;
use crate::exchange::Exchange;

pin_project! {
    /// The future of [`McpServerTrace`](crate::McpServerTrace).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // `None` before it runs and while it is dropped.
        #[pin]
        future: Option<F>,
        // `None` where nothing is traced, and once the answer has taken over.
        traced: Option<Traced>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _scope = this.traced.as_ref().map(|traced| ScopeGuard::enter(traced.span.clone()));
            this.future.set(None);
        }
    }
}

#[derive(Debug)]
struct Traced {
    span: Arc<ActiveSpan>,
    exchange: Option<Arc<Exchange>>,
    method: Method,
    panicked: bool,
}

/// Notices a panic in a poll, which somebody may catch before the future is dropped.
struct Polled<'a> {
    panicked: &'a mut bool,
    _scope: ScopeGuard,
}

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        *self.panicked = std::thread::panicking();
    }
}

/// The caller went away before the head of the answer, or the inner service panicked.
impl Drop for Traced {
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
    pub(crate) fn untraced(future: F) -> Self {
        Self {
            future: Some(future),
            traced: None,
        }
    }

    pub(crate) fn pending(
        span: Arc<ActiveSpan>,
        exchange: Option<Arc<Exchange>>,
        method: Method,
    ) -> Self {
        Self {
            future: None,
            traced: Some(Traced {
                span,
                exchange,
                method,
                panicked: false,
            }),
        }
    }

    pub(crate) fn run(&mut self, future: F) {
        self.future = Some(future);
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
        let polled = this.traced.as_mut().map(|traced| Polled {
            panicked: &mut traced.panicked,
            _scope: ScopeGuard::enter(traced.span.clone()),
        });
        let result = ready!(future.poll(cx));
        drop(polled);
        let Some(mut traced) = this.traced.take() else {
            return Poll::Ready(result.map(|response| response.map(ResponseBody::unwatched)));
        };
        let exchange = traced.exchange.take();
        Poll::Ready(match result {
            Ok(response) => Ok(ResponseBody::watch(
                response,
                &traced.method,
                traced.span.clone(),
                exchange,
            )),
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
