use alloc::{boxed::Box, string::String, vec::Vec};
use core::{fmt, mem, str};

use crate::{
    excerpt::Excerpt,
    id::Id,
    limits,
    meta::{MetaValue, TraceMeta},
    strings::{Span, Strings},
};

/// What kind of JSON-RPC message a body is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Not decided yet, no JSON-RPC 2.0 message, or malformed JSON.
    #[default]
    Unknown,
    /// A `method` and an `id` (which may be `null`).
    Request,
    /// A `method` and no `id`.
    Notification,
    /// No `method`, but a `result` or an `error`.
    Response,
    /// An array of messages, as in the revision 2025-03-26 of MCP.
    Batch,
}

/// What a scanner found out about a message from client to server.
///
/// A string is `None` if the message does not have it, if it is not a string, longer than its
/// limit, or not UTF-8. Control characters are not removed. Of a key that is there twice, the first
/// counts.
#[derive(Default)]
pub struct Message {
    /// All strings, end to end.
    text: String,
    spans: [Span; Field::COUNT],
    id: Option<Id>,
    batch: Option<Box<Batch>>,
    pub(crate) arguments: Option<Box<Excerpt>>,
    pub(crate) kind: Kind,
    pub(crate) complete: bool,
    pub(crate) malformed: bool,
    pub(crate) trace_settled: bool,
}

#[derive(Debug, Default)]
struct Batch {
    members: Vec<Message>,
    count: usize,
}

/// The strings of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Field {
    Method,
    Name,
    Uri,
    TaskId,
    /// `_meta["io.modelcontextprotocol/protocolVersion"]`
    Version,
    /// `params.protocolVersion`
    OfferedVersion,
    Traceparent,
    Tracestate,
    Baggage,
}

impl Field {
    pub(crate) const COUNT: usize = 9;

    /// The most bytes that are kept.
    pub(crate) const fn limit(self) -> usize {
        match self {
            Field::Method => limits::METHOD,
            Field::Name => limits::NAME,
            Field::Uri => limits::URI,
            Field::TaskId => limits::TASK_ID,
            Field::Version | Field::OfferedVersion => limits::WORD,
            Field::Traceparent => limits::TRACEPARENT,
            Field::Tracestate => limits::TRACESTATE,
            Field::Baggage => limits::BAGGAGE,
        }
    }
}

impl Message {
    /// What kind of message this is. It is known as soon as nothing that may still come can change
    /// it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether everything is known that the scanner looks for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the body is not JSON, ended too early, or is nested more than 128 deep. Its kind is
    /// [`Kind::Unknown`].
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Whether [`trace`](Message::trace) is final: `params._meta` has been passed or cannot come
    /// any more. This is often known before the message [is complete](Message::is_complete).
    #[must_use]
    pub fn is_trace_settled(&self) -> bool {
        self.trace_settled
    }

