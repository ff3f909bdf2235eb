use crate::{
    answer::Answer,
    capture::{Limit, Text},
    compact,
    id::Id,
    limits,
    reader::Reader,
    scalar::Scalar,
    sink::{Bracket, Sink},
    sse::Lines,
};

/// Watches an answer body go by, in chunks cut anywhere, until the answer to one request has been
/// seen whole.
///
/// Everything else on the way is skipped: notifications and requests of the server, answers to
/// other requests, SSE comments and priming events. Its memory does not grow with the body.
///
/// An answer belongs to the request if its `id` [answers](Id::answers) it, or if it is an error
/// without id, which a server sends when it could not read the request's. Without a wanted id every
/// answer does.
///
/// ```
/// use mcp_envelope::{AnswerWatcher, Id};
///
/// let mut watcher = AnswerWatcher::sse(Some(Id::from(1)));
/// assert!(watcher.push(b": keep-alive\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"isErr").is_none());
/// let answer = watcher.push(b"or\":true}}\n\n").expect("the blank line ends the event");
/// assert!(answer.is_tool_error());
/// ```
#[derive(Debug)]
pub struct AnswerWatcher {
    reader: Reader<Draft>,
    draft: Draft,
    /// `None` for a JSON body.
    lines: Option<Lines>,
    done: bool,
}

impl AnswerWatcher {
    /// Watches an `application/json` body: one message, or an array of them as in the revision
    /// 2025-03-26.
    #[must_use]
    pub fn json(id: Option<Id>) -> AnswerWatcher {
        AnswerWatcher {
            reader: Reader::new(),
            draft: Draft::new(id),
            lines: None,
            done: false,
        }
    }

    /// Watches a `text/event-stream` body, as "Server-sent events" in the HTML standard defines it.
    /// The type of an event is not looked at.
    #[must_use]
    pub fn sse(id: Option<Id>) -> AnswerWatcher {
        AnswerWatcher {
            lines: Some(Lines::new()),
            ..AnswerWatcher::json(id)
        }
    }

    /// Also keeps the first `limit` bytes of what is [answered](Answer::excerpt), a result or an
    /// error. Defaults to 0, which keeps nothing.
    ///
    /// ```
    /// use mcp_envelope::{AnswerWatcher, Id};
    ///
    /// let mut watcher = AnswerWatcher::json(Some(Id::from(1))).capture_result(1024);
    /// let answer = watcher.push(br#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#);
    /// let result = answer.and_then(|answer| answer.excerpt()).expect("it is whole");
    /// assert_eq!(result.text(), r#"{"content":[]}"#);
    /// ```
    #[must_use]
    pub fn capture_result(mut self, limit: usize) -> AnswerWatcher {
        self.draft.excerpt_limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self
    }

    /// Reads the next bytes of the body. Returns the answer once: with the chunk that completes it.
    /// In a JSON body that is the one with the closing bracket, in an event stream the one with the
    /// blank line that dispatches the event.
    pub fn push(&mut self, chunk: &[u8]) -> Option<&Answer> {
        if self.done {
            return None;
        }
        match &mut self.lines {
            None => {
                self.draft.read(chunk, &mut self.reader);
                self.done = self.reader.is_over();
            }
            Some(lines) => {
                let (reader, draft) = (&mut self.reader, &mut self.draft);
                self.done = lines.push(chunk, |part| crate::sse::feed(part, reader, draft));
            }
        }
        if self.done { self.answer() } else { None }
    }

    /// The body has ended. An event without its blank line is not dispatched, so this returns no
    /// answer that [`push`](AnswerWatcher::push) has not returned; it is here so that a caller need
    /// not know that.
    pub fn finish(&mut self) -> Option<&Answer> {
        if !self.done {
            self.done = true;
            self.draft.restart();
        }
        None
    }

    /// The answer, if it has been seen whole.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        if self.done && self.draft.matched && !self.reader.is_broken() {
            Some(&self.draft.answer)
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Batch,
    Message,
    Result,
    Error,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Root,
    Id,
    Method,
    Result,
    Error,
    IsError,
    ResultType,
    ProtocolVersion,
    Code,
    Message,
}

/// What has been seen of one message.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    id: bool,
    /// The id is there and not null.
    id_given: bool,
    id_matches: bool,
    method: bool,
    result: bool,
    error: bool,
    is_error: bool,
    result_type: bool,
    protocol_version: bool,
    code: bool,
    message: bool,
}

#[derive(Debug)]
pub(crate) struct Draft {
    wanted: Option<Id>,
    answer: Answer,
    seen: Seen,
    in_batch: bool,
    /// The message in `answer` is the one.
    matched: bool,
    /// The bytes of a result or error that are kept.
    excerpt_limit: u32,
}

impl Draft {
    fn new(wanted: Option<Id>) -> Draft {
        Draft {
            wanted,
            answer: Answer::default(),
            seen: Seen::default(),
            in_batch: false,
            matched: false,
            excerpt_limit: 0,
        }
    }

    /// Reads the next bytes of a message.
    pub(crate) fn read(&mut self, chunk: &[u8], reader: &mut Reader<Draft>) {
        if reader.is_fresh() && compact::may_be_whole(chunk) {
            let found = compact::answer(chunk, self.wanted.as_ref(), self.excerpt_limit);
            if let Some(found) = found {
                self.answer = found.answer;
                self.seen.result = found.has_result;
                self.seen.id_given = found.id_matches.is_some();
                self.seen.id_matches = found.id_matches.unwrap_or_default();
                self.matched = self.is_match();
                return reader.stop();
            }
        }
        reader.push(chunk, self);
    }

