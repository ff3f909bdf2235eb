//! A program's own work, between a request and the calls that it makes for it.

use std::future::Future;
use std::sync::Arc;

use crate::{ActiveSpan, InTraceExt, Operation, SpanGuard, SpanKind, Text, current};

/// Names a part of the work that is current, such as a look-up inside a tool: an INTERNAL span, and
/// the calls made inside it are its children.
///
/// The name is low in cardinality: what differs between two runs is an
/// [attribute](ActiveSpan::set_attribute). Outside of any trace nothing is recorded.
///
/// ```
/// use mcp_trace::{Outcome, child_span, current_span};
///
/// # async fn ask_station() -> Result<f64, ()> { Ok(22.0) }
/// // Inside a tool; what `ask_station` sends is below the span.
/// async fn measure() -> Option<f64> {
///     child_span("measure temperature")
///         .run(async {
///             let answer = ask_station().await;
///             if let (Err(()), Some(span)) = (&answer, current_span()) {
///                 span.set_outcome(Outcome::failed("no_answer"));
///             }
///             answer.ok()
///         })
///         .await
/// }
/// ```
pub fn child_span(name: impl Into<Text>) -> ChildSpan {
    ChildSpan { name: name.into() }
}

/// A part of the work that is current; made by [`child_span`].
#[derive(Debug)]
#[must_use = "a child span starts with `run` or `start`"]
pub struct ChildSpan {
    name: Text,
}

impl ChildSpan {
    /// Starts the span; make it current with [`in_trace`](crate::InTraceExt::in_trace), and
    /// [end](ActiveSpan::end) it.
    #[must_use]
    pub fn start(self) -> Arc<ActiveSpan> {
        let operation = Operation::Internal { name: self.name };
        let builder = ActiveSpan::builder(SpanKind::Internal);
        let builder = if current().is_some() {
            builder
        } else {
            builder.propagate_only()
        };
        builder.start(operation)
    }

    /// Runs `future` inside the span, which ends with it.
    ///
    /// # Cancel safety
    /// Dropping the returned future drops `future` and ends the span as cancelled; a panic
    /// ends it with `error.type` = `panic`.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        let span = self.start();
        let guard = SpanGuard::new(span.clone());
        let output = future.in_trace(span).await;
        guard.end();
        output
    }
}
