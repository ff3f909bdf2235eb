//! What is done to one request: decided from its head and, where it can be read, its body.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue};
use mcp_envelope::{Id, Kind, Message, MetaValue, Outgoing, RequestScanner};
use mcp_trace::carrier::{BaggageFilter, extract_values, inject_headers};
use mcp_trace::{
    ActiveSpan, HttpCall, McpCall, Method, Operation, ProtocolVersion, SpanKind, Text,
    TraceContext, ambient, current_span, has_observers,
};

use crate::AlreadyTraced;
use crate::config::Config;
use crate::exchange::{Exchange, Expected};
use crate::head::Head;
use crate::session::Session;

/// What is left to do to the request once its body is settled. The default is nothing.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What the headers are to carry.
    context: Option<TraceContext>,
    /// The new length of a body that was edited, where the headers tell the old one.
    len: Option<usize>,
    exchange: Option<Exchange>,
}

impl Plan {
    /// Decides. Also returns the body with the context in its `_meta`, if it goes there.
    pub(crate) fn new(
        config: &Config,
        head: &Head<'_>,
        body: Option<&[u8]>,
    ) -> (Self, Option<Vec<u8>>) {
        let read = body
            .filter(|_| head.may_be_read())
            .map(|body| Read::new(body, config.max_spliced_len));
        let (current, here) = match (current_span(), head.above) {
            (None, Some(above)) => (Some(above.clone()), above.context().cloned()),
            (current, _) => {
                // What is entered inside the current span comes first.
                let here = ambient().or_else(|| current.as_ref()?.context().cloned());
                (current, here)
            }
        };
        let place = match subject(head, read.as_ref().map(Read::message)) {
            // An answer of the client to a request of the server belongs to no call.
            Subject::Response => Place::Here(here),
            Subject::Http if config.mcp_only => Place::Settled,
            subject => Place::of(
                config,
                head,
                read.as_ref().map(Read::message),
                current,
                here.as_ref(),
                subject,
            ),
        };
        let (context, exchange, in_header, in_meta) = match place {
            Place::Settled => return Self::default().unedited(),
            Place::Here(context) => (context, None, true, false),
            Place::InMeta(context) => (Some(context), None, true, false),
            Place::InHeader(context) => (Some(context), None, false, true),
            Place::Below { context, exchange } => {
                let exchange = match &config.capture {
                    Some(capture) => exchange.capturing(capture, body.filter(|_| read.is_some())),
                    None => exchange,
                };
                (context, Some(exchange), true, true)
            }
        };
        let Some(context) = context.filter(|_| config.targets.allow(head.host)) else {
            return Self {
                exchange,
                ..Self::default()
            }
            .unedited();
        };
        let edited = read
            .as_ref()
            .filter(|_| in_meta && !head.found.is_signed)
            .and_then(|read| write_meta(read.whole()?, &context, &config.baggage));
        let plan = Self {
            context: in_header.then_some(context),
            len: head.found.content_length.and(edited.as_ref().map(Vec::len)),
            exchange,
        };
        (plan, edited)
    }

    fn unedited(self) -> (Self, Option<Vec<u8>>) {
        (self, None)
    }

    /// Carries it out.
    pub(crate) fn apply(self, config: &Config, headers: &mut HeaderMap) -> Option<Exchange> {
        if let Some(context) = &self.context {
            inject_headers(context, &config.baggage, headers);
        }
        if let Some(len) = self.len {
            headers.insert(CONTENT_LENGTH, len.into());
        }
        self.exchange
    }
}

/// A body, as far as it was read.
#[derive(Debug)]
enum Read<'b> {
    Whole(Outgoing<'b>),
    /// The beginning of one that is too long to be edited.
    Beginning(RequestScanner),
}

impl<'b> Read<'b> {
    fn new(body: &'b [u8], limit: usize) -> Self {
        match body.split_at_checked(limit) {
            Some((beginning, rest)) if !rest.is_empty() => {
                let mut scanner = RequestScanner::new();
                scanner.push(beginning);
                Self::Beginning(scanner)
            }
            _ => Self::Whole(Outgoing::scan(body)),
        }
    }

    fn message(&self) -> &Message {
        match self {
            Self::Whole(outgoing) => outgoing.message(),
            Self::Beginning(scanner) => scanner.message(),
        }
    }

    fn whole(&self) -> Option<&Outgoing<'b>> {
        match self {
            Self::Whole(outgoing) => Some(outgoing),
            Self::Beginning(_) => None,
        }
    }
}

/// What a request is.
#[derive(Debug)]
enum Subject<'m> {
    /// An MCP request or notification.
    Message(&'m Message),
    /// An MCP request or notification that cannot be read, by its headers.
    Named(Method),
    /// The answer to a request of the server, which clients POST before MCP 2026-07-28.
    Response,
    /// Anything else.
    Http,
}

fn subject<'m>(head: &Head<'_>, message: Option<&'m Message>) -> Subject<'m> {
    match message.map(|message| (message.kind(), message)) {
        Some((Kind::Request | Kind::Notification, message)) => Subject::Message(message),
        Some((Kind::Response, _)) => Subject::Response,
        _ => head.mcp_method().map_or(Subject::Http, Subject::Named),
    }
}

/// Which context a request carries, and where that is written already.
#[derive(Debug)]
enum Place {
    /// It carries what it should, or nothing is to be done.
    Settled,
    /// The current one, in the headers; no span of its own.
    Here(Option<TraceContext>),
    /// This one, which is in `_meta` already.
    InMeta(TraceContext),
    /// This one, which is in the headers already.
    InHeader(TraceContext),
    /// That of a new span.
    Below {
        context: Option<TraceContext>,
        exchange: Exchange,
    },
}

