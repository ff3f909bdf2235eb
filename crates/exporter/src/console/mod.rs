//! Traces for human eyes.

mod tree;

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use mcp_trace::{SpanRecord, SpanSink, TraceId};

/// The most spans kept for traces whose local root has not ended yet.
const MAX_SPANS: usize = 10_000;

/// Prints the spans of this process as trees, each when its root ends: the span that has no
/// parent, or whose parent is in another process.
///
/// For development: it writes while a span ends.
///
/// ```
/// use std::sync::Arc;
/// use mcp_trace::agent_span;
/// use mcp_trace_exporter::ConsoleSink;
///
/// agent_span("planner").with_sink(Arc::new(ConsoleSink::stderr())).start().end();
/// // trace 7bf2…: 1 span
/// // └─ invoke_agent planner  0.0 ms
/// ```
pub struct ConsoleSink {
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    pending: HashMap<TraceId, Vec<SpanRecord>>,
    spans: usize,
}

impl ConsoleSink {
    /// Prints on standard error.
    #[must_use]
    pub fn stderr() -> Self {
        Self::new(std::io::stderr())
    }

    /// Prints into `out`. What cannot be written is lost.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self {
            state: Mutex::new(State {
                out: Box::new(out),
                pending: HashMap::new(),
                spans: 0,
            }),
        }
    }
}

impl SpanSink for ConsoleSink {
    fn record(&self, span: SpanRecord) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_root = span.parent.is_none_or(|parent| parent.remote);
        let trace = span.trace_id();
        state.pending.entry(trace).or_default().push(span);
        state.spans += 1;
        if is_root {
            state.print(trace);
        } else if state.spans > MAX_SPANS {
            // Roots that never end must not hold memory for ever: the largest goes.
            let largest = state
                .pending
                .iter()
                .max_by_key(|(_, spans)| spans.len())
                .map(|(trace, _)| *trace);
            largest.into_iter().for_each(|trace| state.print(trace));
        }
    }
}

impl State {
    fn print(&mut self, trace: TraceId) {
        let Some(spans) = self.pending.remove(&trace) else {
            return;
        };
        self.spans -= spans.len();
        // One write, so that lines of others do not come between. There is nowhere to report
        // a console that is gone.
        let _ = self.out.write_all(tree::draw(trace, &spans).as_bytes());
        let _ = self.out.flush();
    }
}

impl fmt::Debug for ConsoleSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsoleSink")
    }
}
