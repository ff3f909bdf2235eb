//! One request and its answer, as far as they are known.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::HeaderMap;
use http::request::Parts;
use mcp_envelope::{Answer, Id, Kind, Message, MetaValue, Progress, RequestScanner};
use mcp_trace::carrier::{Extracted, extract_values};
use mcp_trace::{
    ActiveSpan, End, HttpCall, McpCall, Method, Network, NetworkPeer, Operation, Outcome,
    ProtocolVersion, SpanKind, Text, TraceContext, Trust,
};

use crate::ambient;
use crate::batch::Batch;
use crate::config::Config;
use crate::head;
use crate::stats::Reason;

/// The most members of a batch that get a span each; a larger batch gets one span.
const MAX_BATCH: usize = 64;

const OTHER: Text = Text::from_static("_OTHER");

/// Shared by the request's body, which is read by the inner service at its own pace, and
/// the answer's future and body.
#[derive(Debug)]
pub(crate) struct Exchange {
    span: Arc<ActiveSpan>,
    config: Arc<Config>,
    trust: Trust,
    header: Option<TraceContext>,
    readable: bool,
    /// Whether the caller may have its request recorded, once it was asked.
    may_sample: OnceLock<bool>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once the message has told everything.
    scanner: Option<RequestScanner>,
    resolved: bool,
    /// What the headers say.
    announced: Option<McpCall>,
    /// Whether the answer is a stream that stands for hours.
    subscription: bool,
    request_id: Option<Id>,
    batch: Option<Batch>,
    session_id: Option<Text>,
    protocol_version: Option<ProtocolVersion>,
    network: Network,
}

impl Exchange {
    pub(crate) fn begin(
        head: &Parts,
        header: Option<TraceContext>,
        config: Arc<Config>,
        readable: bool,
    ) -> Self {
        let headers = &head.headers;
        let mut network = Network::http(head.version);
        network.peer = config
            .client_address
            .as_ref()
            .and_then(|find| find.apply(head))
            .map(|client| NetworkPeer::new(client.ip().to_string(), Some(client.port())));
        let trust = config.trust(head);
        let mut state = State {
            scanner: readable.then(RequestScanner::new),
            resolved: false,
            announced: None,
            subscription: false,
            request_id: None,
            batch: None,
            session_id: head::session_id(headers),
            protocol_version: head::protocol_version(headers),
            network,
        };
        if let Some(method) = head::method(headers) {
            let name = head::name(headers);
            state.subscription = method == Method::SubscriptionsListen;
            state.announced = Some(state.call_of(method, name, name));
        }
        config.stats.begin();
        let may_sample = OnceLock::new();
        let sent = header.is_some();
        let (header, beside) = ambient::place(header, trust);
        let header = header.map(|context| match sent {
            true => capped(&config, trust, &may_sample, context),
            false => context,
        });
        let mut builder = ActiveSpan::builder(
            SpanKind::Server,
            HttpCall::new(&head.method, state.network.clone()),
        )
        .incoming(header.clone())
        .trust(trust)
        .maybe_sink(config.sink.clone());
        if config.propagate_only {
            builder = builder.propagate_only();
        }
        let exchange = Self {
            span: builder.start(),
            config,
            trust,
            header,
            readable,
            may_sample,
            state: Mutex::new(state),
        };
        if let Some(beside) = beside {
            exchange.span.add_link(beside);
        }
        if !readable {
            // Nothing better will be known: handlers are to see the span from the start.
            exchange.settle(&mut exchange.state());
        }
        exchange
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
            self.place(message);
            state.resolved = true;
        }
        if !done {
            return;
        }
        // What is left of the scanner is no longer needed, and large.
        let Some(scanner) = state.scanner.take() else {
            return;
        };
        let message = scanner.message();
        match message.kind() {
            Kind::Request | Kind::Notification => {
                let call = self.call_in(message, state);
                state.protocol_version = call.protocol_version;
                state.subscription = call.method == Method::SubscriptionsListen;
                state.request_id = message.id().cloned();
                self.span
                    .update_operation(|operation| *operation = call.into());
            }
            Kind::Batch => self.begin_batch(message, state),
            // The answer to a request of the server belongs to the span of that request.
            Kind::Response => {
                state.resolved = true;
                self.span.pass_through(None);
            }
            _ => self.settle(state),
        }
    }

    /// Settles where the message's span belongs, and whether there is one.
    fn place(&self, message: &Message) {
        let context = self.context_in(message);
        if message
            .method()
            .is_some_and(|method| self.config.wants_span(&Method::parse(method)))
        {
            if !self.span.resolve(context) {
                self.config.stats.note(Reason::EarlyObserver);
            }
        } else {
            self.span.pass_through(context);
        }
    }

    fn begin_batch(&self, message: &Message, state: &mut State) {
        state.resolved = true;
        if message.member_count() > MAX_BATCH {
            self.span.resolve(None);
            self.span.set_attribute(
                "mcp_trace.batch.size",
                i64::try_from(message.member_count()).unwrap_or(i64::MAX),
            );
            return;
        }
        self.span.pass_through(None);
        let mut batch = Batch::default();
        for member in message.members() {
            if !matches!(member.kind(), Kind::Request | Kind::Notification)
                || self.config.propagate_only
            {
                continue;
            }
            let call = self.call_in(member, state);
            if self.config.wants_span(&call.method) {
                let span = ActiveSpan::builder(SpanKind::Server, call)
                    .incoming(self.header.clone())
                    .trust(self.trust)
                    .maybe_sink(self.config.sink.clone())
                    .start();
                span.resolve(self.context_in(member));
                self.config.stats.add_span(span.is_recording());
                batch.push(span, member.id().cloned());
            }
        }
        state.batch = Some(batch);
    }

    /// Settles the span of a message that has not said, or will not say, what it is.
    fn settle(&self, state: &mut State) {
        if std::mem::replace(&mut state.resolved, true) {
            return;
        }
        match state.announced.take() {
            Some(call) if self.config.wants_span(&call.method) => {
                self.span.resolve(None);
                self.span
                    .update_operation(|operation| *operation = call.into());
            }
            // Only MCP sends these headers: it is a message, though nobody has read it.
            None if state.is_mcp() && (state.scanner.is_some() || !self.readable) => {
                self.span.resolve(None);
            }
            _ => self.span.pass_through(None),
        }
    }

    fn context_in(&self, message: &Message) -> Option<TraceContext> {
        let trace = message.trace();
        let parent = match trace.traceparent() {
            MetaValue::Text(parent) => parent,
            MetaValue::Absent => return None,
            _ => {
                self.config.stats.note(Reason::InvalidMeta);
                return None;
            }
        };
        let extracted = extract_values(
            parent.as_bytes(),
            trace.tracestate().text().map(str::as_bytes),
            trace.baggage().text().map(str::as_bytes),
            &self.config.baggage,
        );
        let Extracted::Context(context) = extracted else {
            self.config.stats.note(Reason::InvalidMeta);
            return None;
        };
        Some(capped(&self.config, self.trust, &self.may_sample, context))
    }

    fn call_in(&self, message: &Message, state: &State) -> McpCall {
        let method = Method::parse(message.method().unwrap_or_default());
        let mut call = state.call_of(method, message.name(), message.uri());
        call.request_id = message.id().map(|id| Text::new(&id.to_string()));
        call.protocol_version = message
            .protocol_version()
            .and_then(ProtocolVersion::parse)
            .or(state.protocol_version);
        if call
            .tool()
            .is_some_and(|tool| !self.config.knows_tool(tool.as_str()))
        {
            call.target = Some(OTHER);
        }
        call
    }

    /// The head of the answer is ready.
    pub(crate) fn answered(&self, headers: &HeaderMap) {
        // A session begins with the answer to `initialize`.
        if let Some(session_id) = head::session_id(headers) {
            update_call(&self.span, |call| call.session_id = Some(session_id));
        }
    }

    /// The id of the request, once it has been read.
    pub(crate) fn request_id(&self) -> Option<Id> {
        self.state().request_id.clone()
    }

    pub(crate) fn note(&self, reason: Reason) {
        self.config.stats.note(reason);
    }

    /// The members of the batch, if the message was one.
    pub(crate) fn take_batch(&self) -> Option<Batch> {
        self.state().batch.take()
    }

    /// Whether the answer is a stream that stands for hours.
    pub(crate) fn is_subscription(&self) -> bool {
        self.state().subscription
    }

    /// Ends the span.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.state();
        self.settle(&mut state);
        let batch = state.batch.take();
        drop(state);
        if let Some(batch) = batch {
            batch.end(end);
        }
        self.config.stats.end(self.span.is_recording());
        self.span.end_as(end);
    }

    /// What it means that the caller goes away.
    pub(crate) fn abandoned(&self) -> End {
        // Without a version it is 2025-03-26 by the specification.
        if self
            .state()
            .protocol_version
            .is_some_and(ProtocolVersion::disconnect_cancels)
        {
            End::Cancelled
        } else {
            End::Detached
        }
    }
}

