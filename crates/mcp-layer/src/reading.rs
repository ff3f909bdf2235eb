//! A message that the inner service reads, and what its span learns from that.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use http::request::Parts;
use mcp_envelope::{Id, Kind, Message, MetaValue, Progress, RequestScanner};
use mcp_trace::{
    ActiveSpan, CapturedPart, End, HttpCall, McpCall, Method, Network, Operation, ProtocolVersion,
    Text, TraceContext, Trust, is_described,
};

use crate::batch::Batch;
use crate::config::Config;
use crate::exchange::{Expected, Incoming, Known, announced_call, network};
use crate::head::{self, Headers};
use crate::sampling_cap::Share;
use crate::stats::Reason;

/// Shared by the request's body, which is read by the inner service at its own pace, and
/// the answer's future and body.
pub(crate) struct Reading {
    span: Arc<ActiveSpan>,
    config: Arc<Config>,
    pub(crate) trust: Trust,
    pub(crate) header: Option<TraceContext>,
    state: Mutex<State>,
}

pub(crate) struct State {
    /// Whether the message may tell more.
    open: bool,
    /// What has read a message that is not whole yet.
    scanner: Option<Box<RequestScanner>>,
    /// Whether it is settled where the span belongs, and whether there is one.
    resolved: bool,
    known: Known,
    batch: Option<Box<Batch>>,
    /// What the headers say.
    announced: Option<Method>,
    session_id: Option<HeaderValue>,
    network: Network,
    share: Share,
}

