//! Streams in a trace.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::{InTrace, Scope};

/// Reads streams under a context that is handed over explicitly (feature `futures-core`).
pub trait InTraceStreamExt: Sized {
    /// Makes `context` current whenever the stream is polled, and while it is dropped.
    ///
    /// Takes a [`TraceContext`](crate::TraceContext), an
    /// [`Arc<ActiveSpan>`](crate::ActiveSpan) or an `Option` of either.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use mcp_trace::{InTraceStreamExt, TraceContext, current};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let context = TraceContext::new_root();
    /// let mut answers = stream::iter(1..3).map(|_| current()).in_trace(context.clone());
    /// while let Some(seen) = answers.next().await {
    ///     assert_eq!(seen, Some(context.clone()));
    ///     assert_eq!(current(), None);
    /// }
    /// # }
    /// ```
    fn in_trace(self, context: impl Into<Scope>) -> InTrace<Self>;
}

impl<S: Stream> InTraceStreamExt for S {
    fn in_trace(self, context: impl Into<Scope>) -> InTrace<Self> {
        InTrace::new(self, context.into())
    }
}

impl<S: Stream> Stream for InTrace<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.run(|stream| stream.poll_next(cx))
            // Only `drop` takes the stream out.
            .unwrap_or(Poll::Pending)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.get_ref().map_or((0, None), S::size_hint)
    }
}
