//! One request and its answer.

use std::sync::Arc;

use http::request::Parts;
use mcp_envelope::Id;
use mcp_trace::{
    ActiveSpan, End, HttpCall, McpCall, Method, Network, NetworkPeer, Operation, ProtocolVersion,
    TraceContext, Trust, has_observers,
};

use crate::ambient;
use crate::batch::Batch;
use crate::config::Config;
use crate::head::{self, Headers};
use crate::reading::Reading;
use crate::sampling_cap::Share;

/// A request that has a span, which ends with its answer.
///
/// It belongs to the future of the answer, then to the answer's body.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// The head has told all.
    Head(Traced, Known),
    /// The inner service reads the message at its own pace.
    Message {
        reading: Arc<Reading>,
        /// Whether it is certain what the span is about.
        is_settled: bool,
    },
}

/// The span of a request.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) span: Arc<ActiveSpan>,
    pub(crate) config: Arc<Config>,
}

impl Traced {
    /// Counts the request, which [`Exchange::end`] is to end. The program's own functions, which
    /// may panic, have run.
    pub(crate) fn begin(span: Arc<ActiveSpan>, config: &Arc<Config>) -> Self {
        config.stats.begin();
        let config = config.clone();
        Self { span, config }
    }
}

/// What is known of a request that matters to its end.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) request_id: Option<Id>,
    /// Whether the answer is a stream that stands for hours.
    pub(crate) is_subscription: bool,
    pub(crate) protocol_version: Option<ProtocolVersion>,
}

/// What is to be found in the body of an answer.
#[derive(Debug)]
pub(crate) enum Expected {
    /// The answer to this request, or any.
    Answer(Option<Id>),
    /// The answers to the members of a batch.
    Answers(Batch),
    /// The first message of a stream that stands for hours: the span covers the way to that.
    AnyMessage,
    /// Nothing but the end, because nobody learns of the rest.
    Nothing,
}

impl Exchange {
    /// A request of whose message only the head is looked at.
    pub(crate) fn of_head(
        head: &Parts,
        headers: &Headers<'_>,
        header: Option<TraceContext>,
        config: &Arc<Config>,
    ) -> Self {
        let Incoming {
            trust,
            header,
            beside,
            ..
        } = Incoming::of(config.trust(head), header, config);
        let announced = headers.method();
        let is_wanted = match &announced {
            Some(method) => config.wants_span(|| method.clone()),
            // It is a message, though nobody reads it.
            None => headers.is_mcp(),
        };
        let known = Known {
            request_id: None,
            is_subscription: announced == Some(Method::SubscriptionsListen),
            protocol_version: headers.protocol_version(),
        };
        let above = header.clone().filter(|_| trust == Trust::Continue);
        // Handlers are to see the span from the start: nothing better will be known.
        let span = if is_wanted {
            let sampler = announced.as_ref();
            let sampler = sampler.and_then(|method| config.sampler(|| method.clone()));
            let is_read = above.as_ref().is_none_or(TraceContext::is_sampled) || has_observers();
            let operation: Operation = match announced.filter(|_| is_read) {
                Some(method) => {
                    let mut call = McpCall::new(method);
                    let name = head::name(headers.name);
                    call.set_target(name.as_deref(), name.as_deref());
                    call.session_id = head::session_id(headers.session_id);
                    call.protocol_version = known.protocol_version;
                    call.network = network(head, config);
                    config.bound(call).into()
                }
                // Nobody reads more, or nothing more is known.
                None => HttpCall::new(&head.method, network(head, config)).into(),
            };
            let span = config.span(operation).incoming(above).start();
            span.resolve_sampled(None, sampler);
            let untrusted = header.filter(|_| trust == Trust::RestartAndLink);
            for link in [untrusted, beside].into_iter().flatten() {
                span.add_link(link);
            }
            span
        } else {
            ActiveSpan::propagating(above)
        };
        Self::Head(Traced::begin(span, config), known)
    }

    /// A request whose message is read.
    pub(crate) fn of_message(reading: Arc<Reading>) -> Self {
        Self::Message {
            reading,
            is_settled: false,
        }
    }

    pub(crate) fn traced(&self) -> &Traced {
        match self {
            Self::Head(traced, _) => traced,
            Self::Message { reading, .. } => reading.traced(),
        }
    }

    pub(crate) fn span(&self) -> &Arc<ActiveSpan> {
        &self.traced().span
    }

    /// What the answer's body is watched for. A service that sends one has read the request.
    pub(crate) fn expected(&mut self) -> Expected {
        match self {
            Self::Head(traced, _) if !traced.span.is_observed() => Expected::Nothing,
            Self::Head(_, known) if known.is_subscription => Expected::AnyMessage,
            Self::Head(..) => Expected::Answer(None),
            Self::Message {
                reading,
                is_settled,
            } => {
                let expected;
                (expected, *is_settled) = reading.expected();
                expected
            }
        }
    }

    /// Ends the span.
    pub(crate) fn end(&self, end: End) {
        if let Self::Message {
            reading,
            is_settled: false,
        } = self
        {
            reading.end(end);
        }
        let Traced { span, config } = self.traced();
        config.stats.end(span.is_recording());
        span.end_as(end);
    }

    /// What it means that the caller goes away.
    pub(crate) fn abandoned(&self) -> End {
        let version = match self {
            Self::Head(_, known) => known.protocol_version,
            Self::Message { reading, .. } => reading.protocol_version(),
        };
        // Without a version it is 2025-03-26 by the specification.
        if version.is_some_and(ProtocolVersion::disconnect_cancels) {
            End::Cancelled
        } else {
            End::Detached
        }
    }
}

/// The contexts that a request comes with, apart from that of its message.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) trust: Trust,
    /// What is above the span unless the message says better.
    pub(crate) header: Option<TraceContext>,
    /// What is linked in any case.
    pub(crate) beside: Option<TraceContext>,
    pub(crate) share: Share,
}

impl Incoming {
    pub(crate) fn of(trust: Trust, header: Option<TraceContext>, config: &Config) -> Self {
        let is_sent = header.is_some();
        let (mut header, beside) = ambient::place(header, trust);
        let mut share = Share::default();
        if is_sent {
            header = header.map(|header| share.limit(config, trust, header));
        }
        Self {
            trust,
            header,
            beside,
            share,
        }
    }
}

/// The connection that a request came on.
pub(crate) fn network(head: &Parts, config: &Config) -> Network {
    let mut network = Network::http(head.version);
    network.peer = config
        .client_address
        .as_ref()
        .and_then(|find| find.apply(head))
        .map(|client| NetworkPeer::new(client.ip().to_string(), Some(client.port())));
    network
}
