//! The answer to a request, as its body passes.

use std::ops::ControlFlow;

use mcp_envelope::{Answer, AnswerWatcher};
use mcp_trace::body::{BodyEnd, Watch};
use mcp_trace::{
    ActiveSpan, CapturedPart, End, McpCall, Method, Operation, Outcome, ProtocolVersion, SpanKind,
    has_observers,
};

use crate::config::Config;
use crate::exchange::{Exchange, Expected};
use crate::head::Content;
use crate::stats::Reason;

/// Finds the answer to the request in what passes, and ends the span with it.
#[derive(Debug)]
pub(crate) struct AnswerWatch {
    exchange: Exchange,
    content: Content,
    /// Asked for with the first piece: only then is the request sure to be known.
    expected: Option<Expected>,
    /// What has read an answer that is not whole yet.
    watcher: Option<Box<AnswerWatcher>>,
}

impl AnswerWatch {
    pub(crate) fn new(exchange: Exchange, content: Content) -> Self {
        Self {
            exchange,
            content,
            expected: None,
            watcher: None,
        }
    }

    /// Nobody learns what the answer says.
    pub(crate) fn unread(exchange: Exchange) -> Self {
        Self {
            expected: Some(Expected::Nothing),
            ..Self::new(exchange, Content::Other)
        }
    }

    fn start(&mut self) {
        if self.expected.is_some() {
            return;
        }
        let expected = self.exchange.expected();
        if self.content == Content::Encoded && !matches!(expected, Expected::Answers(_)) {
            self.note_unreadable();
        }
        self.expected = Some(expected);
    }

    fn note_unreadable(&self) {
        let config = self.exchange.config();
        config.stats.note(Reason::UnreadableAnswer);
    }
}

impl Watch for AnswerWatch {
    fn data(&mut self, span: &ActiveSpan, piece: &[u8]) -> ControlFlow<()> {
        self.start();
        let config = self.exchange.config();
        let is_complete = match (&mut self.expected, &mut self.watcher) {
            (_, Some(watcher)) => is_answered(config, span, watcher, piece),
            (Some(Expected::Answer(id)), none) => match config.watcher(self.content, id.take()) {
                Some(mut watcher) => {
                    let is_complete = is_answered(config, span, &mut watcher, piece);
                    if !is_complete {
                        // Most answers come in one piece: nothing is kept for the next one.
                        *none = Some(Box::new(watcher));
                    }
                    is_complete
                }
                None => false,
            },
            (Some(Expected::Answers(batch)), None) => batch.data(config, piece, self.content),
            (Some(Expected::AnyMessage), None) => true,
            (Some(Expected::Nothing) | None, None) => false,
        };
        if is_complete {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn unreadable(&mut self, _: &ActiveSpan) {
        self.start();
        if let Some(Expected::Answer(_)) = self.expected {
            if self.content.is_readable() {
                self.note_unreadable();
            }
            self.expected = Some(Expected::Nothing);
            self.watcher = None;
        }
    }

    fn end(&mut self, span: &ActiveSpan, end: BodyEnd) {
        self.start();
        let failed = |error_type| {
            span.set_outcome(Outcome::failed(error_type));
            End::Complete
        };
        let end = match end {
            BodyEnd::Complete => End::Complete,
            BodyEnd::Dropped if std::thread::panicking() => failed("panic"),
            BodyEnd::Dropped => self.exchange.abandoned(),
            _ => failed("response_body"),
        };
        if let Some(Expected::Answers(batch)) = self.expected.take() {
            batch.end(end);
        }
        self.exchange.end(span, end);
    }
}

/// Whether this piece completes the answer; if so, the span is told what that says.
pub(crate) fn is_answered(
    config: &Config,
    span: &ActiveSpan,
    watcher: &mut AnswerWatcher,
    piece: &[u8],
) -> bool {
    match watcher.push(piece) {
        Some(answer) => {
            record(config, span, answer);
            true
        }
        None => false,
    }
}

fn record(config: &Config, span: &ActiveSpan, answer: &Answer) {
    if let Some(version) = answer.protocol_version().and_then(ProtocolVersion::parse) {
        update_call(span, |call| call.protocol_version = Some(version));
    }
    if let Some(error) = answer.error() {
        span.set_outcome(Outcome::rpc_error(
            SpanKind::Server,
            error.code(),
            error.message(),
        ));
    } else {
        if answer.is_tool_error() {
            span.set_outcome(Outcome::tool_error());
        }
        config.capture(span, CapturedPart::Result, answer.excerpt());
        begin_session(config, span);
    }
    // A call that asks for input goes on in another request.
    if answer.result_type() == Some("input_required") {
        span.set_attribute("mcp_trace.input_required", true);
    }
}

/// A session begins with the result of `initialize`.
fn begin_session(config: &Config, span: &ActiveSpan) {
    if has_observers() {
        update_call(span, |call| {
            if call.method == Method::Initialize {
                config.sessions.begin(call);
            }
        });
    }
}

pub(crate) fn update_call(span: &ActiveSpan, change: impl FnOnce(&mut McpCall)) {
    span.update_operation(|operation| {
        if let Operation::Mcp(call) = operation {
            change(call);
        }
    });
}
