//! Traces for human eyes.

mod tree;
mod waiting;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mcp_trace::{SpanId, SpanRecord, SpanSink, TraceId};

use self::waiting::Waiting;

/// The most spans that wait for the one above them. When there are more, all are printed.
const MAX_SPANS: usize = 10_000;

/// How long a trace waits in which nothing ends. The span above may be another library's, and
/// never come here.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many spans are remembered as printed, for what ends after the span above it.
const MAX_PRINTED: usize = 4_096;

/// Prints the spans of this process as trees, each when its root ends: the span that has no
/// parent, or whose parent is in another process. What ends after its root, such as a call
/// whose answer is read later, is printed when it ends. What is still waiting for the span above
/// it is printed when nothing has ended in its trace for half a minute, and when the sink is
/// dropped.
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
    state: Arc<Mutex<State>>,
    patience: Duration,
}

struct State {
    out: Box<dyn Write + Send>,
    waiting: Waiting,
    /// Whether a thread looks after what waits.
    is_watched: bool,
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
            state: Arc::new(Mutex::new(State {
                out: Box::new(out),
                waiting: Waiting::default(),
                is_watched: false,
                printed: HashSet::new(),
                order: VecDeque::new(),
            })),
            patience: PATIENCE,
        }
    }

    /// Has a thread print what has waited too long, for as long as anything waits.
    fn watch(&self) {
        let (state, patience) = (Arc::downgrade(&self.state), self.patience);
        let watch = move || {
            loop {
                thread::sleep(patience / 8);
                let Some(state) = state.upgrade() else { return };
                let mut state = lock(&state);
                state.print_quiet(patience);
                if state.waiting.is_empty() {
                    state.is_watched = false;
                    return;
                }
            }
        };
        // Without a thread it is printed later: with a root, or at the end.
        let name = "mcp-trace-console".to_owned();
        drop(thread::Builder::new().name(name).spawn(watch));
    }
}

impl SpanSink for ConsoleSink {
    fn record(&self, span: SpanRecord) {
        let mut state = lock(&self.state);
        let trace = span.trace_id();
        match span.parent.filter(|parent| !parent.remote) {
            None => {
                let mut spans = vec![span];
                spans.extend(state.waiting.take_trace(trace));
                state.write(trace, &spans);
            }
            Some(parent) if state.printed.contains(&parent.span_id) => {
                // Not all that waits: the trace may have other roots that are open.
                let spans = state.waiting.take_below(span);
                state.write(trace, &spans);
            }
            Some(parent) => {
                state.waiting.add(parent.span_id, span, Instant::now());
                if state.waiting.len() > MAX_SPANS {
                    state.print_quiet(Duration::ZERO);
                } else if !std::mem::replace(&mut state.is_watched, true) {
                    drop(state);
                    self.watch();
                }
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// The traces in which nothing has ended for so long.
    fn print_quiet(&mut self, time: Duration) {
        for (trace, spans) in self.waiting.take_quiet(time) {
            self.write(trace, &spans);
        }
    }

    fn write(&mut self, trace: TraceId, spans: &[SpanRecord]) {
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

impl Drop for State {
    fn drop(&mut self) {
        self.print_quiet(Duration::ZERO);
    }
}

impl fmt::Debug for ConsoleSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsoleSink")
    }
}

#[cfg(test)]
mod tests {
    use mcp_trace::{ActiveSpan, DiscardSink, Operation, SpanBuilder, SpanKind};

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
        let builder = ActiveSpan::builder(SpanKind::Internal).sink(sink.clone());
        match parent {
            Some(parent) => builder.child_of(parent.clone()),
            None => builder.under(None),
        }
        .start(Operation::Internal { name: name.into() })
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
        assert!(lock(&sink.state).waiting.is_empty());
    }

    /// A span below one that nobody records here.
    fn orphan(name: &'static str, sink: &Arc<ConsoleSink>) -> Arc<ActiveSpan> {
        let start = |builder: SpanBuilder, name: &str| {
            let name = name.into();
            builder.start(Operation::Internal { name })
        };
        let builder = || ActiveSpan::builder(SpanKind::Internal);
        let above = builder().sink(Arc::new(DiscardSink::default()));
        let above = start(above.under(None), "");
        start(builder().sink(sink.clone()).child_of(above), name)
    }

    #[test]
    fn nothing_waits_for_ever() {
        let paper = Paper::default();
        let mut sink = ConsoleSink::new(paper.clone());
        sink.patience = Duration::from_millis(80);
        let sink = Arc::new(sink);
        for _ in 0..2 {
            // The second time with another thread, since the first has nothing left to do.
            orphan("call", &sink).end();
            assert_eq!(paper.take(), "", "the span above it may end");
            let end = Instant::now() + Duration::from_secs(10);
            while lock(&sink.state).is_watched {
                assert!(Instant::now() < end, "still waiting");
                thread::sleep(Duration::from_millis(5));
            }
            assert!(paper.take().contains("└─ call"));
        }
    }

    #[test]
    fn what_waits_at_the_end_is_printed() {
        let paper = Paper::default();
        let sink = Arc::new(ConsoleSink::new(paper.clone()));
        orphan("call", &sink).end();
        drop(sink);
        assert!(paper.take().contains("└─ call"));
    }

    #[test]
    fn no_more_wait_than_are_allowed() {
        let paper = Paper::default();
        let sink = Arc::new(ConsoleSink::new(paper.clone()));
        for _ in 0..MAX_SPANS {
            orphan("call", &sink).end();
        }
        assert_eq!(paper.take(), "");
        orphan("call", &sink).end();
        assert_eq!(paper.take().matches("└─ call").count(), MAX_SPANS + 1);
        assert!(lock(&sink.state).waiting.is_empty());
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
        assert!(state.waiting.is_empty());
    }
}
