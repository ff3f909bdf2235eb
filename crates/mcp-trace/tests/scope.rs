//! What is current, in which poll.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mcp_trace::{
    ActiveSpan, InTraceExt, McpCall, Method, Scope, ScopeGuard, SpanHead, SpanKind, SpanRecord,
    SpanSink, SpanStart, TraceContext, current, current_span,
};

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn two_interleaved_futures_see_their_own() {
    let contexts = [TraceContext::new_root(), TraceContext::new_root()];
    let look = |context: &TraceContext| {
        async {
            let before = current();
            yield_once().await;
            (before, current())
        }
        .in_trace(context.clone())
    };
    let (mut first, mut second) = (pin!(look(&contexts[0])), pin!(look(&contexts[1])));
    assert!(poll(first.as_mut()).is_pending());
    assert_eq!(current(), None);
    assert!(poll(second.as_mut()).is_pending());
    for (future, context) in [(first, &contexts[0]), (second, &contexts[1])] {
        assert_eq!(
            poll(future),
            Poll::Ready((Some(context.clone()), Some(context.clone())))
        );
    }
    assert_eq!(current(), None);
}

#[test]
fn a_future_is_dropped_inside_its_scope() {
    struct Look(Arc<Mutex<Option<TraceContext>>>);
    impl Drop for Look {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = current();
        }
    }
    let seen = Arc::new(Mutex::new(None));
    let look = Look(seen.clone());
    let context = TraceContext::new_root();
    let mut future = Box::pin(
        async move {
            yield_once().await;
            drop(look);
        }
        .in_trace(context.clone()),
    );
    assert!(poll(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(*seen.lock().unwrap(), Some(context));
    assert_eq!(current(), None);
}

#[test]
fn scopes_nest_and_a_panic_restores_the_outer_one() {
    let (outer, inner) = (TraceContext::new_root(), TraceContext::new_root());
    let _outer = ScopeGuard::enter(ActiveSpan::propagating(Some(outer.clone())));
    let mut panicking = pin!(async { panic!("expected by the test") }.in_trace(inner));
    let result =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(panicking.as_mut())));
    assert!(result.is_err());
    assert_eq!(current(), Some(outer));
}

#[test]
fn an_entered_scope_lasts_as_long_as_its_guard_and_can_be_entered_again() {
    let (outer, inner) = (TraceContext::new_root(), TraceContext::new_root());
    let _outer = ScopeGuard::enter(ActiveSpan::propagating(Some(outer.clone())));
    let mut scope = Scope::from(inner.clone());
    for _ in 0..2 {
        {
            let _inner = scope.enter();
            assert_eq!(current().as_ref(), Some(&inner));
        }
        assert_eq!(current().as_ref(), Some(&outer));
        assert_eq!(
            scope.span().and_then(|span| span.context()),
            Some(&inner),
            "it is in its place again"
        );
    }
}

#[test]
fn none_hides_what_was_current() {
    let _outer = ScopeGuard::enter(ActiveSpan::propagating(Some(TraceContext::new_root())));
    let mut future = pin!(async { current_span().is_none() }.in_trace(None::<TraceContext>));
    assert_eq!(poll(future.as_mut()), Poll::Ready(true));
    assert!(current().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spawned_task_sees_what_it_is_given() {
    let context = TraceContext::new_root();
    let _scope = async {
        assert_eq!(tokio::spawn(async { current() }).await.unwrap(), None);
        let inherited = tokio::spawn(async { current() }.in_trace(TraceContext::current()))
            .await
            .unwrap();
        assert_eq!(inherited, TraceContext::current());
    }
    .in_trace(context)
    .await;
}

/// Looks at what is current while it is told of a span.
#[derive(Debug)]
struct Curious;

impl SpanSink for Curious {
    fn start(&self, _: &SpanHead<'_>) -> SpanStart {
        assert_eq!(current(), None);
        SpanStart::Own
    }

    fn record(&self, _: SpanRecord) {}
}

#[test]
fn a_sink_that_asks_for_what_is_current_does_not_wait_for_itself() {
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let span = ActiveSpan::builder(SpanKind::Server)
            .incoming(Some(TraceContext::new_root()))
            .sink(Arc::new(Curious))
            .start(McpCall::new(Method::Ping));
        let _scope = ScopeGuard::enter(span);
        // This settles where the span belongs, of which the sink is told.
        let _ = done.send(current().is_some());
    });
    assert_eq!(is_done.recv_timeout(Duration::from_secs(20)), Ok(true));
}
