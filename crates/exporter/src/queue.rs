//! The bounded queue between the threads that end spans and the worker.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use mcp_trace::SpanRecord;
use tokio::sync::Notify;

/// Spans are kept in chunks, so that a growing queue never moves what it holds while a
/// request waits.
const CHUNK: usize = 256;
/// So many emptied chunks are filled again: fresh memory costs more than a span does.
const SPARE: usize = 4;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most spans held.
    pub(crate) spans: usize,
    /// The most memory held, in bytes.
    pub(crate) bytes: usize,
    /// So many spans wake the worker.
    pub(crate) batch_spans: usize,
    /// So much memory wakes the worker, in bytes.
    pub(crate) batch_bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Queue {
    limits: Limits,
    state: Mutex<State>,
    /// What the worker waits on.
    wake: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest, which is being filled: at hand, since most spans need no more than this.
    filling: Chunk,
    /// Older ones, oldest first, none of them empty.
    chunks: VecDeque<Chunk>,
    /// Of chunks that were emptied.
    spare: Vec<Vec<SpanRecord>>,
    spans: usize,
    bytes: usize,
    totals: Totals,
    closed: bool,
    /// The worker will look before a first span is due.
    expected: bool,
}

/// Spans in the order in which they were recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) spans: Vec<SpanRecord>,
    bytes: usize,
    /// When its first span came.
    since: Option<Instant>,
}

/// What came in, and what was turned away.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) accepted: u64,
    pub(crate) full: u64,
    pub(crate) after_shutdown: u64,
}

/// What whoever recorded a span has to do next.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) enum Next {
    Nothing,
    /// Nothing, but it is time to look around now and then.
    LookAround,
    /// Wake the worker.
    Wake,
}

/// The queue while a thread puts a span in.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    limits: &'a Limits,
    state: MutexGuard<'a, State>,
    next: Next,
}

/// What the worker has to know to decide what to do next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) spans: usize,
    pub(crate) bytes: usize,
    pub(crate) oldest: Option<Instant>,
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            wake: Arc::default(),
        }
    }

    /// Takes hold of the queue, unless somebody else has it: mostly for a moment, but in a child of
    /// `fork`, maybe for ever.
    #[inline(always)]
    pub(crate) fn try_hold(&self) -> Option<Held<'_>> {
        let state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(self.held(state))
    }

    /// As [`try_hold`](Self::try_hold), waiting for whoever has it.
    pub(crate) fn hold(&self) -> Held<'_> {
        self.held(self.lock())
    }

    #[inline(always)]
    fn held<'a>(&'a self, state: MutexGuard<'a, State>) -> Held<'a> {
        Held {
            limits: &self.limits,
            state,
            next: Next::Nothing,
        }
    }

    /// Copies what `parent` holds, unless another thread was at it when the process forked.
    pub(crate) fn inherit(&self, parent: &Self) {
        let Ok(parent) = parent.state.try_lock() else {
            return;
        };
        let mut state = self.lock();
        state.chunks = parent.chunks.clone();
        if !parent.filling.spans.is_empty() {
            state.chunks.push_back(parent.filling.clone());
        }
        (state.spans, state.bytes) = (parent.spans, parent.bytes);
        state.closed = parent.closed;
        state.totals.accepted = parent.spans as u64;
    }

    /// Takes the oldest chunk out.
    pub(crate) fn pop(&self) -> Option<Chunk> {
        let mut state = self.lock();
        let chunk = match state.chunks.pop_front() {
            Some(chunk) => chunk,
            None if state.filling.spans.is_empty() => return None,
            None => mem::take(&mut state.filling),
        };
        state.spans -= chunk.spans.len();
        state.bytes = state.bytes.saturating_sub(chunk.bytes);
        Some(chunk)
    }

    /// Puts back what is left of a chunk that [`pop`](Self::pop) gave, or its memory.
    pub(crate) fn unpop(&self, mut chunk: Chunk) {
        if chunk.spans.is_empty() {
            let mut state = self.lock();
            // A copy in a child of `fork` has no room.
            if state.spare.len() < SPARE && chunk.spans.capacity() >= CHUNK {
                state.spare.push(chunk.spans);
            }
            return;
        }
        chunk.bytes = chunk.spans.iter().map(SpanRecord::weight).sum();
        let mut state = self.lock();
        state.spans += chunk.spans.len();
        state.bytes += chunk.bytes;
        state.chunks.push_front(chunk);
    }

    /// Whether the worker will look in time for a first span, which need not wake it then. What
    /// came before is seen by a look at the [`level`](Self::level) after this.
    pub(crate) fn expect(&self, expected: bool) {
        self.lock().expected = expected;
    }

    /// Takes no more spans.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    pub(crate) fn level(&self) -> Level {
        let state = self.lock();
        Level {
            spans: state.spans,
            bytes: state.bytes,
            oldest: state.chunks.front().unwrap_or(&state.filling).since,
        }
    }

    /// What came in, and how many spans of that are held, at the same moment.
    pub(crate) fn totals(&self) -> (Totals, usize) {
        let state = self.lock();
        (state.totals, state.spans)
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// Where to put a span of this [`weight`](SpanRecord::weight), which is counted; `None` if it is
    /// dropped: the newest is, where all are welcome but not all fit, because what is older may be
    /// above it in the same trace.
    ///
    /// The span itself stays outside: it is large, and every function that it passes through
    /// may move it.
    #[inline(always)]
    pub(crate) fn admit(&mut self, weight: usize) -> Option<&mut Vec<SpanRecord>> {
        let Self {
            limits,
            state,
            next,
        } = self;
        let state = &mut **state;
        if state.closed {
            state.totals.after_shutdown += 1;
            return None;
        }
        let (spans, bytes) = (state.spans + 1, state.bytes.saturating_add(weight));
        if spans > limits.spans || bytes > limits.bytes {
            state.totals.full += 1;
            return None;
        }
        // Also where there is none.
        if state.filling.spans.len() == state.filling.spans.capacity() {
            state.start_chunk();
            *next = Next::LookAround;
        }
        // Only where the worker may be asleep: a wake-up costs a system call.
        if (spans == 1 && !state.expected)
            || spans == limits.batch_spans
            || (state.bytes < limits.batch_bytes && bytes >= limits.batch_bytes)
        {
            *next = Next::Wake;
        }
        (state.spans, state.bytes) = (spans, bytes);
        state.totals.accepted += 1;
        state.filling.bytes += weight;
        Some(&mut state.filling.spans)
    }

    /// Lets others have it.
    #[inline(always)]
    pub(crate) fn release(self) -> Next {
        self.next
    }
}

impl State {
    #[cold]
    fn start_chunk(&mut self) {
        let spare = self.spare.pop();
        let chunk = Chunk {
            spans: spare.unwrap_or_else(|| Vec::with_capacity(CHUNK)),
            bytes: 0,
            since: Some(Instant::now()),
        };
        let full = mem::replace(&mut self.filling, chunk);
        if !full.spans.is_empty() {
            self.chunks.push_back(full);
        }
    }
}

impl Totals {
    pub(crate) fn recorded(&self) -> u64 {
        self.accepted + self.full + self.after_shutdown
    }
}

impl Level {
    /// When a batch is due: now, or when its oldest span is `max_age` old.
    pub(crate) fn due(&self, now: Instant, limits: &Limits, max_age: Duration) -> Option<Instant> {
        let oldest = self.oldest?;
        if self.spans >= limits.batch_spans || self.bytes >= limits.batch_bytes {
            return Some(now);
        }
        Some(oldest.checked_add(max_age).unwrap_or(now))
    }
}

#[cfg(test)]
mod tests;
