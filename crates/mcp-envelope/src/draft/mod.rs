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
    /// The strings of the message that have not been checked.
    raw: Vec<u8>,
    layout: Layout,
    /// The batch that it is in.
    batch: Option<Box<Batch>>,
}

#[derive(Debug)]
struct Batch {
    message: Message,
    /// Bytes kept of earlier members.
    kept: usize,
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
        self.batch
            .as_ref()
            .map_or(&self.message, |batch| &batch.message)
    }

    pub(crate) fn into_parts(mut self) -> (Message, Layout) {
        self.layout.params.set_empty(!self.seen.in_params);
        self.layout.meta.set_empty(!self.seen.in_meta);
        let message = self.batch.map_or(self.message, |batch| batch.message);
        (message, self.layout)
    }

    /// The end of a chunk.
    pub(crate) fn settle(&mut self) {
        self.message.settle(&mut self.raw);
    }

    fn set_text(&mut self, field: Field, text: Text<'_>) {
        let kept = self.batch.as_ref().map_or(0, |batch| batch.kept);
        let room = limits::TOTAL.saturating_sub(kept);
        match text {
            Text::Whole(bytes) if bytes.len() <= room => {
                self.message.set_text(field, bytes, &mut self.raw);
            }
            _ => self.message.set_invalid(field),
        }
    }

    pub(crate) fn end(&mut self, broken: bool) {
        let message = match &mut self.batch {
            Some(batch) => &mut batch.message,
            None => &mut self.message,
        };
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
                self.layout.params = Slot::Other;
                self.pass_params();
            }
            Value::Meta => {
                self.layout.meta = Slot::Other;
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
        let Some(batch) = &mut self.batch else { return };
        let mut message = core::mem::take(&mut self.message);
        message.settle(&mut self.raw);
        batch.kept = batch.kept.saturating_add(message.kept_bytes());
        batch.message.add_member(message);
        self.seen = Seen::default();
    }
}