impl State {
    fn is_mcp(&self) -> bool {
        self.session_id.is_some() || self.protocol_version.is_some()
    }

    fn call_of(&self, method: Method, name: Option<&str>, uri: Option<&str>) -> McpCall {
        let mut call = McpCall::new(method);
        call.set_target(name, uri);
        call.session_id = self.session_id.clone();
        call.protocol_version = self.protocol_version;
        call.network = self.network.clone();
        call
    }
}

/// Clears the sampled flag of a caller that has had its share.
fn capped(
    config: &Config,
    trust: Trust,
    may_sample: &OnceLock<bool>,
    context: TraceContext,
) -> TraceContext {
    let Some(cap) = &config.sampling_cap else {
        return context;
    };
    if trust != Trust::Continue || !context.is_sampled() {
        return context;
    }
    let may_sample = *may_sample.get_or_init(|| {
        let taken = cap.take();
        if !taken {
            config.stats.note(Reason::SamplingCap);
        }
        taken
    });
    context.with_sampled(may_sample)
}

/// What the answer says about the request.
pub(crate) fn record_answer(span: &ActiveSpan, answer: &Answer) {
    if let Some(version) = answer.protocol_version().and_then(ProtocolVersion::parse) {
        update_call(span, |call| call.protocol_version = Some(version));
    }
    if let Some(error) = answer.error() {
        span.set_outcome(Outcome::rpc_error(
            SpanKind::Server,
            error.code(),
            error.message(),
        ));
    } else if answer.is_tool_error() {
        span.set_outcome(Outcome::tool_error());
    }
    // A call that asks for input goes on in another request.
    if answer.result_type() == Some("input_required") {
        span.set_attribute("mcp_trace.input_required", true);
    }
}

fn update_call(span: &ActiveSpan, change: impl FnOnce(&mut McpCall)) {
    span.update_operation(|operation| {
        if let Operation::Mcp(call) = operation {
            change(call);
        }
    });
}
