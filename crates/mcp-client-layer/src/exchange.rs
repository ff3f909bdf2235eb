//! One request and its answer, as far as the span of the request is concerned.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use http::Version;
use http::response::Parts;
use http_body::SizeHint;
use mcp_envelope::{Answer, AnswerWatcher, Excerpt, Id, RequestScanner};
use mcp_trace::body::{BodyEnd, BytesDue, Watch};
use mcp_trace::{
    ActiveSpan, Capture, CapturedPart, End, EnteredScope, McpCall, Method, Operation, Outcome,
    ProtocolVersion, Scope, SpanGuard, SpanKind, TraceContext,
};

use crate::head::{Content, Head, Headers};
use crate::session::Session;

/// How much longer than its head an answer must have taken for the span to tell them apart.
const LONG: Duration = Duration::from_millis(100);

/// The time from the start of the span to the head of the answer, in seconds.
const TIME_TO_HEAD: &str = "mcp_trace.time_to_head";

/// What ends the span of a request.
#[derive(Debug)]
pub(crate) enum Expected {
    /// The answer to this request.
    Answer { to: Question, id: Option<Id> },
    /// A notification is received: the end of the body.
    Receipt,
    /// The end of the body, if anybody cares to read it.
    Http,
}

/// What of the method matters to its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Question {
    Initialize,
    ToolsCall,
    SubscriptionsListen,
    Other,
}

impl Question {
    pub(crate) fn of(method: &Method) -> Self {
        match method {
            Method::Initialize => Self::Initialize,
            Method::ToolsCall => Self::ToolsCall,
            Method::SubscriptionsListen => Self::SubscriptionsListen,
            _ => Self::Other,
        }
    }
}

impl Expected {
    pub(crate) fn begins_session(&self) -> bool {
        self.is_asked(Question::Initialize)
    }

    fn calls_a_tool(&self) -> bool {
        self.is_asked(Question::ToolsCall)
    }

    fn is_asked(&self, question: Question) -> bool {
        matches!(self, Self::Answer { to, .. } if *to == question)
    }
}

/// A request that is on its way; a drop means that the caller gave up.
#[derive(Debug)]
pub struct Exchange {
    open: Open,
    http_method: http::Method,
    /// Of HTTP, as the span has it.
    version: Version,
    expected: Expected,
    session: Option<Box<Session>>,
    capture: Option<Arc<Capture>>,
}

/// The span of a request on its way, which is current now and then.
#[derive(Debug)]
struct Open(Scope);

impl Drop for Open {
    fn drop(&mut self) {
        drop(std::mem::take(&mut self.0).into_span().map(SpanGuard::new));
    }
}

impl Exchange {
    pub(crate) fn new(
        span: Arc<ActiveSpan>,
        head: &Head<'_>,
        expected: Expected,
        session: Option<Box<Session>>,
    ) -> Self {
        Self {
            open: Open(span.into()),
            http_method: head.method.clone(),
            version: head.version,
            expected,
            session,
            capture: None,
        }
    }

    /// Records the arguments in `body`, which may be a message, and the result when it comes.
    pub(crate) fn capture(&mut self, capture: &Arc<Capture>, body: Option<&[u8]>) {
        if let Some(body) = body.filter(|_| self.expected.calls_a_tool()) {
            let mut scanner = RequestScanner::new().capture_arguments(capture.max_len());
            scanner.push(body);
            if let (Some(json), Some(span)) = (scanner.message().arguments(), self.span()) {
                record(capture, span, CapturedPart::Arguments, json);
            }
        }
        self.capture = Some(capture.clone());
    }

    /// The span, unless it is in its scope.
    pub(crate) fn span(&self) -> Option<&Arc<ActiveSpan>> {
        self.open.0.span()
    }

    /// What the request is to carry.
    pub(crate) fn context(&self) -> Option<TraceContext> {
        self.span()?.context().cloned()
    }

