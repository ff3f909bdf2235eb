//! What a request scanner has seen so far, and what it still wants.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    capture::{Limit, Text},
    compact,
    id::Id,
    layout::{Layout, Slot},
    limits,
    message::{Field, Kind, Message},
    scalar::Scalar,
    sink::{Bracket, Sink},
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Batch,
    Message,
    Params,
    Meta,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Root,
    /// An element of a batch.
    Element,
    JsonRpc,
    Id,
    Method,
    /// `result` or `error`.
    Outcome,
    Params,
    Meta,
    Kept(Field),
    /// `params.arguments`, whose text is kept.
    Arguments,
}

/// What has been seen of one message.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    jsonrpc: bool,
    id: bool,
    method: bool,
    outcome: bool,
    params: bool,
    params_passed: bool,
    meta: bool,
    meta_passed: bool,
    /// A member of `params`, and of `_meta`.
    in_params: bool,
    in_meta: bool,
    arguments: bool,
    arguments_passed: bool,
    /// It can be no JSON-RPC message any more.
    foreign: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The message that is being read.
    pub(crate) message: Message,
    seen: Seen,
    /// The member of `params` that the method is about. In a batch nobody asks.
    wanted: Option<Field>,
    /// The bytes of arguments that are kept.
    arguments_limit: u32,
    in_batch: bool,
    more: Option<Box<More>>,
}

/// What only a message needs that is not [compact](crate::compact).
#[derive(Debug, Default)]
struct More {
    /// The batch that it is in.
    batch: Option<Message>,
    /// Bytes kept of earlier members of a batch.
    kept: usize,
    /// The strings of the message that have not been checked.
    raw: Vec<u8>,
    layout: Layout,
}

impl Draft {
    /// Reads a whole message, if it can be read so.
    pub(crate) fn read_compact(&mut self, message: &[u8]) -> bool {
        compact::request(message, self.arguments_limit, &mut self.message).is_some()
    }

    pub(crate) fn capture_arguments(&mut self, limit: usize) {
        self.arguments_limit = u32::try_from(limit).unwrap_or(u32::MAX);
    }

    pub(crate) fn message(&self) -> &Message {
        self.batch().unwrap_or(&self.message)
    }

    pub(crate) fn into_parts(self) -> (Message, Layout) {
        let mut more = self.more.map_or_else(More::default, |more| *more);
        more.layout.params.set_empty(!self.seen.in_params);
        more.layout.meta.set_empty(!self.seen.in_meta);
        (more.batch.unwrap_or(self.message), more.layout)
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn batch(&self) -> Option<&Message> {
        self.more.as_ref()?.batch.as_ref()
    }

    /// The end of a chunk.
    pub(crate) fn settle(&mut self) {
        if let Some(more) = &mut self.more {
            self.message.settle(&mut more.raw);
        }
    }

    fn set_text(&mut self, field: Field, text: Text<'_>) {
        let more = self.more.get_or_insert_default();
        let room = limits::TOTAL.saturating_sub(more.kept);
        match text {
            Text::Whole(bytes) if bytes.len() <= room => {
                self.message.set_text(field, bytes, &mut more.raw);
            }
            _ => self.message.set_invalid(field),
        }
    }

    pub(crate) fn end(&mut self, broken: bool) {
        let batch = self.more.as_mut().and_then(|more| more.batch.as_mut());
        let message = batch.unwrap_or(&mut self.message);
        message.trace_settled = true;
        if broken {
            message.kind = Kind::Unknown;
            message.malformed = true;
        } else {
            message.complete = true;
        }
    }

    /// A value has been seen that is not of the type that belongs there.
    fn misfit(&mut self, field: Value) {
        match field {
            Value::Root => {}
            Value::Element => self.end_message(),
            Value::JsonRpc | Value::Id | Value::Method => self.seen.foreign = true,
            // Results and errors may have any type.
            Value::Outcome => self.seen.outcome = true,
            Value::Params => {
                self.more().layout.params = Slot::Other;
                self.pass_params();
            }
            Value::Meta => {
                self.more().layout.meta = Slot::Other;
                self.pass_meta();
            }
            Value::Kept(field) => self.message.set_invalid(field),
            Value::Arguments => {}
        }
    }

    fn pass_params(&mut self) {
        self.seen.params_passed = true;
        self.message.trace_settled = true;
    }

    fn pass_meta(&mut self) {
        self.seen.meta_passed = true;
        self.message.trace_settled = true;
    }

    /// Decides what kind of message this is, if nothing that may still come can change it.
    #[inline(always)]
    fn decide(&mut self, ended: bool) {
        self.message.kind = match self.seen {
            Seen { foreign: true, .. } | Seen { jsonrpc: false, .. } => Kind::Unknown,
            Seen {
                method: true,
                id: true,
                ..
            } => Kind::Request,
            Seen { method: true, .. } if ended => Kind::Notification,
            Seen {
                outcome: true,
                method: false,
                ..
            } if ended => Kind::Response,
            _ => Kind::Unknown,
        };
    }

    /// The message has ended.
    fn end_message(&mut self) {
        self.decide(true);
        self.message.complete = true;
        self.message.trace_settled = true;
        let Some(more) = &mut self.more else { return };
        let Some(batch) = &mut more.batch else { return };
        let mut message = core::mem::take(&mut self.message);
        message.settle(&mut more.raw);
        more.kept = more.kept.saturating_add(message.kept_bytes());
        batch.add_member(message);
        self.seen = Seen::default();
    }
}

fn first(seen: &mut bool) -> bool {
    !core::mem::replace(seen, true)
}

impl Sink for Draft {
    type Place = Place;
    type Field = Value;