    /// The method, at most 256 bytes.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.string(Field::Method)
    }

    /// The id of a request or response; `None` if it is absent or `null`.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    /// `params.name`, at most 1 KiB: the tool of `tools/call`, the prompt of `prompts/get`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.string(Field::Name)
    }

    /// `params.uri`, at most 2 KiB: the resource of `resources/read`, `resources/subscribe` and
    /// `resources/unsubscribe`.
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        self.string(Field::Uri)
    }

    /// `params.taskId`, at most 1 KiB: the task of `tasks/get` and its kin.
    #[must_use]
    pub fn task_id(&self) -> Option<&str> {
        self.string(Field::TaskId)
    }

    /// `params.arguments`, if the scanner was told to
    /// [capture](crate::RequestScanner::capture_arguments) it and the body is not malformed.
    #[must_use]
    pub fn arguments(&self) -> Option<&Excerpt> {
        self.arguments.as_deref()
    }

    /// The trace context in `params._meta`.
    #[must_use]
    pub fn trace(&self) -> TraceMeta<'_> {
        TraceMeta { message: self }
    }

    /// The protocol version that the message is written in:
    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`, or the one that `initialize`
    /// offers in `params.protocolVersion`. At most 31 bytes.
    #[must_use]
    pub fn protocol_version(&self) -> Option<&str> {
        let offered = || {
            self.string(Field::OfferedVersion)
                .filter(|_| self.method() == Some("initialize"))
        };
        self.string(Field::Version).or_else(offered)
    }

    /// The messages of a [batch](Kind::Batch), in order, at most 64 of them. What is no message is
    /// there as [`Kind::Unknown`].
    #[must_use]
    pub fn members(&self) -> &[Message] {
        self.batch.as_ref().map_or(&[], |batch| &batch.members)
    }

    /// The number of messages in a batch, counted beyond the 64 that are kept; 0 for any other
    /// kind.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.batch.as_ref().map_or(0, |batch| batch.count)
    }

    fn string(&self, field: Field) -> Option<&str> {
        match self.value(field) {
            MetaValue::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn value(&self, field: Field) -> MetaValue<'_> {
        let span = self.spans[field as usize];
        if !span.is_there() {
            return MetaValue::Absent;
        }
        let text = span.range().and_then(|range| {
            if range.is_empty() {
                // It may stand inside of a character that two broken neighbours make.
                return Some("");
            }
            self.text.get(range)
        });
        text.map_or(MetaValue::Invalid, MetaValue::Text)
    }

    /// The member of `params` that says what a method is applied to.
    pub(crate) fn target(method: &[u8]) -> Option<Field> {
        match method {
            b"tools/call" | b"prompts/get" => Some(Field::Name),
            b"resources/read" | b"resources/subscribe" | b"resources/unsubscribe" => {
                Some(Field::Uri)
            }
            b"tasks/get" | b"tasks/result" | b"tasks/update" | b"tasks/cancel" => {
                Some(Field::TaskId)
            }
            _ => None,
        }
    }

    pub(crate) fn has(&self, field: Field) -> bool {
        self.spans[field as usize].is_there()
    }

    /// Takes over all strings at once. Does nothing and returns false if they are not UTF-8.
    #[inline(always)]
    pub(crate) fn set_strings(&mut self, strings: Strings) -> bool {
        String::from_utf8(strings.text).is_ok_and(|text| {
            self.text = text;
            self.spans = strings.spans;
            true
        })
    }

    /// Adds a string to `raw`, where all of them are until [`settle`](Message::settle).
    pub(crate) fn set_text(&mut self, field: Field, bytes: &[u8], raw: &mut Vec<u8>) {
        if raw.capacity() == 0 {
            *raw = mem::take(&mut self.text).into_bytes();
        }
        if raw.capacity() == 0 {
            // Enough for most messages, so that there is one allocation.
            raw.reserve_exact(limits::USUAL_TEXT.max(bytes.len()));
        }
        self.spans[field as usize] = Span::add(raw, bytes);
    }

    /// Makes strings of what has been added.
    pub(crate) fn settle(&mut self, raw: &mut Vec<u8>) {
        if raw.is_empty() {
            return;
        }
        match String::from_utf8(mem::take(raw)) {
            Ok(text) => self.text = text,
            Err(error) => self.settle_invalid(error.as_bytes()),
        }
    }

    /// Keeps those strings that are UTF-8.
    #[cold]
    fn settle_invalid(&mut self, raw: &[u8]) {
        let mut text = Vec::with_capacity(raw.len());
        for span in &mut self.spans {
            if let Some(range) = span.range() {
                let bytes = raw.get(range).filter(|bytes| str::from_utf8(bytes).is_ok());
                *span = bytes.map_or(Span::INVALID, |bytes| Span::add(&mut text, bytes));
            }
        }
        self.text = String::from_utf8(text).unwrap_or_default();
    }

    /// The value is there, and it is not a string.
    pub(crate) fn set_invalid(&mut self, field: Field) {
        self.spans[field as usize] = Span::INVALID;
    }

    pub(crate) fn set_id(&mut self, id: Option<Id>) {
        self.id = id;
    }

    /// A batch without members.
    pub(crate) fn batch() -> Message {
        Message {
            kind: Kind::Batch,
            batch: Some(Box::default()),
            ..Message::default()
        }
    }

    pub(crate) fn add_member(&mut self, member: Message) {
        self.count_member();
        if let Some(batch) = &mut self.batch {
            batch.members.push(member);
        }
    }

    pub(crate) fn count_member(&mut self) {
        if let Some(batch) = &mut self.batch {
            batch.count = batch.count.saturating_add(1);
        }
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        self.text.len()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("method", &self.method())
            .field("name", &self.name())
            .field("uri", &self.uri())
            .field("task_id", &self.task_id())
            .field("protocol_version", &self.protocol_version())
            .field("traceparent", &self.trace().traceparent())
            .field("tracestate", &self.trace().tracestate())
            .field("baggage", &self.trace().baggage())
            .field("arguments", &self.arguments())
            .field("members", &self.members())
            .field("member_count", &self.member_count())
            .field("complete", &self.complete)
            .field("malformed", &self.malformed)
            .field("trace_settled", &self.trace_settled)
            .finish_non_exhaustive()
    }
}