    /// Makes the span current, as it is while the request is under way.
    pub(crate) fn enter(&mut self) -> EnteredScope<'_> {
        self.open.0.enter()
    }

    /// There will be no answer.
    pub(crate) fn fail(self, error_type: &'static str) {
        if let Some(span) = self.span() {
            span.set_outcome(Outcome::failed(error_type));
            span.end();
        }
    }

    /// Hands the span over to the answer.
    pub(crate) fn take_span(&mut self) -> Option<Arc<ActiveSpan>> {
        std::mem::take(&mut self.open.0).into_span()
    }

    /// The head of the answer is there. Returns what to look for in the body, if `span`, which was
    /// taken, does not end here.
    pub(crate) fn answered(
        self,
        span: &ActiveSpan,
        head: &Parts,
        hint: &SizeHint,
    ) -> Option<(AnswerWatch, BytesDue)> {
        let status = head.status;
        if let Some(session) = &self.session {
            session.answered(status);
        }
        if !span.is_observed() {
            span.end();
            return None;
        }
        let found = Headers::of(&head.headers);
        self.update(span, head, &found);
        let failed = status.is_client_error() || status.is_server_error();
        if failed {
            span.set_outcome(Outcome::failed(status.as_str()));
        }
        let content = found.content().unwrap_or(Content::Other);
        let streams = content == Content::EventStream;
        if streams && matches!(self.expected, Expected::Http) {
            // The standing stream of a session stays open for hours.
            span.end();
            return None;
        }
        let starts_session = self.expected.begins_session();
        let due = BytesDue::of(&self.http_method, status, found.content_length, hint);
        let capture = self.capture.filter(|_| self.expected.calls_a_tool());
        let head_after = span.elapsed();
        let watch = AnswerWatch {
            expected: self.expected,
            begins: self.session.filter(|_| starts_session),
            capture,
            content,
            watcher: None,
            is_answered: false,
            streams,
            failed,
            head_after,
        };
        Some((watch, due))
    }

    /// Tells the span what it does not know yet.
    fn update(&self, span: &ActiveSpan, head: &Parts, found: &Headers<'_>) {
        // A session begins with the answer to `initialize`.
        let session_id = if self.expected.begins_session() {
            found.session_id()
        } else {
            None
        };
        let is_known = head.version == self.version && session_id.is_none();
        if is_known && !matches!(self.expected, Expected::Http) {
            return;
        }
        span.update_operation(|operation| match operation {
            Operation::Mcp(call) => {
                call.network.http_version = Some(head.version);
                call.session_id = session_id.or_else(|| call.session_id.take());
            }
            Operation::Http(call) => {
                call.network.http_version = Some(head.version);
                call.status_code = Some(head.status.as_u16());
            }
            _ => {}
        });
    }
}

/// Finds the answer to the request in what passes, and ends the span with it.
#[derive(Debug)]
pub(crate) struct AnswerWatch {
    expected: Expected,
    /// A session begins with the answer.
    begins: Option<Box<Session>>,
    capture: Option<Arc<Capture>>,
    /// What can be read of the body.
    content: Content,
    /// What has read an answer that is not whole yet.
    watcher: Option<Box<AnswerWatcher>>,
    is_answered: bool,
    /// The body is an event stream.
    streams: bool,
    /// The HTTP status is an error.
    failed: bool,
    head_after: Duration,
}

impl AnswerWatch {
    fn is_subscription(&self) -> bool {
        self.expected.is_asked(Question::SubscriptionsListen)
    }

    /// Whether this piece completes the answer.
    fn answers(&mut self, span: &ActiveSpan, piece: &[u8]) -> bool {
        if let Some(mut watcher) = self.watcher.take() {
            let is_answered = self.push(span, &mut watcher, piece);
            self.watcher = Some(watcher);
            return is_answered;
        }
        let Expected::Answer { id, .. } = &mut self.expected else {
            return false;
        };
        let mut watcher = match self.content {
            Content::Json => AnswerWatcher::json(id.take()),
            Content::EventStream => AnswerWatcher::sse(id.take()),
            Content::Encoded | Content::Other => return false,
        };
        if let Some(capture) = &self.capture {
            watcher = watcher.capture_result(capture.max_len());
        }
        let is_answered = self.push(span, &mut watcher, piece);
        if !is_answered {
            // Most answers come in one piece: nothing is kept for the next one.
            self.watcher = Some(Box::new(watcher));
        }
        is_answered
    }

