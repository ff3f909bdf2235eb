//! What of a message is looked at.

use alloc::boxed::Box;

use super::{Batch, Draft, Seen};
use crate::{
    capture::{Limit, Text},
    id::Id,
    layout::Slot,
    limits,
    message::{Field, Message},
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
            Value::Id => Limit::ID,
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
        let batch = &mut self.batch.as_mut()?.message;
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
                self.batch = Some(Box::new(Batch {
                    message: Message::batch(),
                    kept: 0,
                }));
                Some(Place::Batch)
            }
            (Value::Root | Value::Element, Bracket::Object) => Some(Place::Message),
            (Value::Params, Bracket::Object) => {
                self.layout.params = object;
                Some(Place::Params)
            }
            (Value::Meta, Bracket::Object) => {
                self.layout.meta = object;
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
                self.layout.end = at;
                self.end_message();
                self.batch.is_some().then_some(Place::Batch)
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
            _ if self.batch.is_some() => false,
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
