use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mcp_trace::ScopeGuard;
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
            let _scope = enter(this.exchange);
            this.future.set(None);
        }
    }
}

impl<F> ResponseFuture<F> {
    /// Runs `call` with the span of the exchange current. The exchange is guarded before: the
    /// inner service may panic.
    pub(crate) fn run(exchange: Option<Exchange>, call: impl FnOnce() -> F) -> Self {
        let mut this = Self {
            future: None,
            exchange,
        };
        let scope = enter(&this.exchange);
        this.future = Some(call());
        drop(scope);
        this
    }
}

fn enter(exchange: &Option<Exchange>) -> Option<ScopeGuard> {
    exchange
        .as_ref()
        .map(|exchange| ScopeGuard::enter(exchange.span().clone()))
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
        let scope = enter(this.exchange);
        let result = ready!(future.poll(cx));
        drop(scope);
        let exchange = this.exchange.take();
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