    fn push(&mut self, span: &ActiveSpan, watcher: &mut AnswerWatcher, piece: &[u8]) -> bool {
        match watcher.push(piece) {
            Some(answer) => {
                self.record(span, answer);
                self.is_answered = true;
            }
            None => return false,
        }
        true
    }

    fn record(&self, span: &ActiveSpan, answer: &Answer) {
        if let Some(version) = answer.protocol_version().and_then(ProtocolVersion::parse) {
            update_call(span, |call| call.protocol_version = Some(version));
        }
        if let Some(error) = answer.error() {
            span.set_outcome(Outcome::rpc_error(
                SpanKind::Client,
                error.code(),
                error.message(),
            ));
        } else if answer.is_tool_error() && self.expected.calls_a_tool() {
            span.set_outcome(Outcome::tool_error());
        }
        if let (Some(capture), Some(json), None) = (&self.capture, answer.excerpt(), answer.error())
        {
            record(capture, span, CapturedPart::Result, json);
        }
        if let (Some(session), None) = (&self.begins, answer.error()) {
            session.begin(span);
        }
    }

    /// What it means that the body ended without the answer.
    fn end_without_answer(&self, span: &ActiveSpan) -> End {
        let awaits = matches!(self.expected, Expected::Answer { .. })
            && self.content == Content::EventStream
            && !self.is_subscription();
        if !awaits || self.failed {
            return End::Complete;
        }
        let mut resumable = true;
        update_call(span, |call| {
            resumable = call
                .protocol_version
                .is_none_or(|v| !v.disconnect_cancels())
        });
        if resumable {
            // The answer may come on another stream.
            return End::Detached;
        }
        span.set_outcome(
            Outcome::failed("_OTHER").with_message("the stream ended without an answer"),
        );
        End::Complete
    }
}

fn record(capture: &Capture, span: &ActiveSpan, part: CapturedPart, json: &Excerpt) {
    // A panic is counted there.
    let _ = capture.record(span, part, &json.text(), json.is_truncated());
}

fn update_call(span: &ActiveSpan, change: impl FnOnce(&mut McpCall)) {
    span.update_operation(|operation| {
        if let Operation::Mcp(call) = operation {
            change(call);
        }
    });
}

impl Watch for AnswerWatch {
    fn data(&mut self, span: &ActiveSpan, piece: &[u8]) -> ControlFlow<()> {
        // A subscription stays open for hours: its span covers the way to the first message.
        if (self.streams && self.is_subscription()) || self.answers(span, piece) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn unreadable(&mut self, _: &ActiveSpan) {
        self.watcher = None;
        self.content = Content::Other;
    }

    fn end(&mut self, span: &ActiveSpan, end: BodyEnd) {
        let elapsed = span.elapsed();
        if elapsed.saturating_sub(self.head_after) > LONG {
            span.set_attribute(TIME_TO_HEAD, self.head_after.as_secs_f64());
        }
        // Who has seen a bad status, or wanted no more than a status, need not read the body.
        let done = self.is_answered || self.failed || matches!(self.expected, Expected::Http);
        let end = match end {
            BodyEnd::Complete if !self.is_answered => self.end_without_answer(span),
            BodyEnd::Dropped if !done => End::Cancelled,
            BodyEnd::Failed if !self.is_answered => {
                span.set_outcome(Outcome::failed("_OTHER"));
                End::Complete
            }
            _ => End::Complete,
        };
        span.end_after(end, elapsed);
    }
}