    /// Forgets the last message.
    pub(crate) fn restart(&mut self) {
        self.answer = Answer::default();
        self.seen = Seen::default();
        self.in_batch = false;
        self.matched = false;
    }

    pub(crate) fn matched(&self) -> bool {
        self.matched
    }

    fn is_match(&self) -> bool {
        let seen = self.seen;
        let is_answer = !seen.method && (seen.result || self.answer.error().is_some());
        let is_mine = match &self.wanted {
            None => true,
            Some(_) if seen.id_given => seen.id_matches,
            Some(_) => self.answer.error().is_some(),
        };
        is_answer && is_mine
    }
}

fn first(seen: &mut bool) -> bool {
    !core::mem::replace(seen, true)
}

impl Sink for Draft {
    type Place = Place;
    type Field = Value;

    const ROOT: Value = Value::Root;

    fn limit(&self, field: Value) -> Limit {
        match field {
            Value::Id => Limit::ID,
            Value::Message => Limit::bytes(limits::ERROR_MESSAGE),
            _ => Limit::bytes(limits::WORD),
        }
    }

    fn member(&mut self, place: Place, key: &[u8]) -> Option<Value> {
        let seen = &mut self.seen;
        match (place, key) {
            (Place::Message, b"id") if first(&mut seen.id) => Some(Value::Id),
            (Place::Message, b"method") if first(&mut seen.method) => Some(Value::Method),
            (Place::Message, b"result") if first(&mut seen.result) => Some(Value::Result),
            (Place::Message, b"error") if first(&mut seen.error) => Some(Value::Error),
            (Place::Result, b"isError") if first(&mut seen.is_error) => Some(Value::IsError),
            (Place::Result, b"resultType") if first(&mut seen.result_type) => {
                Some(Value::ResultType)
            }
            (Place::Result, b"protocolVersion") if first(&mut seen.protocol_version) => {
                Some(Value::ProtocolVersion)
            }
            (Place::Error, b"code") if first(&mut seen.code) => Some(Value::Code),
            (Place::Error, b"message") if first(&mut seen.message) => Some(Value::Message),
            _ => None,
        }
    }

    fn element(&mut self, _batch: Place) -> Option<Value> {
        if self.matched {
            return None;
        }
        self.restart();
        self.in_batch = true;
        Some(Value::Root)
    }

    fn text(&mut self, field: Value, text: Text<'_>) {
        match field {
            Value::Id => {
                self.seen.id_given = true;
                self.seen.id_matches = self
                    .wanted
                    .as_ref()
                    .is_some_and(|id| id.is_answered_by_text(text));
            }
            Value::Error => {
                self.answer.error_mut();
            }
            Value::ResultType => self.answer.set_result_type(text),
            Value::ProtocolVersion => self.answer.set_protocol_version(text),
            Value::Message => {
                self.answer.error_mut().message = text.start().unwrap_or_default().into();
            }
            _ => {}
        }
    }

    fn scalar(&mut self, field: Value, scalar: Scalar<'_>) {
        match (field, scalar) {
            (Value::Id | Value::Error, Scalar::Null) => {}
            (Value::Id, scalar) => {
                self.seen.id_given = true;
                self.seen.id_matches = self
                    .wanted
                    .as_ref()
                    .is_some_and(|id| id.is_answered_by_scalar(scalar));
            }
            (Value::Error, _) => {
                self.answer.error_mut();
            }
            (Value::IsError, Scalar::Bool(is_error)) => self.answer.tool_error = is_error,
            (Value::Code, Scalar::Integer(code)) => self.answer.error_mut().code = code,
            _ => {}
        }
    }

    fn open(&mut self, field: Value, bracket: Bracket, _at: usize) -> Option<Place> {
        match (field, bracket) {
            (Value::Root, Bracket::Object) => Some(Place::Message),
            (Value::Root, Bracket::Array) if !self.in_batch => Some(Place::Batch),
            (Value::Result, Bracket::Object) => Some(Place::Result),
            (Value::Error, _) => {
                self.answer.error_mut();
                (bracket == Bracket::Object).then_some(Place::Error)
            }
            (Value::Id, _) => {
                self.seen.id_given = true;
                None
            }
            _ => None,
        }
    }

    fn close(&mut self, place: Place, _at: usize) -> Option<Place> {
        match place {
            Place::Batch => None,
            Place::Message => {
                self.matched |= self.is_match();
                self.in_batch.then_some(Place::Batch)
            }
            Place::Result | Place::Error => Some(Place::Message),
        }
    }

    fn is_array(place: Place) -> bool {
        matches!(place, Place::Batch)
    }

    fn enough(&self) -> bool {
        // A batch has to be whole to be one.
        self.matched && !self.in_batch
    }

    #[inline(always)]
    fn records(&mut self, field: Value, byte: u8) -> bool {
        if self.excerpt_limit == 0 {
            return false;
        }
        match field {
            // A null stands for no error.
            Value::Error if byte != b'n' => {
                *self.answer.excerpt_mut() = None;
                true
            }
            Value::Result => self.answer.error().is_none(),
            _ => false,
        }
    }

    fn record(&mut self, bytes: &[u8], ended: bool) {
        let excerpt = self.answer.excerpt_mut().get_or_insert_default();
        excerpt.push(bytes, self.excerpt_limit as usize);
        if ended {
            excerpt.end();
        }
    }
}
