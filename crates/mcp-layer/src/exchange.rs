//! One request and its answer.

use std::sync::Arc;

use http::request::Parts;
use mcp_envelope::Id;
use mcp_trace::{
    ActiveSpan, End, HttpCall, McpCall, Method, Network, NetworkPeer, ProtocolVersion, TargetKind,
    TraceContext, Trust, is_described,
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
    Head {
        config: Arc<Config>,
        is_subscription: bool,
        /// What it means that the caller goes away.
        abandoned: End,
    },
    /// The inner service reads the message at its own pace.
    Message {
        reading: Arc<Reading>,
        /// Whether it is certain what the span is about.
        is_settled: bool,
    },
}

/// Ends a span when it is dropped.
struct Ended<'a> {
    config: &'a Config,
    span: &'a ActiveSpan,
    end: End,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.config.stats.end(self.span.is_recording());
        self.span.end_as(self.end);
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
    Answers(Box<Batch>),
    /// The first message of a stream that stands for hours: the span covers the way to that.
    AnyMessage,
    /// Nothing but the end, because nobody learns of the rest.
    Nothing,
}

impl Exchange {
    /// A request of whose message only the head is looked at. A context that nobody records is
    /// passed on unchanged.
    #[inline]
    pub(crate) fn of_head(
        head: &Parts,
        headers: &Headers<'_>,
        header: Option<TraceContext>,
        config: &Arc<Config>,
    ) -> (Arc<ActiveSpan>, Self) {
        let mut above = header;
        let incoming = Incoming::of(config.trust(head), &mut above, config);
        let untrusted = match incoming.trust {
            Trust::Continue => None,
            _ => above.take(),
        };
        if !is_described(above.as_ref(), config.sink.as_ref(), None) {
            let exchange = Self::Head {
                config: config.begin(),
                is_subscription: false,
                abandoned: End::Detached,
            };
            return (ActiveSpan::propagating(above), exchange);
        }
        let announced = headers.method();
        let is_wanted = match &announced {
            Some(method) => config.wants_span(|| method.clone()),
            // It is a message, though nobody reads it.
            None => headers.is_mcp(),
        };
        let is_subscription = announced == Some(Method::SubscriptionsListen);
        let protocol_version = headers.protocol_version();
        // Handlers are to see the span from the start: nothing better will be known.
        let span = if is_wanted {
            let sampler = announced.as_ref();
            let sampler = sampler.and_then(|method| config.sampler(|| method.clone()));
            let builder = config.span();
            let builder = match sampler {
                None => builder.under(above),
                // It decides in place of the sink's.
                Some(_) => builder.incoming(above),
            };
            let network = network(head, config);
            let span = match announced {
                Some(method) => {
                    let mut call = announced_call(method, headers, config);
                    call.protocol_version = protocol_version;
                    call.network = network;
                    builder.start(call)
                }
                // Nothing more is known.
                None => builder.start(HttpCall::new(&head.method, network)),
            };
            if sampler.is_some() {
                span.resolve_sampled(None, sampler);
            }
            if let (Some(untrusted), Trust::RestartAndLink) = (untrusted, incoming.trust) {
                span.add_link(untrusted);
            }
            if let Some(beside) = incoming.beside {
                span.add_link(beside);
            }
            span
        } else {
            ActiveSpan::propagating(above)
        };
        let exchange = Self::Head {
            config: config.begin(),
            is_subscription,
            abandoned: abandoned(protocol_version),
        };
        (span, exchange)
    }

    /// A request whose message is read.
    pub(crate) fn of_message(reading: Arc<Reading>) -> (Arc<ActiveSpan>, Self) {
        let span = reading.span().clone();
        let exchange = Self::Message {
            reading,
            is_settled: false,
        };
        (span, exchange)
    }

    pub(crate) fn config(&self) -> &Config {
        match self {
            Self::Head { config, .. } => config,
            Self::Message { reading, .. } => reading.config(),
        }
    }

    /// Whether it is certain that nobody learns how it goes.
    pub(crate) fn is_unobserved(&self, span: &ActiveSpan) -> bool {
        matches!(self, Self::Head { .. }) && !span.is_observed()
    }

    /// What the answer's body is watched for. A service that sends one has read the request.
    pub(crate) fn expected(&mut self) -> Expected {
        match self {
            Self::Head {
                is_subscription: true,
                ..
            } => Expected::AnyMessage,
            Self::Head { .. } => Expected::Answer(None),
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

    /// Ends the span of the request.
    pub(crate) fn end(&self, span: &ActiveSpan, end: End) {
        // A filter of the program may panic before.
        let config = self.config();
        let _ended = Ended { config, span, end };
        if let Self::Message {
            reading,
            is_settled: false,
        } = self
        {
            reading.end(end);
        }
    }

    /// What it means that the caller goes away.
    pub(crate) fn abandoned(&self) -> End {
        match self {
            Self::Head { abandoned, .. } => *abandoned,
            Self::Message { reading, .. } => abandoned(reading.protocol_version()),
        }
    }
}

fn abandoned(version: Option<ProtocolVersion>) -> End {
    // Without a version it is 2025-03-26 by the specification.
    if version.is_some_and(ProtocolVersion::disconnect_cancels) {
        End::Cancelled
    } else {
        End::Detached
    }
}

/// What a request comes with, apart from the contexts of its header and of its message.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) trust: Trust,
    /// A context that is linked in any case.
    pub(crate) beside: Option<TraceContext>,
    pub(crate) share: Share,
}

impl Incoming {
    /// Makes of the context in the `header` what is above the span unless the message says better.
    #[inline]
    pub(crate) fn of(trust: Trust, header: &mut Option<TraceContext>, config: &Config) -> Self {
        let is_sent = header.is_some();
        let beside = ambient::place(header, trust);
        let mut share = Share::default();
        if let (true, Some(header)) = (is_sent, header) {
            share.limit(config, trust, header);
        }
        Self {
            trust,
            beside,
            share,
        }
    }
}

/// What the headers say of a message since MCP 2026-07-28, apart from its connection.
#[inline(always)]
pub(crate) fn announced_call(method: Method, headers: &Headers<'_>, config: &Config) -> McpCall {
    let name = match method.target_kind() {
        TargetKind::None => None,
        _ => head::name(headers.name),
    };
    let target = config.target(&method, name);
    let session_id = head::session_id(headers.session_id);
    // Nothing borrows it from here on, so that it is made where it goes.
    let mut call = McpCall::new(method);
    call.target = target;
    call.session_id = session_id;
    call
}

/// The connection that a request came on.
#[inline]
pub(crate) fn network(head: &Parts, config: &Config) -> Network {
    let mut network = Network::http(head.version);
    network.peer = config
        .client_address
        .as_ref()
        .and_then(|find| find.apply(head))
        .map(|client| NetworkPeer::new(client.ip().to_string(), Some(client.port())));
    network
}
