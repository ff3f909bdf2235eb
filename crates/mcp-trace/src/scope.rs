//! What is current in this poll.
//!
//! A thread-local slot is swapped in for the length of one poll and swapped out after it, so
//! that it follows a future from thread to thread and needs no runtime.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::hook::{self, Entered};
use crate::{ActiveSpan, Entering, ScopeHook, TraceContext};

thread_local! {
    static CURRENT: Cell<Option<Arc<ActiveSpan>>> = const { Cell::new(None) };
}

/// The context that is current in this poll, or `None` outside of any span.
///
/// Inside a request traced by a server layer it is that request's span; inside
/// [`agent_span`](crate::agent_span) the agent's. It does not cross `spawn`: hand the context
/// over with [`InTraceExt::in_trace`]. With a [scope hook](crate::ScopeHook) a context that another
/// tracing library has entered further in comes first.
#[must_use]
pub fn current() -> Option<TraceContext> {
    TraceContext::current()
}

/// The open span that is current in this poll, to add attributes and events to.
#[must_use]
pub fn current_span() -> Option<Arc<ActiveSpan>> {
    // The slot is gone while the thread is torn down: then nothing is current.
    CURRENT
        .try_with(|slot| {
            let span = slot.take();
            slot.set(span.clone());
            span
        })
        .ok()
        .flatten()
}

/// Makes a span current until the guard is dropped; the one before comes back then.
///
/// For the length of one synchronous call, such as a poll. Across an `.await` use
/// [`InTraceExt::in_trace`].
#[must_use = "the span is current only while the guard lives"]
#[derive(Debug)]
pub struct ScopeGuard {
    previous: Option<Arc<ActiveSpan>>,
    hooked: Entered,
    // The slot belongs to this thread.
    not_send: PhantomData<*const ()>,
}

impl ScopeGuard {
    /// Makes `span` current on this thread.
    pub fn enter(span: Arc<ActiveSpan>) -> Self {
        let hooked = hook::installed()
            .map(|hook| span.enter_hook(hook))
            .unwrap_or_default();
        Self {
            previous: swap(Some(span)),
            hooked,
            not_send: PhantomData,
        }
    }
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        drop(std::mem::take(&mut self.hooked));
        swap(self.previous.take());
    }
}

/// Runs `work` with nothing current.
pub(crate) fn cleared<T>(work: impl FnOnce() -> T) -> T {
    let mut nothing = None;
    let _swapped = Swapped::into_slot(&mut nothing);
    work()
}

/// Whether a scope of `span` is the innermost.
pub(crate) fn is_current(span: &ActiveSpan) -> bool {
    peek(|current| current.is_some_and(|current| std::ptr::eq(current, span)))
}

fn peek<T>(look: impl FnOnce(Option<&ActiveSpan>) -> T) -> T {
    let current = swap(None);
    let seen = look(current.as_deref());
    swap(current);
    seen
}

fn swap(span: Option<Arc<ActiveSpan>>) -> Option<Arc<ActiveSpan>> {
    CURRENT.try_with(|slot| slot.replace(span)).ok().flatten()
}

/// A [`Scope`] that is current until this is dropped; see [`Scope::enter`].
#[must_use = "the scope is current only while this lives"]
#[derive(Debug)]
pub struct EnteredScope<'a> {
    // Left in this order.
    _hooked: Entered,
    _swapped: Swapped<'a>,
}

/// A span in the slot; what was there is kept in its place until this is dropped.
struct Swapped<'a>(&'a Cell<Option<Arc<ActiveSpan>>>);

impl fmt::Debug for Swapped<'_> {
    // What is in the slot belongs to whoever was current before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Swapped(..)")
    }
}

impl<'a> Swapped<'a> {
    #[inline]
    fn into_slot(span: &'a mut Option<Arc<ActiveSpan>>) -> Self {
        let swapped = Self(Cell::from_mut(span));
        swapped.exchange();
        swapped
    }

    #[inline]
    fn exchange(&self) {
        let _ = CURRENT.try_with(|slot| slot.swap(self.0));
    }
}

impl Drop for Swapped<'_> {
    #[inline]
    fn drop(&mut self) {
        self.exchange();
    }
}

