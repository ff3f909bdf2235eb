//! One request and its answer, as far as they are known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use http::request::Parts;
use mcp_envelope::{Answer, Id, Kind, Message, Progress, RequestScanner};
use mcp_trace::carrier::{BaggageFilter, extract_values};
use mcp_trace::{
    ActiveSpan, End, HttpCall, McpCall, Method, Network, Operation, Outcome, ProtocolVersion,
    SpanKind, Text, TraceContext,
};

use crate::config::Config;
use crate::head;

/// Shared by the request's body, which is read by the inner service at its own pace, and
/// the answer's future and body.
#[derive(Debug)]
pub(crate) struct Exchange {
    span: Arc<ActiveSpan>,
    baggage: BaggageFilter,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once the message has told everything.
    scanner: Option<RequestScanner>,
    resolved: bool,
    /// From `Mcp-Method`, then from the message.
    method: Option<Method>,
    request_id: Option<Id>,
    session_id: Option<Text>,
    protocol_version: Option<ProtocolVersion>,
    network: Network,
}

impl Exchange {
    pub(crate) fn begin(head: &Parts, header: Option<TraceContext>, config: &Config) -> Self {
        let network = Network::http(head.version);
        let call = HttpCall::new(&head.method, network.clone());
        let mut builder = ActiveSpan::builder(SpanKind::Server, call)
            .incoming(header)
            .trust(config.trust.decide(head))
            .maybe_sink(config.sink.clone());
        if config.propagate_only {
            builder = builder.propagate_only();
        }
        let headers = &head.headers;
        let readable = head::content(headers) == head::Content::Json;
        Self {
            span: builder.start(),
            baggage: config.baggage.clone(),
            state: Mutex::new(State {
                scanner: readable.then(RequestScanner::new),
                resolved: false,
                method: head::method(headers),
                request_id: None,
                session_id: head::session_id(headers),
                protocol_version: head::protocol_version(headers),
                network,
            }),
        }
    }

    pub(crate) fn span(&self) -> &Arc<ActiveSpan> {
        &self.span
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inner service reads a piece of the message.
    pub(crate) fn read(&self, piece: &[u8]) {
        let mut state = self.state();
        let Some(scanner) = &mut state.scanner else {
            return;
        };
        let progress = scanner.push(piece);
        self.learn(&mut state, progress == Progress::Done);
    }

    /// The inner service has read all of the message.
    pub(crate) fn read_all(&self) {
        let mut state = self.state();
        let Some(scanner) = &mut state.scanner else {
            return;
        };
        scanner.finish();
        self.learn(&mut state, true);
    }

    fn learn(&self, state: &mut State, done: bool) {
        let Some(scanner) = &state.scanner else {
            return;
        };
        let message = scanner.message();
        if !state.resolved && message.method().is_some() && message.is_trace_settled() {
            self.span.resolve(self.context_in(message));
            state.resolved = true;
        }
        if !done {
            return;
        }
        match message.kind() {
            Kind::Request | Kind::Notification => {
                let operation = operation_of(message, state);
                state.protocol_version = operation.protocol_version;
                state.method = Some(operation.method.clone());
                state.request_id = message.id().cloned();
                self.span.update_operation(|old| *old = operation.into());
            }
            _ => self.settle(state),
        }
        state.scanner = None;
    }

    /// Settles the span of a message that has not said, or will not say, what it is.
    fn settle(&self, state: &mut State) {
        if state.resolved {
            return;
        }
        state.resolved = true;
        match &state.method {
            Some(method) => {
                self.span.resolve(None);
                let mut call = McpCall::new(method.clone());
                call.session_id = state.session_id.clone();
                call.protocol_version = state.protocol_version;
                call.network = state.network.clone();
                self.span.update_operation(|old| *old = call.into());
            }
            None => self.span.pass_through(),
        }
    }

    fn context_in(&self, message: &Message) -> Option<TraceContext> {
        let trace = message.trace();
        let parent = trace.traceparent().text()?;
        extract_values(
            parent.as_bytes(),
            trace.tracestate().text().map(str::as_bytes),
            trace.baggage().text().map(str::as_bytes),
            &self.baggage,
        )
        .into_context()
    }

    /// The head of the answer is ready. Returns the id that the answer will have.
    pub(crate) fn answered(&self, headers: &HeaderMap) {
        // A session begins with the answer to `initialize`.
        if let Some(session_id) = head::session_id(headers) {
            self.update_call(|call| call.session_id = Some(session_id));
        }
    }

    /// The id of the request, once it has been read.
    pub(crate) fn request_id(&self) -> Option<Id> {
        self.state().request_id.clone()
    }

    /// The method, once it is known.
    pub(crate) fn method(&self) -> Option<Method> {
        self.state().method.clone()
    }

    /// The answer has been seen.
    pub(crate) fn record_answer(&self, answer: &Answer) {
        if let Some(version) = answer.protocol_version().and_then(ProtocolVersion::parse) {
            self.update_call(|call| call.protocol_version = Some(version));
        }
        if let Some(error) = answer.error() {
            self.span.set_outcome(Outcome::rpc_error(
                SpanKind::Server,
                error.code(),
                error.message(),
            ));
        } else if answer.is_tool_error() {
            self.span.set_outcome(Outcome::tool_error());
        }
    }

    fn update_call(&self, change: impl FnOnce(&mut McpCall)) {
        self.span.update_operation(|operation| {
            if let Operation::Mcp(call) = operation {
                change(call);
            }
        });
    }

    /// Ends the span.
    pub(crate) fn end(&self, end: End) {
        self.settle(&mut self.state());
        self.span.end_as(end);
    }

    /// Ends the span because the caller went away.
    pub(crate) fn abandon(&self) {
        // Without a version it is 2025-03-26 by the specification.
        let cancels = self
            .state()
            .protocol_version
            .is_some_and(ProtocolVersion::disconnect_cancels);
        self.end(if cancels {
            End::Cancelled
        } else {
            End::Detached
        });
    }
}

fn operation_of(message: &Message, state: &State) -> McpCall {
    let mut call = McpCall::new(Method::parse(message.method().unwrap_or_default()));
    call.set_target(message.name(), message.uri());
    call.request_id = message.id().map(|id| Text::new(&id.to_string()));
    call.session_id = state.session_id.clone();
    call.protocol_version = message
        .protocol_version()
        .and_then(ProtocolVersion::parse)
        .or(state.protocol_version);
    call.network = state.network.clone();
    call
}
