//! Recording into memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SpanSink;
use crate::SpanRecord;

/// Keeps finished spans in memory, for tests and for programs that look at their own spans.
///
/// ```
/// use std::sync::Arc;
/// use mcp_trace::{MemorySink, agent_span};
///
/// let sink = Arc::new(MemorySink::default());
/// agent_span("planner").with_sink(sink.clone()).start().end();
/// assert_eq!(sink.take()[0].name(), "invoke_agent planner");
/// ```
#[derive(Debug)]
pub struct MemorySink {
    spans: Mutex<Vec<SpanRecord>>,
    capacity: usize,
    dropped: AtomicU64,
}

impl MemorySink {
    /// Keeps at most `capacity` spans; later ones are dropped and counted.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            spans: Mutex::default(),
            capacity,
            dropped: AtomicU64::new(0),
        }
    }

    /// The spans so far, in the order in which they ended.
    #[must_use]
    pub fn spans(&self) -> Vec<SpanRecord> {
        self.lock().clone()
    }

    /// Takes the spans out.
    #[must_use]
    pub fn take(&self) -> Vec<SpanRecord> {
        std::mem::take(&mut *self.lock())
    }

    /// How many spans it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many spans did not fit.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SpanRecord>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 65 536 spans.
impl Default for MemorySink {
    fn default() -> Self {
        Self::with_capacity(65_536)
    }
}

impl SpanSink for MemorySink {
    fn record(&self, span: SpanRecord) {
        let mut spans = self.lock();
        if spans.len() < self.capacity {
            spans.push(span);
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
