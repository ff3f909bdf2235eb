//! What a request is.

use std::sync::Arc;

use mcp_envelope::{Id, Kind, Message};
use mcp_trace::{ActiveSpan, HttpCall, McpCall, Method, ProtocolVersion, SpanBuilder, Text};

use crate::exchange::{Expected, Question};
use crate::head::Head;

/// What a request is.
#[derive(Debug)]
pub(crate) enum Subject<'m> {
    /// An MCP request or notification.
    Message(&'m Message),
    /// An MCP request or notification that cannot be read, by its headers.
    Named(Method),
    /// The answer to a request of the server, which clients POST before MCP 2026-07-28.
    Response,
    /// Anything else.
    Http,
}

impl<'m> Subject<'m> {
    pub(crate) fn of(head: &Head<'_>, message: Option<&'m Message>) -> Self {
        match message.map(|message| (message.kind(), message)) {
            Some((Kind::Request | Kind::Notification, message)) => Self::Message(message),
            Some((Kind::Response, _)) => Self::Response,
            _ => head.mcp_method().map_or(Self::Http, Self::Named),
        }
    }

    /// Starts its span; also returns what ends that.
    pub(crate) fn start(
        self,
        head: &Head<'_>,
        builder: SpanBuilder,
    ) -> (Arc<ActiveSpan>, Expected) {
        let method = match &self {
            Self::Message(message) => Method::parse(message.method().unwrap_or_default()),
            Self::Named(method) => method.clone(),
            Self::Response | Self::Http => {
                let call = HttpCall::new(head.method, head.network());
                return (builder.start(call), Expected::Http);
            }
        };
        let to = Question::of(&method);
        let answer = |id| Expected::Answer { to, id };
        let expected = match &self {
            Self::Message(message) if message.kind() != Kind::Request => Expected::Receipt,
            Self::Message(message) => answer(message.id().cloned()),
            _ => answer(None),
        };
        let mut call = McpCall::new(method);
        if let Self::Message(message) = self {
            call.set_target(message.name(), message.uri());
            call.request_id = message.id().map(text_of);
            call.protocol_version = message.protocol_version().and_then(ProtocolVersion::parse);
        } else {
            call.set_target(head.mcp_name(), head.mcp_name());
        }
        call.session_id = head.found.session_id();
        call.protocol_version = call.protocol_version.or_else(|| head.protocol_version());
        call.network = head.network();
        (builder.start(call), expected)
    }
}

fn text_of(id: &Id) -> Text {
    match id {
        Id::Number(number) => (*number).into(),
        Id::Text(text) => Text::new(text),
        id => Text::new(&id.to_string()),
    }
}
