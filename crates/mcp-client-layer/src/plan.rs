//! What is done to one request: decided from its head and, where it can be read, its body.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use mcp_envelope::{Message, Outgoing, RequestScanner};
use mcp_trace::carrier::inject_headers;
use mcp_trace::{ActiveSpan, SpanKind, TraceContext, ambient, current_span, is_described};

use crate::AlreadyTraced;
use crate::config::Config;
use crate::exchange::Exchange;
use crate::head::Head;
use crate::meta;
use crate::session::Session;
use crate::subject::Subject;

/// What is left to do to the request once its body is settled.
#[derive(Debug)]
pub(crate) struct Plan<'e> {
    /// What the headers are to carry.
    context: Option<TraceContext>,
    /// The new length of a body that was edited, where the headers tell the old one.
    len: Option<usize>,
    /// Where the exchange goes, which is large.
    exchange: &'e mut Option<Exchange>,
}

impl<'e> Plan<'e> {
    /// Nothing is to be done yet.
    pub(crate) fn new(exchange: &'e mut Option<Exchange>) -> Self {
        Self {
            context: None,
            len: None,
            exchange,
        }
    }

    /// Decides. Returns the body with the context in its `_meta`, if it goes there.
    pub(crate) fn make(
        &mut self,
        config: &Config,
        head: &Head<'_>,
        body: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        (self.context, self.len) = (None, None);
        // A body that shows itself twice gives up what came of the first time.
        *self.exchange = None;
        let readable = body.filter(|_| head.may_be_read());
        let read = Read::new(readable, config.max_spliced_len);
        let message = read.message();
        let subject = Subject::of(head, message);
        let above = Above::of(head);
        let place = match subject {
            // An answer of the client to a request of the server belongs to no call.
            Subject::Response => Place::Here,
            Subject::Http if config.mcp_only => Place::Settled,
            _ => Place::of(config, head, message, &above),
        };
        let (context, in_header, in_meta) = match place {
            Place::Settled => return None,
            Place::Here => (above.context().cloned(), true, false),
            Place::InMeta(context) => (Some(context), true, false),
            Place::InHeader(context) => (Some(context), false, true),
            Place::Below(foreign) => {
                let exchange = self
                    .exchange
                    .insert(begin(config, head, subject, above, foreign));
                if let Some(capture) = &config.capture {
                    exchange.capture(capture, readable);
                }
                (exchange.context(), true, true)
            }
        };
        let context = context.filter(|_| config.targets.allow(head.host))?;
        let edited = read
            .whole()
            .filter(|_| in_meta && !head.found.is_signed)
            .and_then(|outgoing| meta::write(outgoing, &context, &config.baggage));
        self.context = in_header.then_some(context);
        self.len = head.found.content_length.and(edited.as_ref().map(Vec::len));
        edited
    }

    /// Carries it out.
    pub(crate) fn apply(&self, config: &Config, headers: &mut HeaderMap) {
        if let Some(context) = &self.context {
            inject_headers(context, &config.baggage, headers);
        }
        if let Some(len) = self.len {
            headers.insert(CONTENT_LENGTH, len.into());
        }
    }
}

/// Starts the span of a request, under `foreign` where nothing is above.
fn begin(
    config: &Config,
    head: &Head<'_>,
    subject: Subject<'_>,
    above: Above,
    foreign: Option<TraceContext>,
) -> Exchange {
    let parent = above.context().or(foreign.as_ref());
    let is_described = is_described(parent, config.sink.as_ref(), above.span.as_deref());
    // Nobody will read another description.
    let subject = if is_described { subject } else { Subject::Http };
    let builder = ActiveSpan::builder(SpanKind::Client);
    let builder = match &config.sink {
        Some(sink) => builder.sink(sink.clone()),
        None => builder,
    };
    let builder = match above.span {
        Some(span) if span.context().is_some() => builder.child_of(span),
        _ => builder.otherwise_under(foreign),
    };
    let builder = if is_described {
        builder
    } else {
        builder.uncounted()
    };
    let (span, expected) = subject.start(head, builder);
    let session = Session::of(config, head, &expected);
    Exchange::new(span, head, expected, session)
}

/// A body, as far as it was read.
#[derive(Debug)]
enum Read<'b> {
    Whole(Outgoing<'b>),
    /// The beginning of one that is too long to be edited.
    Beginning(RequestScanner),
    Nothing,
}

impl<'b> Read<'b> {
    fn new(body: Option<&'b [u8]>, limit: usize) -> Self {
        match body {
            Some(body) if body.len() <= limit => Self::Whole(Outgoing::scan(body)),
            Some(body) => {
                let mut scanner = RequestScanner::new();
                scanner.push(&body[..limit]);
                Self::Beginning(scanner)
            }
            None => Self::Nothing,
        }
    }

    fn message(&self) -> Option<&Message> {
        match self {
            Self::Whole(outgoing) => Some(outgoing.message()),
            Self::Beginning(scanner) => Some(scanner.message()),
            Self::Nothing => None,
        }
    }

    fn whole(&self) -> Option<&Outgoing<'b>> {
        match self {
            Self::Whole(outgoing) => Some(outgoing),
            _ => None,
        }
    }
}

/// What is current where a request departs.
#[derive(Debug)]
struct Above {
    span: Option<Arc<ActiveSpan>>,
    /// What is entered inside the span.
    ambient: Option<TraceContext>,
}

impl Above {
    fn of(head: &Head<'_>) -> Self {
        match (current_span(), head.above) {
            (None, Some(above)) => Self {
                span: Some(above.clone()),
                ambient: None,
            },
            (span, _) => Self {
                span,
                ambient: ambient(),
            },
        }
    }

    fn context(&self) -> Option<&TraceContext> {
        self.ambient
            .as_ref()
            .or_else(|| self.span.as_ref()?.context())
    }

    fn is_client_span(&self) -> bool {
        self.span
            .as_ref()
            .is_some_and(|span| span.kind() == SpanKind::Client)
    }
}

/// Which context a request carries, and where that is written already.
#[derive(Debug)]
enum Place {
    /// It carries what it should, or nothing is to be done.
    Settled,
    /// The current one, in the headers; no span of its own.
    Here,
    /// This one, which is in `_meta` already.
    InMeta(TraceContext),
    /// This one, which is in the headers already.
    InHeader(TraceContext),
    /// That of a new span, in the place of one that came from elsewhere.
    Below(Option<TraceContext>),
}

impl Place {
    fn of(config: &Config, head: &Head<'_>, message: Option<&Message>, above: &Above) -> Self {
        let is_ours = |context: &TraceContext| head.mark == Some(AlreadyTraced::by(context));
        let is_here =
            |context: &TraceContext| above.context().is_some_and(|here| here.same_span(context));
        if let Some(context) = message.and_then(|message| meta::read(message, &config.baggage)) {
            return if config.keep_foreign || is_ours(&context) || is_here(&context) {
                Self::InMeta(context)
            } else {
                Self::Below(Some(context))
            };
        }
        let in_header = head.found.context.extract(head.headers, &config.baggage);
        match in_header.into_context() {
            // A layer further out made the span that is current, for this very request.
            Some(context) if is_here(&context) && above.is_client_span() => Self::Settled,
            Some(context) if is_ours(&context) => Self::Settled,
            Some(context) if config.keep_foreign => Self::InHeader(context),
            foreign => Self::Below(foreign),
        }
    }
}
