//! Ending a span whatever happens.

use std::sync::Arc;

use crate::{ActiveSpan, End, Outcome};

/// Ends a span when it is dropped: as cancelled, or with `error.type` = `panic` while the
/// thread panics.
#[derive(Debug)]
#[must_use = "dropping the guard ends the span"]
pub struct SpanGuard {
    span: Arc<ActiveSpan>,
    on_drop: End,
}

impl SpanGuard {
    /// Guards `span`.
    pub fn new(span: Arc<ActiveSpan>) -> Self {
        Self {
            span,
            on_drop: End::Cancelled,
        }
    }

    /// Changes what a drop means. Defaults to [`End::Cancelled`].
    pub fn set_on_drop(&mut self, end: End) {
        self.on_drop = end;
    }

    /// The span.
    #[must_use]
    pub fn span(&self) -> &Arc<ActiveSpan> {
        &self.span
    }

    /// Ends the span because its work is complete.
    pub fn end(self) {
        self.span.end();
    }
}

impl Drop for SpanGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.span.set_outcome(Outcome::failed("panic"));
            self.span.end();
        }
        self.span.end_as(self.on_drop);
    }
}
