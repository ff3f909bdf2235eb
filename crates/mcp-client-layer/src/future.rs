use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::TracedResponse;
use crate::exchange::Exchange;
use crate::failure::error_type;

pin_project! {
    /// The future of [`McpClientTrace`](crate::McpClientTrace).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // `None` before it runs and while it is dropped.
        #[pin]
        future: Option<F>,
        // `None` where nothing is traced, and once the answer has taken over.
        exchange: Option<Exchange>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _current = this.exchange.as_mut().map(Exchange::enter);
            this.future.set(None);
        }
    }
}

/// Ends the span of a service that panics, which somebody may catch before the future is dropped.
struct Polled<'a>(&'a mut Option<Exchange>);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0 = None;
        }
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(crate) fn new(future: F, exchange: Option<Exchange>) -> Self {
        Self {
            future: Some(future),
            exchange,
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    R: TracedResponse,
    E: 'static,
{
    type Output = Result<R::Watched, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = Polled(this.exchange);
        let result = ready!({
            let _current = polled.0.as_mut().map(Exchange::enter);
            future.poll(cx)
        });
        let exchange = polled.0.take();
        Poll::Ready(match result {
            Ok(response) => Ok(response.watch(exchange)),
            Err(error) => {
                if let Some(exchange) = exchange {
                    exchange.fail(error_type(&error));
                }
                Err(error)
            }
        })
    }
}
