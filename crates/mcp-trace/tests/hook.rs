//! What a scope hook is told. The hook of a process stays: everything in one test.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mcp_trace::{
    ActiveSpan, Entering, Foreign, InTraceExt, McpCall, MemorySink, Method, ScopeGuard, ScopeHook,
    SpanHead, SpanKind, SpanRecord, SpanSink, SpanStart, TraceContext, agent_span, current,
    set_scope_hook,
};

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static AMBIENT: RefCell<Option<TraceContext>> = const { RefCell::new(None) };
}

static SUPPRESSED: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Log;

fn log(line: impl Into<String>) {
    LOG.with_borrow_mut(|log| log.push(line.into()));
}

fn logged() -> Vec<String> {
    LOG.take()
}

fn name(prepared: &Foreign) -> &str {
    prepared.downcast_ref::<String>().unwrap()
}

impl ScopeHook for Log {
    fn prepare(&self, context: &TraceContext, _started: Option<&Foreign>) -> Foreign {
        log("prepare");
        Foreign::new(context.span_id().to_string())
    }

    fn enter(&self, scope: Entering<'_>) -> usize {
        match scope {
            Entering::Context(prepared) => log(format!("enter {}", name(prepared))),
            other => log(format!("enter {other:?}")),
        }
        7
    }

    fn settle(&self, prepared: &Foreign) {
        log(format!("settle {}", name(prepared)));
    }

    fn exit(&self, entered: usize) {
        assert_eq!(entered, 7);
        log("exit");
    }

    fn ambient(&self) -> Option<TraceContext> {
        AMBIENT.with_borrow(Clone::clone)
    }

    fn is_suppressed(&self) -> bool {
        SUPPRESSED.load(Ordering::Relaxed)
    }
}

fn incoming(header: Option<TraceContext>, sink: &Arc<MemorySink>) -> Arc<ActiveSpan> {
    ActiveSpan::builder(SpanKind::Server)
        .incoming(header)
        .sink(sink.clone())
        .start(McpCall::new(Method::Ping))
}

/// Chooses ids, and wants something back.
#[derive(Debug, Default)]
struct Chooser(MemorySink);

impl SpanSink for Chooser {
    fn start(&self, head: &SpanHead<'_>) -> SpanStart {
        if head.parent.is_none() {
            return SpanStart::Pass;
        }
        SpanStart::Chosen {
            context: TraceContext::new_root(),
            recording: true,
            started: Some(Foreign::new(5_u8)),
        }
    }

    fn record(&self, span: SpanRecord) {
        self.0.record(span);
    }
}

#[tokio::test]
async fn a_hook_follows_every_scope() {
    set_scope_hook(Log).unwrap();
    assert!(set_scope_hook(Log).is_err());
    let sink = Arc::new(MemorySink::default());

    // Prepared once, entered in every poll and in the drop.
    let span = agent_span("a").with_sink(sink.clone()).start();
    let id = span.context().unwrap().span_id();
    tokio::task::yield_now().in_trace(span.clone()).await;
    let enter = format!("enter {id}");
    let expected = ["prepare", &enter, "exit", &enter, "exit", &enter, "exit"];
    assert_eq!(logged(), expected);

    // Nothing hides what is ours, and only that.
    async {}.in_trace(None::<TraceContext>).await;
    assert_eq!(logged(), [""; 0]);
    {
        let _scope = ScopeGuard::enter(span.clone());
        async {}.in_trace(None::<TraceContext>).await;
    }
    assert_eq!(
        logged()[1..5],
        ["enter Nothing", "exit", "enter Nothing", "exit"]
    );

    // Undecided until the message has been read; then settled at once.
    let parent = TraceContext::from_remote(TraceContext::new_root().traceparent());
    let span = incoming(None, &sink);
    {
        let _scope = ScopeGuard::enter(span.clone());
        assert_eq!(logged(), ["enter Undecided"]);
        span.resolve(Some(parent.clone()));
        let id = span.context().unwrap().span_id();
        assert_eq!(logged(), ["prepare".to_owned(), format!("settle {id}")]);
        assert_eq!(span.context().unwrap().trace_id(), parent.trace_id());
    }
    assert_eq!(logged(), ["exit"]);

    // The caller's context meanwhile, if there is one. Somebody who asks settles as well.
    let span = incoming(Some(parent.clone()), &sink);
    {
        let _scope = ScopeGuard::enter(span.clone());
        let enter = format!("enter {}", parent.span_id());
        assert_eq!(logged(), ["prepare", &enter]);
        let id = current().unwrap().span_id();
        assert_eq!(logged(), ["prepare".to_owned(), format!("settle {id}")]);
    }
    logged();

    // Settled elsewhere: the scope that is entered is another one's.
    let span = incoming(None, &sink);
    span.resolve(None);
    assert_eq!(logged(), [""; 0]);

    // What is entered further in is the parent, and the span above still lends its sink.
    let _ = sink.take();
    let ambient = TraceContext::new_root();
    {
        let _scope = ScopeGuard::enter(span.clone());
        AMBIENT.set(Some(ambient.clone()));
        assert_eq!(current(), Some(ambient.clone()));
        agent_span("b").start().end();
        let other = agent_span("c")
            .with_sink(sink.clone())
            .under(parent.clone());
        other.start().end();
        AMBIENT.set(None);
    }
    let [b, c] = sink.take().try_into().unwrap();
    assert_eq!(b.parent_id(), Some(ambient.span_id()));
    assert_eq!(b.trace_id(), ambient.trace_id());
    assert_eq!(c.parent_id(), Some(parent.span_id()), "said so explicitly");

    // A span that is not the current one has nothing between.
    AMBIENT.set(Some(ambient));
    let child = ActiveSpan::builder(SpanKind::Client)
        .child_of(span.clone())
        .start(McpCall::new(Method::Ping));
    child.end();
    AMBIENT.set(None);
    assert_eq!(
        sink.take()[0].parent_id(),
        Some(span.context().unwrap().span_id())
    );

    SUPPRESSED.store(true, Ordering::Relaxed);
    agent_span("d").with_sink(sink.clone()).start().end();
    SUPPRESSED.store(false, Ordering::Relaxed);
    assert!(sink.is_empty());
}

#[test]
fn a_sink_chooses_how_a_span_starts() {
    let sink = Arc::new(Chooser::default());
    let root = agent_span("root").with_sink(sink.clone()).start();
    assert_eq!(root.context(), None);
    let parent = TraceContext::new_root();
    let span = agent_span("child")
        .with_sink(sink.clone())
        .under(parent.clone())
        .start();
    let context = span.context().unwrap().clone();
    assert_ne!(context.trace_id(), parent.trace_id());
    span.end();
    root.end();
    let [record] = sink.0.take().try_into().unwrap();
    assert_eq!(record.context, context);
    assert_eq!(record.parent_id(), Some(parent.span_id()));
    assert_eq!(record.started().unwrap().downcast_ref::<u8>(), Some(&5));
}
