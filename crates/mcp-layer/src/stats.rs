//! What a layer has counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what a layer does; see [`McpServerTraceLayer::stats`](crate::McpServerTraceLayer::stats).
///
/// Each number only grows, except [`open`](Self::open). Numbers that are read one after the
/// other may differ by what happens in between.
#[derive(Debug, Default)]
pub struct Stats {
    requests: AtomicU64,
    /// Requests that have ended and whose span was handed over: one count for both.
    recorded: AtomicU64,
    /// Requests that have ended without that.
    unrecorded: AtomicU64,
    /// Spans of the members of batches.
    members: AtomicU64,
    reasons: [AtomicU64; Reason::COUNT],
    #[cfg(feature = "tracing")]
    log: crate::log::Log,
}

/// Why something came out other than a caller or a program may have expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    InvalidHeader,
    InvalidMeta,
    EarlyObserver,
    UnreadableAnswer,
    SamplingCap,
    CapturePanic,
}

impl Reason {
    pub(crate) const ALL: [Self; 6] = [
        Self::InvalidHeader,
        Self::InvalidMeta,
        Self::EarlyObserver,
        Self::UnreadableAnswer,
        Self::SamplingCap,
        Self::CapturePanic,
    ];
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The label of a metric.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidHeader => "invalid_header",
            Self::InvalidMeta => "invalid_meta",
            Self::EarlyObserver => "early_observer",
            Self::UnreadableAnswer => "unreadable_answer",
            Self::SamplingCap => "sampling_capped",
            Self::CapturePanic => "capture_panic",
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::InvalidHeader => "a traceparent header breaks the rules and counts as absent",
            Self::InvalidMeta => "a traceparent in _meta breaks the rules and counts as absent",
            Self::EarlyObserver => {
                "the context was asked for before the message had been read: its own became a link"
            }
            Self::UnreadableAnswer => {
                "an answer cannot be read: whether it is an error is not known"
            }
            Self::SamplingCap => "callers ask for more sampling than is allowed",
            Self::CapturePanic => {
                "the function that redacts arguments and results panicked: they are not recorded"
            }
        }
    }
}

impl Stats {
    /// Requests that may have carried a message: POSTs of JSON.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests whose answer has not ended.
    #[must_use]
    pub fn open(&self) -> u64 {
        // In this order, so that it is never negative.
        let ended = [&self.recorded, &self.unrecorded].map(|count| count.load(Ordering::Acquire));
        self.requests().saturating_sub(ended.iter().sum())
    }

    /// Spans that the layer handed to the sink; a batch has several. That of a handler of rmcp that
    /// panicked is handed over by `TracedHandler`.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed) + self.members.load(Ordering::Relaxed)
    }

    /// Requests whose `traceparent` header was invalid, or came more than once.
    #[must_use]
    pub fn invalid_headers(&self) -> u64 {
        self.count(Reason::InvalidHeader)
    }

    /// Messages whose `_meta.traceparent` was invalid.
    #[must_use]
    pub fn invalid_metas(&self) -> u64 {
        self.count(Reason::InvalidMeta)
    }

    /// Messages whose own context became a link, because somebody had asked for the context
    /// before the message was read.
    #[must_use]
    pub fn early_observers(&self) -> u64 {
        self.count(Reason::EarlyObserver)
    }

    /// Answers that could not be read, such as compressed ones: their spans do not tell
    /// JSON-RPC and tool errors.
    #[must_use]
    pub fn unreadable_answers(&self) -> u64 {
        self.count(Reason::UnreadableAnswer)
    }

    /// Requests whose sampled flag was cleared; see
    /// [`McpServerTraceLayer::sampled_per_second`](crate::McpServerTraceLayer::sampled_per_second).
    #[must_use]
    pub fn sampling_capped(&self) -> u64 {
        self.count(Reason::SamplingCap)
    }

    /// Arguments and results that were not recorded because the function that redacts them
    /// panicked; see [`McpServerTraceLayer::capture`](crate::McpServerTraceLayer::capture).
    #[must_use]
    pub fn capture_panics(&self) -> u64 {
        self.count(Reason::CapturePanic)
    }

    pub(crate) fn count(&self, reason: Reason) -> u64 {
        self.reasons[reason as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_member(&self, recorded: bool) {
        if recorded {
            self.members.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn end(&self, recorded: bool) {
        let count = if recorded {
            &self.recorded
        } else {
            &self.unrecorded
        };
        count.fetch_add(1, Ordering::Release);
    }

    #[cold]
    pub(crate) fn note(&self, reason: Reason) {
        self.reasons[reason as usize].fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "tracing")]
        self.log.line(reason);
    }
}
