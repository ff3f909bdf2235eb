//! Joining another tracing library's idea of what is current.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use crate::TraceContext;

static HOOK: OnceLock<Box<dyn ScopeHook>> = OnceLock::new();

/// Keeps another tracing library's current context in step with [`current`](crate::current).
///
/// Installed once per process with [`set_scope_hook`]. Its methods are called on every poll
/// of whatever runs in one of our scopes, on the thread that polls: they must be quick, and
/// must not panic or block. Scopes of one thread are left in the reverse order.
pub trait ScopeHook: Debug + Send + Sync + 'static {
    /// Makes what entering `context` needs. Called once for each span and then kept with it.
    /// `started` is what the span's sink left with it, see [`SpanStart`](crate::SpanStart).
    fn prepare(&self, context: &TraceContext, started: Option<&Foreign>) -> Foreign;

    /// A scope is entered on this thread. Returns what [`exit`](Self::exit) is to be given.
    fn enter(&self, scope: Entering<'_>) -> usize;

    /// The scope that was entered last on this thread has got its final context, such as when
    /// the message that it answers has been read.
    fn settle(&self, prepared: &Foreign);

    /// The scope is left.
    fn exit(&self, entered: usize);

    /// What the other library says is current here, if that was entered after our innermost
    /// scope. It is the parent of the spans that start here.
    fn ambient(&self) -> Option<TraceContext>;

    /// The other library's baggage, as a [`baggage`](https://www.w3.org/TR/baggage/) list, if that
    /// was set after our innermost scope was entered; an empty one if it was cleared. The spans
    /// that start here carry it in place of that of the span above. Defaults to `None`.
    fn baggage(&self) -> Option<String> {
        None
    }

    /// Whether spans that start here are not to be recorded. Defaults to no.
    fn is_suppressed(&self) -> bool {
        false
    }
}

/// What is entered; see [`ScopeHook::enter`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Entering<'a> {
    /// A context.
    Context(&'a Foreign),
    /// A span whose place is not known yet: [`ScopeHook::settle`] may follow.
    Undecided,
    /// Nothing: what is current outside is not current inside.
    Nothing,
}

/// A value of another tracing library that a span carries along.
#[derive(Clone)]
pub struct Foreign(Arc<dyn Any + Send + Sync>);

impl Foreign {
    /// Keeps `value`.
    #[must_use]
    pub fn new(value: impl Any + Send + Sync) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it is of type `T`.
    #[must_use]
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign(..)")
    }
}

/// Installs the hook of the process; it stays until the process ends.
///
/// # Errors
/// If there is one already; it stays in place.
pub fn set_scope_hook(hook: impl ScopeHook) -> Result<(), ScopeHookTaken> {
    HOOK.set(Box::new(hook)).map_err(|_| ScopeHookTaken(()))
}

/// The process has a scope hook already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ScopeHookTaken(());

impl fmt::Display for ScopeHookTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope hook is already installed in this process")
    }
}

impl Error for ScopeHookTaken {}

/// The hook, if there is one: without, this is all that it costs.
#[inline]
pub(crate) fn installed() -> Option<&'static dyn ScopeHook> {
    HOOK.get().map(|hook| &**hook)
}

/// The context that another tracing library has made current inside our innermost scope, such as
/// the span of a middleware around a server layer; see [`ScopeHook::ambient`].
///
/// `None` where [`current`](crate::current) is a span of ours, and without a scope hook.
#[must_use]
#[inline]
pub fn ambient() -> Option<TraceContext> {
    installed()?.ambient()
}

/// An entered scope, left when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Entered {
    token: Option<usize>,
    // The other library's scopes belong to this thread, as ours do.
    not_send: PhantomData<*const ()>,
}

impl Entered {
    pub(crate) fn new(hook: &dyn ScopeHook, scope: Entering<'_>) -> Self {
        Self {
            token: Some(hook.enter(scope)),
            not_send: PhantomData,
        }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if let Some(token) = self.token {
            leave(token);
        }
    }
}

fn leave(token: usize) {
    if let Some(hook) = installed() {
        hook.exit(token);
    }
}
