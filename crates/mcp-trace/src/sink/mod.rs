//! Where finished spans go.

mod default;
mod discard;
mod fan_out;
mod memory;
mod start;

use std::fmt::Debug;

pub use default::{DefaultSinkGuard, DefaultSinkTaken, default_sink, set_default_sink};
pub use discard::DiscardSink;
pub use fan_out::FanOut;
pub use memory::MemorySink;
pub use start::{SpanHead, SpanStart};

use crate::{Sampler, SpanRecord};

/// Receives finished spans.
///
/// `record` is called on the request's path and from `Drop`: it must not block, must not
/// panic, and must work on any thread, with or without a runtime. What it cannot keep it
/// counts.
pub trait SpanSink: Debug + Send + Sync + 'static {
    /// Takes a finished span.
    fn record(&self, span: SpanRecord);

    /// Decides which new traces are recorded. Defaults to [`Sampler::ALWAYS`].
    fn sampler(&self) -> Sampler {
        Sampler::ALWAYS
    }

    /// Is told that a span has got its place in the trace, before anybody can see its
    /// context; for sinks that choose the ids or keep state. Defaults to [`SpanStart::Own`].
    ///
    /// Nothing is current while it runs, and it must not touch the span itself.
    fn start(&self, head: &SpanHead<'_>) -> SpanStart {
        let _ = head;
        SpanStart::Own
    }
}
