//! Operations as metrics see them: all of them, sampled or not.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::{End, EndedSession, Operation, Outcome, SpanKind, TraceContext};

static OBSERVERS: RwLock<Observers> = RwLock::new(Observers(None));
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Learns of every operation that ends, whether its span is recorded or not; for metrics.
///
/// Called like [`SpanSink::record`](crate::SpanSink::record), and before it: it must not block
/// and must not panic. What is on its way to an observer when that is removed may still arrive.
pub trait OperationObserver: Debug + Send + Sync + 'static {
    /// An operation has ended.
    fn observe(&self, operation: &EndedOperation<'_>);

    /// A session has ended. Defaults to doing nothing.
    fn observe_session(&self, session: &EndedSession<'_>) {
        let _ = session;
    }
}

/// An operation that has ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EndedOperation<'a> {
    /// Which side of a call it was.
    pub kind: SpanKind,
    /// What it was about.
    pub operation: &'a Operation,
    /// How it went.
    pub outcome: &'a Outcome,
    /// What ended it.
    pub end: End,
    /// Its length by a monotonic clock.
    pub duration: Duration,
    /// The context inside its span, sampled or not.
    pub context: Option<&'a TraceContext>,
}

/// Adds an observer to the process, until the guard is dropped.
pub fn add_observer(observer: Arc<dyn OperationObserver>) -> ObserverGuard {
    change(|observers| observers.push(observer.clone()));
    ObserverGuard(observer)
}

/// Keeps an observer in place; a drop removes it.
#[derive(Debug)]
#[must_use = "dropping the guard removes the observer"]
pub struct ObserverGuard(Arc<dyn OperationObserver>);

impl Drop for ObserverGuard {
    fn drop(&mut self) {
        change(|observers| {
            if let Some(index) = observers.iter().position(|o| Arc::ptr_eq(o, &self.0)) {
                observers.swap_remove(index);
            }
        });
    }
}

/// Replaced as a whole, so that nothing is locked while observers are told.
#[derive(Clone)]
struct Observers(Option<Arc<[Arc<dyn OperationObserver>]>>);

fn change(edit: impl FnOnce(&mut Vec<Arc<dyn OperationObserver>>)) {
    let mut slot = OBSERVERS.write().unwrap_or_else(PoisonError::into_inner);
    let mut observers = slot.0.as_deref().unwrap_or_default().to_vec();
    edit(&mut observers);
    COUNT.store(observers.len(), Ordering::Relaxed);
    *slot = Observers(Some(observers.into()));
}

fn each(tell: impl Fn(&dyn OperationObserver)) {
    let observers = OBSERVERS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    for observer in observers.0.as_deref().unwrap_or_default() {
        tell(&**observer);
    }
}

/// Whether there is an observer. If not, spans that are not sampled need not be described.
#[must_use]
pub fn has_observers() -> bool {
    COUNT.load(Ordering::Relaxed) > 0
}

pub(crate) fn tell(operation: &EndedOperation<'_>) {
    each(|observer| observer.observe(operation));
}

pub(crate) fn tell_session(session: &EndedSession<'_>) {
    each(|observer| observer.observe_session(session));
}
