use crate::message::{Field, Message};

/// The trace context that a message carries in `params._meta` (MCP 2026-07-28, "Base protocol",
/// `_meta`).
///
/// Values are as they were sent: not checked against W3C Trace Context or Baggage.
#[derive(Clone, Copy, Debug)]
pub struct TraceMeta<'a> {
    pub(crate) message: &'a Message,
}

impl<'a> TraceMeta<'a> {
    /// `_meta.traceparent`, at most 512 bytes.
    #[must_use]
    pub fn traceparent(&self) -> MetaValue<'a> {
        self.message.value(Field::Traceparent)
    }

    /// `_meta.tracestate`, at most 8 KiB.
    #[must_use]
    pub fn tracestate(&self) -> MetaValue<'a> {
        self.message.value(Field::Tracestate)
    }

    /// `_meta.baggage`, at most 8 KiB.
    #[must_use]
    pub fn baggage(&self) -> MetaValue<'a> {
        self.message.value(Field::Baggage)
    }
}

/// A member of `_meta` that should be a string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetaValue<'a> {
    /// There is no such member (yet).
    Absent,
    /// A string.
    Text(&'a str),
    /// Something that is not a string, or one that is too long or not UTF-8.
    Invalid,
}

impl<'a> MetaValue<'a> {
    /// The string, if it is one.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        match self {
            MetaValue::Text(text) => Some(text),
            _ => None,
        }
    }
}