impl Place {
    fn of(
        config: &Config,
        head: &Head<'_>,
        message: Option<&Message>,
        current: Option<Arc<ActiveSpan>>,
        here: Option<&TraceContext>,
        subject: Subject<'_>,
    ) -> Self {
        let is_ours = |context: &TraceContext| head.mark == Some(AlreadyTraced::by(context));
        let is_here = |context: &TraceContext| here.is_some_and(|here| here.same_span(context));
        let in_meta = message.and_then(|message| context_in(message, &config.baggage));
        let foreign = match in_meta {
            Some(context) if config.keep_foreign || is_ours(&context) || is_here(&context) => {
                return Self::InMeta(context);
            }
            Some(context) => Some(context),
            None => match head
                .found
                .context
                .extract(head.headers, &config.baggage)
                .into_context()
            {
                // A layer further out made the span that is current, for this very request.
                Some(context) if is_here(&context) && in_client_span(current.as_deref()) => {
                    return Self::Settled;
                }
                Some(context) if is_ours(&context) => return Self::Settled,
                Some(context) if config.keep_foreign => return Self::InHeader(context),
                other => other,
            },
        };
        let parent = here.or(foreign.as_ref());
        let (operation, expected) =
            if parent.is_none_or(TraceContext::is_sampled) || has_observers() {
                subject.describe(head)
            } else {
                // Nobody will read a description.
                Subject::Http.describe(head)
            };
        let builder =
            ActiveSpan::builder(SpanKind::Client, operation).maybe_sink(config.sink.clone());
        let span = match current {
            Some(span) if span.context().is_some() => builder.child_of(span),
            _ => builder.otherwise_under(foreign),
        }
        .start();
        let context = span.context().cloned();
        let session = Session::of(config, head, &expected);
        Self::Below {
            context,
            exchange: Exchange::new(span, head.method.clone(), expected).in_session(session),
        }
    }
}

fn in_client_span(current: Option<&ActiveSpan>) -> bool {
    current.is_some_and(|span| span.kind() == SpanKind::Client)
}

impl Subject<'_> {
    fn describe(self, head: &Head<'_>) -> (Operation, Expected) {
        match self {
            Self::Message(message) => {
                let mut call = McpCall::new(Method::parse(message.method().unwrap_or_default()));
                call.set_target(message.name(), message.uri());
                call.request_id = message.id().map(text_of);
                call.protocol_version = message.protocol_version().and_then(ProtocolVersion::parse);
                let method = call.method.clone();
                let expected = match message.kind() {
                    Kind::Request => Expected::Answer {
                        method,
                        id: message.id().cloned(),
                    },
                    _ => Expected::Receipt,
                };
                (connected(call, head), expected)
            }
            Self::Named(method) => {
                let mut call = McpCall::new(method.clone());
                call.set_target(head.mcp_name(), head.mcp_name());
                (connected(call, head), Expected::Answer { method, id: None })
            }
            Self::Response | Self::Http => (
                HttpCall::new(head.method, head.network()).into(),
                Expected::Http,
            ),
        }
    }
}

fn text_of(id: &Id) -> Text {
    match id {
        Id::Number(number) => (*number).into(),
        Id::Text(text) => Text::new(text),
        id => Text::new(&id.to_string()),
    }
}

fn connected(mut call: McpCall, head: &Head<'_>) -> Operation {
    call.session_id = head.found.session_id();
    call.protocol_version = call.protocol_version.or_else(|| head.protocol_version());
    call.network = head.network();
    call.into()
}

fn context_in(message: &Message, filter: &BaggageFilter) -> Option<TraceContext> {
    let trace = message.trace();
    extract_values(
        trace.traceparent().text()?.as_bytes(),
        trace.tracestate().text().map(str::as_bytes),
        trace.baggage().text().map(str::as_bytes),
        filter,
    )
    .into_context()
}

/// The message with `context` in its `_meta`, in the place of another one.
fn write_meta(
    outgoing: &Outgoing<'_>,
    context: &TraceContext,
    filter: &BaggageFilter,
) -> Option<Vec<u8>> {
    let traceparent = context.traceparent().to_bytes();
    let baggage = baggage_of(context, filter);
    let members = [
        Some(("traceparent", std::str::from_utf8(&traceparent).ok()?)),
        context.tracestate().map(|list| ("tracestate", list)),
        baggage
            .as_ref()
            .and_then(|list| Some(("baggage", list.to_str().ok()?))),
    ];
    let mut some = [("", ""); 3];
    let mut count = 0;
    for (slot, member) in some.iter_mut().zip(members.into_iter().flatten()) {
        *slot = member;
        count += 1;
    }
    let members = some.get(..count)?;
    let there = outgoing.message().trace();
    match (there.traceparent(), there.tracestate()) {
        (MetaValue::Absent, MetaValue::Absent) => Some(outgoing.splice(members).ok()?.apply()),
        // What is no string is not ours to repair, and counts as absent where it is read.
        (MetaValue::Invalid, _) => None,
        _ => {
            let bare = outgoing.without(&["traceparent", "tracestate"]);
            Some(Outgoing::scan(&bare).splice(members).ok()?.apply())
        }
    }
}

/// The baggage that may leave.
fn baggage_of(context: &TraceContext, filter: &BaggageFilter) -> Option<HeaderValue> {
    context.baggage()?;
    let mut headers = HeaderMap::new();
    inject_headers(context, filter, &mut headers);
    headers.remove("baggage")
}