/// Runs futures under a context that is handed over explicitly, such as in a spawned task.
pub trait InTraceExt: Sized {
    /// Makes `context` current whenever the future is polled, and while it is dropped.
    ///
    /// Takes a [`TraceContext`], an [`Arc<ActiveSpan>`](ActiveSpan) or an `Option` of either.
    ///
    /// ```
    /// use mcp_trace::{InTraceExt, TraceContext, current};
    ///
    /// # fn block_on<F: std::future::Future>(f: F) -> F::Output {
    /// #     let mut f = std::pin::pin!(f);
    /// #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     loop { if let std::task::Poll::Ready(out) = f.as_mut().poll(&mut cx) { return out } }
    /// # }
    /// let context = TraceContext::new_root();
    /// let seen = block_on(async { current() }.in_trace(context.clone()));
    /// assert_eq!(seen, Some(context));
    /// assert_eq!(current(), None);
    /// ```
    fn in_trace(self, context: impl Into<Scope>) -> InTrace<Self>;
}

impl<F: Future> InTraceExt for F {
    fn in_trace(self, context: impl Into<Scope>) -> InTrace<Self> {
        InTrace::new(self, context.into())
    }
}

/// What [`InTraceExt::in_trace`] makes current.
#[derive(Clone, Debug, Default)]
pub struct Scope(Option<Arc<ActiveSpan>>);

impl From<Arc<ActiveSpan>> for Scope {
    fn from(span: Arc<ActiveSpan>) -> Self {
        Self(Some(span))
    }
}

impl From<TraceContext> for Scope {
    fn from(context: TraceContext) -> Self {
        Self(Some(ActiveSpan::propagating(Some(context))))
    }
}

impl<T: Into<Self>> From<Option<T>> for Scope {
    fn from(context: Option<T>) -> Self {
        context.map_or_else(Self::default, Into::into)
    }
}

pin_project! {
    /// The future of [`InTraceExt::in_trace`]; also a stream, see `InTraceStreamExt`.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InTrace<F> {
        #[pin]
        inner: Option<F>,
        scope: Scope,
    }

    impl<F> PinnedDrop for InTrace<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.scope.run(|| this.inner.set(None));
        }
    }
}

impl<F> InTrace<F> {
    pub(crate) const fn new(inner: F, scope: Scope) -> Self {
        Self {
            inner: Some(inner),
            scope,
        }
    }

    /// Polls what is inside, in its scope.
    pub(crate) fn run<T>(self: Pin<&mut Self>, poll: impl FnOnce(Pin<&mut F>) -> T) -> Option<T> {
        let this = self.project();
        let inner = this.inner.as_pin_mut()?;
        Some(this.scope.run(|| poll(inner)))
    }

    #[cfg(feature = "futures-core")]
    pub(crate) const fn get_ref(&self) -> Option<&F> {
        self.inner.as_ref()
    }

    /// Decides late what is current.
    pub(crate) fn set_scope(self: Pin<&mut Self>, scope: impl Into<Scope>) {
        *self.project().scope = scope.into();
    }
}

impl Scope {
    /// The span that it makes current; `None` where that is nothing.
    #[must_use]
    #[inline]
    pub fn span(&self) -> Option<&Arc<ActiveSpan>> {
        self.0.as_ref()
    }

    /// The span itself, as [`span`](Self::span).
    #[must_use]
    #[inline]
    pub fn into_span(self) -> Option<Arc<ActiveSpan>> {
        self.0
    }

    /// Runs `work` with this scope current, such as one poll of a future.
    #[inline]
    pub fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let _current = self.enter();
        work()
    }

    /// Makes this scope current until the guard is dropped; what was before comes back then.
    ///
    /// As [`ScopeGuard::enter`], but nothing is counted or cloned: what is current is swapped
    /// in and out.
    #[inline]
    pub fn enter(&mut self) -> EnteredScope<'_> {
        let hooked = match hook::installed() {
            Some(hook) => self.enter_hook(hook),
            None => Entered::default(),
        };
        EnteredScope {
            _hooked: hooked,
            _swapped: Swapped::into_slot(&mut self.0),
        }
    }

    fn enter_hook(&self, hook: &dyn ScopeHook) -> Entered {
        match &self.0 {
            Some(span) => span.enter_hook(hook),
            // What the hook's library has of its own is not ours to hide.
            None if peek(|current| current.is_some()) => Entered::new(hook, Entering::Nothing),
            None => Entered::default(),
        }
    }
}

impl<F: Future> Future for InTrace<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Only `drop` takes the future out.
        self.run(|future| future.poll(cx)).unwrap_or(Poll::Pending)
    }
}