/// Does not show what has been read, nor the session's id.
impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl Reading {
    pub(crate) fn begin(
        head: &Parts,
        headers: &Headers<'_>,
        mut header: Option<TraceContext>,
        config: &Arc<Config>,
    ) -> Arc<Self> {
        let Incoming {
            trust,
            beside,
            share,
        } = Incoming::of(config.trust(head), &mut header, config);
        let announced = headers.method();
        let network = network(head, config);
        let protocol_version = headers.protocol_version();
        let above = header.as_ref().filter(|_| trust == Trust::Continue);
        let is_described = is_described(above, config.sink.as_ref(), None);
        let builder = config.span().incoming(header.clone()).trust(trust);
        let span = match announced.clone().filter(|_| is_described) {
            // Most messages are what their headers say.
            Some(method) => {
                let mut call = announced_call(method, headers, config);
                call.protocol_version = protocol_version;
                call.network = network.clone();
                builder.start(call)
            }
            None => builder.start(HttpCall::new(&head.method, network.clone())),
        };
        if let Some(beside) = beside {
            span.add_link(beside);
        }
        Arc::new(Self {
            span,
            config: config.begin(),
            trust,
            header,
            state: Mutex::new(State {
                open: true,
                scanner: None,
                resolved: false,
                known: Known {
                    request_id: None,
                    is_subscription: announced == Some(Method::SubscriptionsListen),
                    protocol_version,
                },
                batch: None,
                announced,
                session_id: headers.session_id.filter(|id| id.to_str().is_ok()).cloned(),
                network,
                share,
            }),
        })
    }

    pub(crate) fn span(&self) -> &Arc<ActiveSpan> {
        &self.span
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inner service reads a piece of the message. Returns whether more may be learnt.
    pub(crate) fn read(&self, piece: &[u8]) -> bool {
        let state = &mut *self.state();
        if !state.open {
            return false;
        }
        if let Some(mut scanner) = state.scanner.take() {
            if self.push(state, &mut scanner, piece) {
                state.scanner = Some(scanner);
            }
        } else {
            // Most messages come in one piece: nothing is kept for the next one.
            let mut scanner = self.config.scanner();
            if self.push(state, &mut scanner, piece) {
                state.scanner = Some(Box::new(scanner));
            }
        }
        state.open
    }

    fn push(&self, state: &mut State, scanner: &mut RequestScanner, piece: &[u8]) -> bool {
        let progress = scanner.push(piece);
        self.learn(state, scanner.message(), progress == Progress::Done);
        state.open
    }

    /// The inner service has read all of the message.
    pub(crate) fn read_all(&self) {
        let state = &mut *self.state();
        if state.open {
            let mut scanner = state.scanner.take().unwrap_or_default();
            scanner.finish();
            self.learn(state, scanner.message(), true);
        }
    }

    fn learn(&self, state: &mut State, message: &Message, done: bool) {
        if !state.resolved && message.method().is_some() && message.is_trace_settled() {
            // Before: the program's filter may panic, and is not to be asked again while that unwinds.
            state.resolved = true;
            self.place(state, message);
        }
        if !done {
            return;
        }
        state.open = false;
        match message.kind() {
            Kind::Request | Kind::Notification => self.describe(state, message),
            Kind::Batch => {
                state.resolved = true;
                state.batch = Batch::begin(self, state, message);
            }
            // The answer to a request of the server belongs to the span of that request.
            Kind::Response => {
                state.resolved = true;
                self.span.pass_through(None);
            }
            _ => self.settle(state),
        }
    }

    /// Settles where the message's span belongs, and whether there is one.
    fn place(&self, state: &mut State, message: &Message) {
        let context = self.context_in(state, message);
        let method = message.method().unwrap_or_default();
        if !self.config.wants_span(|| Method::parse(method)) {
            self.span.pass_through(context);
            return;
        }
        let sampler = self.config.sampler(|| Method::parse(method));
        if !self.span.resolve_sampled(context, sampler) {
            self.config.stats.note(Reason::EarlyObserver);
        }
    }

    fn describe(&self, state: &mut State, message: &Message) {
        if state.resolved && !self.span.is_observed() {
            return;
        }
        let method = Method::parse(message.method().unwrap_or_default());
        state.known.request_id = message.id().cloned();
        state.known.is_subscription = method == Method::SubscriptionsListen;
        if let Some(version) = version_in(message) {
            state.known.protocol_version = Some(version);
        }
        self.span.update_operation(|operation| {
            // What the headers say of another method, and what others have made of it, is void.
            if operation.as_mcp().is_none_or(|call| call.method != method) {
                *operation = state.call_of(method).into();
            }
            if let Operation::Mcp(call) = operation {
                call.protocol_version = state.known.protocol_version;
                self.read_into(call, message);
            }
        });
        let arguments = message.arguments();
        self.config
            .capture(&self.span, CapturedPart::Arguments, arguments);
    }

    /// Settles the span of a message that has not said, or will not say, what it is.
    fn settle(&self, state: &mut State) {
        if std::mem::replace(&mut state.resolved, true) {
            return;
        }
        match state.announced.take() {
            Some(method) if self.config.wants_span(|| method.clone()) => {
                let sampler = self.config.sampler(|| method.clone());
                self.span.resolve_sampled(None, sampler);
                self.span.update_operation(|operation| {
                    if operation.as_mcp().is_none() {
                        *operation = state.call_of(method).into();
                    }
                });
            }
            // Only MCP sends these headers: it is a message, though nobody has read it.
            None if state.open && state.is_mcp() => {
                self.span.resolve(None);
            }
            _ => self.span.pass_through(None),
        }
    }

    pub(crate) fn context_in(&self, state: &mut State, message: &Message) -> Option<TraceContext> {
        let trace = message.trace();
        let parent = match trace.traceparent() {
            MetaValue::Text(parent) => parent,
            MetaValue::Absent => return None,
            _ => {
                self.config.stats.note(Reason::InvalidMeta);
                return None;
            }
        };
        let (tracestate, baggage) = (trace.tracestate().text(), trace.baggage().text());
        let mut context = self.config.context_of(parent, tracestate, baggage)?;
        state.share.limit(&self.config, self.trust, &mut context);
        Some(context)
    }

    pub(crate) fn call_in(&self, state: &State, message: &Message) -> McpCall {
        let mut call = state.call_of(Method::parse(message.method().unwrap_or_default()));
        if let Some(version) = version_in(message) {
            call.protocol_version = Some(version);
        }
        self.read_into(&mut call, message);
        call
    }

    fn read_into(&self, call: &mut McpCall, message: &Message) {
        call.set_target(message.name(), message.uri());
        call.request_id = message.id().map(|id| match id {
            Id::Number(number) => (*number).into(),
            Id::Text(text) => Text::new(text),
            other => Text::new(&other.to_string()),
        });
        self.config.bound(call);
    }

    /// What the answer is watched for, and whether it is certain what the span is about.
    pub(crate) fn expected(&self) -> (Expected, bool) {
        let mut state = self.state();
        let expected = if let Some(batch) = state.batch.take() {
            Expected::Answers(batch)
        } else if state.resolved && !self.span.is_observed() {
            Expected::Nothing
        } else if state.known.is_subscription {
            Expected::AnyMessage
        } else {
            Expected::Answer(state.known.request_id.take())
        };
        (expected, state.resolved)
    }

    pub(crate) fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.state().known.protocol_version
    }

    /// The answer has ended, whatever was read of the message.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.state();
        self.settle(&mut state);
        let batch = state.batch.take();
        drop(state);
        if let Some(batch) = batch {
            batch.end(end);
        }
    }
}

impl State {
    fn call_of(&self, method: Method) -> McpCall {
        let mut call = McpCall::new(method);
        call.session_id = head::session_id(self.session_id.as_ref());
        call.protocol_version = self.known.protocol_version;
        call.network = self.network.clone();
        call
    }

    /// What a request is about that is not one message.
    pub(crate) fn http_call(&self) -> HttpCall {
        // What may carry messages is a POST.
        HttpCall::new(&http::Method::POST, self.network.clone())
    }

    fn is_mcp(&self) -> bool {
        self.session_id.is_some() || self.known.protocol_version.is_some()
    }
}

fn version_in(message: &Message) -> Option<ProtocolVersion> {
    message.protocol_version().and_then(ProtocolVersion::parse)
}
