//! What the bridge has attached on this thread.

use std::cell::{Cell, RefCell};

use mcp_trace::TraceContext;
use opentelemetry::baggage::{Baggage, BaggageExt};
use opentelemetry::trace::{SpanId, TraceContextExt, TraceId};
use opentelemetry::{Context, ContextGuard};

use crate::convert::from_otel;

thread_local! {
    static STACK: RefCell<Vec<Option<Scope>>> = const { RefCell::new(Vec::new()) };
    // Needs no destructor, so that it is there to the last.
    static USED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the thread is not being torn down: then OpenTelemetry's own slot may be gone, and it
/// panics. Ours is made after it, and so it goes first.
pub(crate) fn is_alive() -> bool {
    if !USED.replace(true) {
        Context::map_current(|_| ());
    }
    STACK.try_with(|_| ()).is_ok()
}

/// The current span by its ids; those of no span are zero.
type Ids = (TraceId, SpanId);

/// The current baggage by its place in memory, which all contexts that inherit it share: equal
/// as long as nobody sets another one.
type Place = usize;

/// One of our scopes, as OpenTelemetry sees it.
#[derive(Debug)]
struct Scope {
    /// What was current right after it was entered.
    inside: Ids,
    /// The baggage then, which stays in memory for as long as the scope is there.
    baggage: Place,
    // Dropped in this order: the one that was attached last comes off first.
    _settled: Option<ContextGuard>,
    _entered: Option<ContextGuard>,
    #[cfg(feature = "tracing")]
    _log: Option<tracing::span::EnteredSpan>,
}

/// What is attached in one go.
#[derive(Clone, Debug, Default)]
pub(super) struct Attachment {
    pub(super) context: Option<Context>,
    #[cfg(feature = "tracing")]
    pub(super) log: Option<tracing::Span>,
}

/// Attaches and returns the place in the stack.
pub(super) fn push(attachment: Attachment) -> usize {
    if !is_alive() {
        return usize::MAX;
    }
    // First, so that a context which `tracing` attaches for its span lies below ours.
    #[cfg(feature = "tracing")]
    let log = attachment.log.map(tracing::Span::entered);
    let entered = attachment.context.map(Context::attach);
    let scope = Scope {
        inside: current_ids(),
        baggage: Context::map_current(place_of_baggage),
        _settled: None,
        _entered: entered,
        #[cfg(feature = "tracing")]
        _log: log,
    };
    STACK
        .try_with(|stack| {
            let mut stack = stack.borrow_mut();
            stack.push(Some(scope));
            stack.len() - 1
        })
        .unwrap_or(usize::MAX)
}

pub(super) fn is_suppressed() -> bool {
    is_alive() && Context::is_current_telemetry_suppressed()
}

/// What is current, to build on.
pub(super) fn base() -> Context {
    if is_alive() {
        Context::current()
    } else {
        Context::new()
    }
}

/// Attaches what the innermost scope has become, unless something else was entered inside.
pub(super) fn settle(context: Context) {
    if !is_alive() {
        return;
    }
    let ids = current_ids();
    let is_innermost = with_top(|scope| scope.inside == ids).unwrap_or(false);
    if !is_innermost {
        return;
    }
    let guard = context.attach();
    let inside = current_ids();
    let replaced = with_top(|scope| {
        scope.inside = inside;
        scope.baggage = Context::map_current(place_of_baggage);
        scope._settled.replace(guard)
    });
    // A destructor may look at the stack.
    drop(replaced);
}

/// Takes off what was pushed at `place`.
pub(super) fn pop(place: usize) {
    let popped = STACK.try_with(|stack| {
        let mut stack = stack.borrow_mut();
        let scope = stack.get_mut(place).and_then(Option::take);
        // Scopes may be left out of order: a hole stays until what is above it has gone.
        while let Some(None) = stack.last() {
            stack.pop();
        }
        scope
    });
    // A destructor may look at the stack.
    drop(popped);
}

/// What is current and was not attached by our innermost scope.
pub(super) fn further_in() -> Option<TraceContext> {
    if !is_alive() {
        return None;
    }
    let inside = with_top(|scope| scope.inside);
    Context::map_current(|context| {
        if inside == Some(ids(context)) {
            return None;
        }
        from_otel(context)
    })
}

/// The baggage that was set since our innermost scope was entered, as `read` makes it.
pub(super) fn baggage_further_in(read: impl FnOnce(&Baggage) -> String) -> Option<String> {
    if !is_alive() {
        return None;
    }
    let inside = with_top(|scope| scope.baggage);
    Context::map_current(|context| {
        let baggage = context.baggage();
        let is_new = match inside {
            Some(inside) => inside != place_of_baggage(context),
            None => !baggage.is_empty(),
        };
        is_new.then(|| read(baggage))
    })
}

fn place_of_baggage(context: &Context) -> Place {
    std::ptr::from_ref(context.baggage()).addr()
}

fn current_ids() -> Ids {
    Context::map_current(ids)
}

fn ids(context: &Context) -> Ids {
    let span = context.span();
    let span = span.span_context();
    (span.trace_id(), span.span_id())
}

fn with_top<T>(look: impl FnOnce(&mut Scope) -> T) -> Option<T> {
    STACK
        .try_with(|stack| stack.borrow_mut().last_mut()?.as_mut().map(look))
        .ok()
        .flatten()
}
