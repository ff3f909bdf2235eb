//! What a request scanner has seen so far, and what it still wants.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    capture::Text,
    compact,
    layout::{Layout, Slot},
    limits,
    message::{Field, Kind, Message},
};

use self::sink::Value;

mod sink;

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
            message.arguments = None;
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
