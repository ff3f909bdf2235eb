//! Where finished spans go.

mod default;
mod discard;
mod fan_out;
mod memory;
mod start;

use std::fmt::Debug;
use std::sync::Arc;

pub use default::{DefaultSinkGuard, DefaultSinkTaken, default_sink, set_default_sink};
pub use discard::DiscardSink;
pub use fan_out::FanOut;
pub use memory::MemorySink;
pub use start::{SpanHead, SpanStart};

use crate::{ActiveSpan, Sampler, SpanRecord, TraceContext, has_observers};

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
    /// The span itself is not current while it runs, what is above may be. It must not touch the span
    /// itself.
    fn start(&self, head: &SpanHead<'_>) -> SpanStart {
        let _ = head;
        SpanStart::Own
    }

    /// Whether [`start`](Self::start) may record a span below one that is not sampled; if so, such
    /// spans are described too. Defaults to `false`, as for [`SpanStart::Own`].
    fn records_unsampled(&self) -> bool {
        false
    }
}

/// Whether anybody may learn what a span below `parent` is about: describing it costs more than
/// all the rest.
///
/// Its sink is `sink`, else that of the span `above`, else the process default.
#[must_use]
#[inline]
pub fn is_described(
    parent: Option<&TraceContext>,
    sink: Option<&Arc<dyn SpanSink>>,
    above: Option<&ActiveSpan>,
) -> bool {
    // Here, and not in a function that is handed the context, which could stay in registers else.
    parent.is_none_or(TraceContext::is_sampled) || may_describe_unsampled(sink, above)
}

fn may_describe_unsampled(sink: Option<&Arc<dyn SpanSink>>, above: Option<&ActiveSpan>) -> bool {
    has_observers()
        || sink.or_else(|| above?.sink.as_ref()).map_or_else(
            || default_sink().is_some_and(|sink| sink.records_unsampled()),
            |sink| sink.records_unsampled(),
        )
}
