//! What a message says about its trace.

use std::sync::Arc;

use http::request::Parts;
use mcp_trace::carrier::{BaggageFilter, extract_headers};
use mcp_trace::{
    ActiveSpan, McpCall, Method, Network, NetworkTransport, ProtocolVersion, SpanKind, Text,
    TraceContext, current_span,
};
use rmcp::Peer;
use rmcp::model::{Extensions, MetaObject, NotificationMetaObject};
use rmcp::service::{NotificationContext, RequestContext};

use super::TracedHandler;
use crate::Role;
use crate::meta::extract_from;

/// The span that somebody has opened for the message: an outer handler, or a server layer.
pub(crate) fn open_span(extensions: &Extensions) -> Option<&Arc<ActiveSpan>> {
    extensions.get::<Arc<ActiveSpan>>().or_else(|| {
        extensions
            .get::<Parts>()?
            .extensions
            .get::<Arc<ActiveSpan>>()
    })
}

/// The context that the message's sender put into it: `_meta`, else the header.
pub(crate) fn sent_context(extensions: &Extensions, meta: &MetaObject) -> Option<TraceContext> {
    let none = BaggageFilter::none();
    extract_from(meta, &none)
        .into_context()
        .or_else(|| header_context(extensions, &none))
}

fn header_context(extensions: &Extensions, baggage: &BaggageFilter) -> Option<TraceContext> {
    extract_headers(&extensions.get::<Parts>()?.headers, baggage).into_context()
}

/// An incoming request or notification.
pub(super) struct Incoming<'a> {
    extensions: &'a Extensions,
    meta: &'a MetaObject,
    call: McpCall,
}

impl<'a> Incoming<'a> {
    pub(super) fn request<R: Role>(
        context: &'a RequestContext<R>,
        method: Method,
        target: Option<&str>,
    ) -> Self {
        let mut call = McpCall::new(method);
        call.set_target(target, target);
        call.request_id = Some(Text::new(&context.id.to_string()));
        call.protocol_version = context
            .meta
            .protocol_version()
            .and_then(|version| ProtocolVersion::parse(version.as_str()));
        Self::new(&context.extensions, &context.meta, &context.peer, call)
    }

    pub(super) fn notification<R: Role>(
        context: &'a NotificationContext<R>,
        method: Method,
        target: Option<&str>,
    ) -> Self {
        let mut call = McpCall::new(method);
        call.set_target(target, target);
        Self::new(&context.extensions, &context.meta, &context.peer, call)
    }

    fn new<R: Role>(
        extensions: &'a Extensions,
        meta: &'a MetaObject,
        peer: &Peer<R>,
        mut call: McpCall,
    ) -> Self {
        let parts = extensions.get::<Parts>();
        let header = |name| parts.and_then(|parts| parts.headers.get(name)?.to_str().ok());
        call.session_id =
            header("mcp-session-id").map(|id| Text::bounded(id, McpCall::MAX_SESSION_ID_LEN));
        call.protocol_version = call
            .protocol_version
            .or_else(|| header("mcp-protocol-version").and_then(ProtocolVersion::parse))
            .or_else(|| R::protocol_version(peer));
        call.network = match parts {
            Some(parts) => Network::http(parts.version),
            // A client does not see which way a message of its server came.
            None if R::IS_CLIENT => Network::default(),
            None => pipe(),
        };
        Self {
            extensions,
            meta,
            call,
        }
    }

    pub(super) fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.call.protocol_version
    }

    /// Starts the SERVER span: `_meta` is the parent, a header that differs becomes a link.
    /// Where neither has a context, the parent is what is current: an answer may ask its reader
    /// for input, who answers in the call's own task.
    pub(super) fn start<H>(self, handler: &TracedHandler<H>) -> Arc<ActiveSpan> {
        let message = extract_from(self.meta, &handler.baggage).into_context();
        let header = header_context(self.extensions, &handler.baggage);
        let builder = ActiveSpan::builder(SpanKind::Server)
            .trust(handler.trust)
            .maybe_sink(handler.sink.clone());
        match current_span() {
            Some(above) if message.is_none() && header.is_none() => {
                builder.child_of(above).start(self.call)
            }
            _ => {
                let span = builder.incoming(header).start(self.call);
                span.resolve(message);
                span
            }
        }
    }
}

/// rmcp adds to a notification the meta that the wire carried, but hands it over in
/// the extensions only: the context's own `meta` is always empty (rmcp 3.11).
pub(super) fn repair_meta<R: Role>(context: &mut NotificationContext<R>) {
    if context.meta.is_empty()
        && let Some(meta) = context.extensions.get::<NotificationMetaObject>()
    {
        context.meta = meta.clone();
    }
}

/// What is not HTTP is stdio, a child process or another pair of byte streams.
fn pipe() -> Network {
    let mut network = Network::default();
    network.transport = Some(NetworkTransport::Pipe);
    network
}
