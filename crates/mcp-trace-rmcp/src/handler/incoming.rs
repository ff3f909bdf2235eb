//! What a message says about its trace.

use std::sync::Arc;

use http::request::Parts;
use mcp_trace::carrier::{BaggageFilter, extract_headers};
use mcp_trace::{
    ActiveSpan, McpCall, Method, Network, NetworkTransport, ProtocolVersion, SpanKind, Text,
    TraceContext,
};
use rmcp::RoleServer;
use rmcp::model::{Extensions, MetaObject, NotificationMetaObject};
use rmcp::service::{NotificationContext, RequestContext};

use super::TracedHandler;
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
    pub(super) fn request(
        context: &'a RequestContext<RoleServer>,
        method: Method,
        target: Option<&str>,
    ) -> Self {
        let mut call = McpCall::new(method);
        call.set_target(target, target);
        call.request_id = Some(Text::new(&context.id.to_string()));
        call.protocol_version = context
            .meta
            .protocol_version()
            .and_then(|version| parse(version.as_str()));
        Self::new(&context.extensions, &context.meta, &context.peer, call)
    }

    pub(super) fn notification(
        context: &'a NotificationContext<RoleServer>,
        method: Method,
    ) -> Self {
        Self::new(
            &context.extensions,
            &context.meta,
            &context.peer,
            McpCall::new(method),
        )
    }

    fn new(
        extensions: &'a Extensions,
        meta: &'a MetaObject,
        peer: &rmcp::Peer<RoleServer>,
        mut call: McpCall,
    ) -> Self {
        let parts = extensions.get::<Parts>();
        let header = |name| parts.and_then(|parts| parts.headers.get(name)?.to_str().ok());
        call.session_id = header("mcp-session-id").map(Text::new);
        call.protocol_version = call
            .protocol_version
            .or_else(|| header("mcp-protocol-version").and_then(ProtocolVersion::parse))
            .or_else(|| parse(peer.peer_info()?.protocol_version.as_str()));
        call.network = parts.map_or_else(pipe, |parts| Network::http(parts.version));
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
    pub(super) fn start<H>(self, handler: &TracedHandler<H>) -> Arc<ActiveSpan> {
        let span = ActiveSpan::builder(SpanKind::Server, self.call)
            .incoming(header_context(self.extensions, &handler.baggage))
            .trust(handler.trust)
            .maybe_sink(handler.sink.clone())
            .start();
        span.resolve(extract_from(self.meta, &handler.baggage).into_context());
        span
    }
}

/// rmcp adds to a client's notification the meta that the wire carried, but hands it over in
/// the extensions only: the context's own `meta` is always empty (rmcp 3.11).
pub(super) fn repair_meta(context: &mut NotificationContext<RoleServer>) {
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

fn parse(version: &str) -> Option<ProtocolVersion> {
    ProtocolVersion::parse(version)
}
