//! The strings of a message, end to end in one piece of memory.

use alloc::vec::Vec;
use core::ops::Range;

use crate::{limits, message::Field};

/// The strings of a message, before it is known whether they are UTF-8.
pub(crate) struct Strings {
    /// All of them, end to end.
    pub(crate) text: Vec<u8>,
    pub(crate) spans: [Span; Field::COUNT],
}

impl Strings {
    #[inline(always)]
    pub(crate) fn new() -> Strings {
        Strings {
            text: Vec::with_capacity(limits::USUAL_TEXT),
            spans: [Span::ABSENT; Field::COUNT],
        }
    }

    #[inline(always)]
    pub(crate) fn has(&self, field: Field) -> bool {
        self.spans[field as usize].is_there()
    }

    /// Adds one. Returns nothing if there is one already, or if it is too long.
    #[inline(always)]
    pub(crate) fn add(&mut self, field: Field, bytes: &[u8]) -> Option<()> {
        if self.has(field) || bytes.len() > field.limit() {
            return None;
        }
        self.spans[field as usize] = Span::add(&mut self.text, bytes);
        Some(())
    }
}

/// Where a string is, if it is there. Every limit is less than what stands for something else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    start: u16,
    len: u16,
}

impl Span {
    pub(crate) const ABSENT: Span = Span {
        start: 0,
        len: u16::MAX,
    };
    pub(crate) const INVALID: Span = Span {
        start: 0,
        len: u16::MAX - 1,
    };

    /// Adds a string to `text`. The limits of all strings together fit into a span.
    #[inline(always)]
    pub(crate) fn add(text: &mut Vec<u8>, bytes: &[u8]) -> Span {
        let span = Span {
            start: text.len() as u16,
            len: bytes.len() as u16,
        };
        text.extend_from_slice(bytes);
        span
    }

    #[inline(always)]
    pub(crate) const fn is_there(self) -> bool {
        self.len != Span::ABSENT.len
    }

    pub(crate) fn range(self) -> Option<Range<usize>> {
        let start = usize::from(self.start);
        (self.len < Span::INVALID.len).then(|| start..start + usize::from(self.len))
    }
}

impl Default for Span {
    fn default() -> Span {
        Span::ABSENT
    }
}