    const ROOT: Value = Value::Root;

    #[inline]
    fn limit(&self, field: Value) -> Limit {
        match field {
            Value::Kept(field) => Limit::bytes(field.limit()),
            Value::Method => Limit::bytes(limits::METHOD),
            Value::Id => Limit {
                bytes: limits::ID,
                hashed: true,
            },
            _ => Limit::bytes(limits::WORD),
        }
    }

    #[inline(always)]
    fn member(&mut self, place: Place, key: &[u8]) -> Option<Value> {
        let seen = &mut self.seen;
        let field = match place {
            Place::Batch => return None,
            Place::Message => {
                return match key {
                    b"jsonrpc" if !seen.jsonrpc => Some(Value::JsonRpc),
                    b"id" if first(&mut seen.id) => Some(Value::Id),
                    b"method" if first(&mut seen.method) => Some(Value::Method),
                    b"params" if first(&mut seen.params) => Some(Value::Params),
                    b"result" | b"error" => Some(Value::Outcome),
                    _ => None,
                };
            }
            Place::Params => {
                seen.in_params = true;
                match key {
                    b"_meta" if first(&mut seen.meta) => return Some(Value::Meta),
                    b"name" => Field::Name,
                    b"uri" => Field::Uri,
                    b"taskId" => Field::TaskId,
                    b"protocolVersion" => Field::OfferedVersion,
                    b"arguments" if self.arguments_limit > 0 && first(&mut seen.arguments) => {
                        return Some(Value::Arguments);
                    }
                    _ => return None,
                }
            }
            Place::Meta => {
                seen.in_meta = true;
                match key {
                    b"traceparent" => Field::Traceparent,
                    b"tracestate" => Field::Tracestate,
                    b"baggage" => Field::Baggage,
                    b"io.modelcontextprotocol/protocolVersion" => Field::Version,
                    _ => return None,
                }
            }
        };
        if self.message.has(field) {
            None
        } else {
            Some(Value::Kept(field))
        }
    }

    fn element(&mut self, _batch: Place) -> Option<Value> {
        let batch = self.more().batch.as_mut()?;
        if batch.members().len() < limits::BATCH_MEMBERS {
            return Some(Value::Element);
        }
        batch.count_member();
        None
    }

    #[inline(always)]
    fn text(&mut self, field: Value, text: Text<'_>) {
        match field {
            Value::JsonRpc => {
                self.seen.jsonrpc = true;
                self.seen.foreign |= !matches!(text, Text::Whole(b"2.0"));
                self.decide(false);
            }
            Value::Id => {
                self.message.set_id(Id::from_text(text));
                self.decide(false);
            }
            Value::Method => {
                self.wanted = if let Text::Whole(method) = text {
                    Message::target(method)
                } else {
                    None
                };
                self.set_text(Field::Method, text);
                self.decide(false);
            }
            Value::Kept(field) => self.set_text(field, text),
            other => self.misfit(other),
        }
    }

    fn scalar(&mut self, field: Value, scalar: Scalar<'_>) {
        match field {
            Value::Id => {
                self.seen.foreign |= matches!(scalar, Scalar::Bool(_));
                self.message.set_id(Id::from_scalar(scalar));
                self.decide(false);
            }
            other => self.misfit(other),
        }
    }

    fn open(&mut self, field: Value, bracket: Bracket, at: usize) -> Option<Place> {
        let object = Slot::Object {
            inside: at,
            empty: true,
        };
        match (field, bracket) {
            (Value::Root, Bracket::Array) => {
                self.in_batch = true;
                self.more().batch = Some(Message::batch());
                Some(Place::Batch)
            }
            (Value::Root | Value::Element, Bracket::Object) => Some(Place::Message),
            (Value::Params, Bracket::Object) => {
                self.more().layout.params = object;
                Some(Place::Params)
            }
            (Value::Meta, Bracket::Object) => {
                self.more().layout.meta = object;
                Some(Place::Meta)
            }
            (field, _) => {
                self.misfit(field);
                None
            }
        }
    }

    fn close(&mut self, place: Place, at: usize) -> Option<Place> {
        match place {
            Place::Batch => None,
            Place::Message => {
                self.more().layout.end = at;
                self.end_message();
                self.in_batch.then_some(Place::Batch)
            }
            Place::Params => {
                self.pass_params();
                Some(Place::Message)
            }
            Place::Meta => {
                self.pass_meta();
                Some(Place::Params)
            }
        }
    }

    fn is_array(place: Place) -> bool {
        matches!(place, Place::Batch)
    }

    #[inline(always)]
    fn enough(&self) -> bool {
        match self.seen {
            _ if self.in_batch => false,
            Seen { foreign: true, .. } => true,
            Seen {
                jsonrpc: true,
                id: true,
                method: true,
                params_passed,
                meta_passed,
                arguments_passed,
                ..
            } => {
                params_passed
                    || meta_passed
                        && self.wanted.is_some_and(|wanted| self.message.has(wanted))
                        && (arguments_passed || self.arguments_limit == 0)
            }
            _ => false,
        }
    }

    #[inline(always)]
    fn records(&mut self, field: Value, _byte: u8) -> bool {
        matches!(field, Value::Arguments)
    }

    fn record(&mut self, bytes: &[u8], ended: bool) {
        let arguments = self.message.arguments.get_or_insert_default();
        arguments.push(bytes, self.arguments_limit as usize);
        if ended {
            arguments.end();
            self.seen.arguments_passed = true;
        }
    }
}
