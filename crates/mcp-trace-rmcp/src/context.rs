//! Reaching a message's span from rmcp's contexts.

use std::sync::Arc;

use mcp_trace::{ActiveSpan, InTrace, InTraceExt};
use rmcp::model::{Extensions, MetaObject, NotificationMetaObject};
use rmcp::service::{NotificationContext, RequestContext};

use crate::Role;
use crate::handler::{open_span, sent_context};

/// The trace of the message that a handler answers, from the context that rmcp gives it.
///
/// Works with and without [`TracedHandler`](crate::TracedHandler) and a server layer, and
/// in tasks that the handler has started.
///
#[cfg_attr(feature = "server", doc = "```")]
#[cfg_attr(not(feature = "server"), doc = "```ignore")]
/// use mcp_trace_rmcp::ContextExt;
/// use rmcp::{RoleServer, service::RequestContext};
///
/// # async fn refresh_cache() {}
/// async fn handler(context: RequestContext<RoleServer>) {
///     context.span().set_attribute("weather.station", "VIE");
///     tokio::spawn(context.in_trace(refresh_cache())); // `current()` is the request's span
/// }
/// ```
pub trait ContextExt {
    /// The message's span: that of [`TracedHandler`](crate::TracedHandler) or of the server
    /// layer. Without either, a handle that only passes on the context that the sender put
    /// into the message's `_meta`, or else into its HTTP headers.
    fn span(&self) -> Arc<ActiveSpan>;

    /// Runs `future` with the message's [`span`](Self::span) as the current one.
    fn in_trace<F: Future>(&self, future: F) -> InTrace<F> {
        future.in_trace(self.span())
    }
}

impl<R: Role> ContextExt for RequestContext<R> {
    fn span(&self) -> Arc<ActiveSpan> {
        span_of(&self.extensions, &self.meta)
    }
}

impl<R: Role> ContextExt for NotificationContext<R> {
    fn span(&self) -> Arc<ActiveSpan> {
        // Where rmcp 3.11 leaves a notification's meta.
        let meta = self
            .extensions
            .get::<NotificationMetaObject>()
            .unwrap_or(&self.meta);
        span_of(&self.extensions, meta)
    }
}

fn span_of(extensions: &Extensions, meta: &MetaObject) -> Arc<ActiveSpan> {
    open_span(extensions)
        .cloned()
        .unwrap_or_else(|| ActiveSpan::propagating(sent_context(extensions, meta)))
}
