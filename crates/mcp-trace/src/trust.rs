/// What a caller's trace context is worth.
///
/// A public endpoint's callers choose their `traceparent`: with it they can force sampling and
/// write into the traces of others. The front gates of an organisation may restart traces
/// ([W3C Trace Context](https://www.w3.org/TR/trace-context-2/), section 5.1 and 5.2).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// The caller's trace is continued, with its sampling decision and tracestate.
    #[default]
    Continue,
    /// A new trace begins, linked to the caller's; what else the caller sent is dropped.
    RestartAndLink,
    /// A new trace begins; the caller's context leaves no mark.
    Ignore,
}
