//! Traces for human eyes.

mod tree;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use mcp_trace::{SpanId, SpanRecord, SpanSink, TraceId};

/// The most spans kept for traces whose local root has not ended yet.
const MAX_SPANS: usize = 10_000;

/// So many spans are remembered as printed, for what ends after the span above it.
const MAX_PRINTED: usize = 4_096;

/// Prints the spans of this process as trees, each when its root ends: the span that has no
/// parent, or whose parent is in another process. What ends after its root, such as a call
/// whose answer is read later, is printed when it ends.
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
    printed: HashSet<SpanId>,
    /// The same, the oldest first.
    order: VecDeque<SpanId>,
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
                printed: HashSet::new(),
                order: VecDeque::new(),
            }),
        }
    }
}

impl SpanSink for ConsoleSink {
    fn record(&self, span: SpanRecord) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_root = span.parent.is_none_or(|parent| parent.remote);
        let is_late = span
            .parent_id()
            .is_some_and(|parent| state.printed.contains(&parent));
        let (trace, id) = (span.trace_id(), span.span_id());
        state.pending.entry(trace).or_default().push(span);
        state.spans += 1;
        if is_root {
            state.print(trace);
        } else if is_late {
            state.print_below(trace, id);
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
    /// Everything that waits of a trace.
    fn print(&mut self, trace: TraceId) {
        if let Some(spans) = self.pending.remove(&trace) {
            self.write(trace, &spans);
        }
    }

    /// One span, and what waits below it: the trace may have other roots that are open.
    fn print_below(&mut self, trace: TraceId, top: SpanId) {
        let mut waiting = self.pending.remove(&trace).unwrap_or_default();
        let mut ids = HashSet::from([top]);
        let mut spans = Vec::new();
        // A span waits before the one above it, so that from the end each comes after its parent.
        while let Some(last) = waiting.iter().rposition(|span| {
            ids.contains(&span.span_id()) || span.parent_id().is_some_and(|id| ids.contains(&id))
        }) {
            let span = waiting.remove(last);
            ids.insert(span.span_id());
            spans.push(span);
        }
        if !waiting.is_empty() {
            self.pending.insert(trace, waiting);
        }
        self.write(trace, &spans);
    }

    fn write(&mut self, trace: TraceId, spans: &[SpanRecord]) {
        self.spans -= spans.len();
        for span in spans {
            self.printed.insert(span.span_id());
            self.order.push_back(span.span_id());
        }
        while self.order.len() > MAX_PRINTED {
            self.order
                .pop_front()
                .map(|oldest| self.printed.remove(&oldest));
        }
        // One write, so that lines of others do not come between. There is nowhere to report
        // a console that is gone.
        let _ = self.out.write_all(tree::draw(trace, spans).as_bytes());
        let _ = self.out.flush();
    }
}

impl fmt::Debug for ConsoleSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsoleSink")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcp_trace::{ActiveSpan, Operation, SpanKind};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    fn start(
        name: &'static str,
        sink: &Arc<ConsoleSink>,
        parent: Option<&Arc<ActiveSpan>>,
    ) -> Arc<ActiveSpan> {
        let builder = ActiveSpan::builder(
            SpanKind::Internal,
            Operation::Internal { name: name.into() },
        );
        let builder = builder.sink(sink.clone());
        match parent {
            Some(parent) => builder.child_of(parent.clone()),
            None => builder.under(None),
        }
        .start()
    }

    #[test]
    fn what_ends_after_its_root_is_printed_when_it_ends() {
        let paper = Paper::default();
        let sink = Arc::new(ConsoleSink::new(paper.clone()));
        let root = start("agent", &sink, None);
        let late = start("call", &sink, Some(&root));
        let below = start("answer", &sink, Some(&late));
        root.end();
        assert!(paper.take().contains("└─ agent"));
        below.end();
        assert_eq!(paper.take(), "", "the span above it has not ended");
        late.end();
        let text = paper.take();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with(": 2 spans"), "{text}");
        assert!(
            lines[1].starts_with("└─ call") && lines[1].ends_with(" above)"),
            "{text}"
        );
        assert!(lines[2].starts_with("   └─ answer"), "{text}");
        assert!(sink.state.lock().unwrap().pending.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let sink = Arc::new(ConsoleSink::new(std::io::sink()));
        for _ in 0..2 * MAX_PRINTED {
            start("agent", &sink, None).end();
        }
        let state = sink.state.lock().unwrap();
        assert_eq!(
            (state.printed.len(), state.order.len()),
            (MAX_PRINTED, MAX_PRINTED)
        );
        assert_eq!(state.spans, 0);
    }
}
