//! The open calls whose message rmcp makes itself, for the HTTP client to find their spans again.
//!
//! With the messages that are made here, the span rides along. With those that are not, there is only
//! the context in `_meta`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use mcp_trace::{ActiveSpan, SpanId, TraceContext};

/// As many as there are such calls at this moment.
static OPEN: LazyLock<Mutex<HashMap<SpanId, Weak<ActiveSpan>>>> = LazyLock::new(Mutex::default);

fn open() -> MutexGuard<'static, HashMap<SpanId, Weak<ActiveSpan>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call that can be found, until this is dropped.
pub(super) struct Listed(Option<SpanId>);

impl Listed {
    /// A span that is not recorded has nothing to complete, and no id of its own.
    pub(super) fn new(span: &Arc<ActiveSpan>) -> Self {
        let context = span.context().filter(|_| span.is_recording());
        let id = context.map(TraceContext::span_id);
        if let Some(id) = id {
            open().insert(id, Arc::downgrade(span));
        }
        Self(id)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(id) = &self.0 {
            open().remove(id);
        }
    }
}

/// The span of the call that `context` came from, if it is open.
pub(crate) fn find(context: &TraceContext) -> Option<Arc<ActiveSpan>> {
    let span = open().get(&context.span_id())?.upgrade()?;
    let same = span.context().is_some_and(|own| own.same_span(context));
    same.then_some(span)
}
