use memchr::memchr2;

use crate::{
    lexer::{Skip, Skipped},
    limits, scalar,
};

/// The rest of a message. What is not as expected is `None`, and then the cursor is of no more use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'b> {
    message: &'b [u8],
    rest: &'b [u8],
}

/// Bytes of strings that are looked at together.
const WORD: usize = 16;

/// Strings are looked through by hand up to this length, which most do not have.
const SHORT: usize = 4 * WORD;

/// The length of a `traceparent`: there is one version.
const TRACEPARENT: usize = 55;

/// A number of so many digits fits into an `i64`, and so does one with another digit.
const SAFE_DIGITS: usize = 17;

impl<'b> Cursor<'b> {
    pub(super) fn new(message: &'b [u8]) -> Cursor<'b> {
        Cursor {
            message,
            rest: message,
        }
    }

    /// Whether this comes next. If so, it is passed.
    #[inline(always)]
    pub(super) fn take(&mut self, expected: &[u8]) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The same in two steps, for what is too long to be compared without a call.
    #[inline(always)]
    pub(super) fn take_both(&mut self, expected: &[u8], and: &[u8]) -> bool {
        let mut ahead = *self;
        let found = ahead.take(expected) && ahead.take(and);
        if found {
            *self = ahead;
        }
        found
    }

    #[inline(always)]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Behind the next byte, which is the quote of a key: what that begins with.
    #[inline(always)]
    pub(super) fn peek_in_key(&self) -> Option<u8> {
        self.rest.get(1).copied()
    }

    /// The bytes that have been passed.
    pub(super) fn offset(&self) -> usize {
        self.message.len() - self.rest.len()
    }

    /// A key with its quotes and colon.
    #[inline(always)]
    pub(super) fn key(&mut self) -> Option<&'b [u8]> {
        self.rest = self.rest.strip_prefix(b"\"")?;
        let key = self.string()?;
        self.rest = self.rest.strip_prefix(b":")?;
        Some(key)
    }

    /// Behind a member: whether there is a closing brace, or else a comma.
    #[inline(always)]
    pub(super) fn ends_object(&mut self) -> Option<bool> {
        if self.take(b",") {
            return Some(false);
        }
        self.take(b"}").then_some(true)
    }

    #[inline(always)]
    pub(super) fn boolean(&mut self) -> Option<bool> {
        // Most are false.
        let value = !self.take(b"false");
        (!value || self.take(b"true")).then_some(value)
    }

    /// What is inside of a string behind its opening quote. It has no escapes.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<&'b [u8]> {
        let end = self.quote_or_backslash()?;
        self.up_to_quote(end)
    }

    /// The same, for a `traceparent` of usual length. What is none is not passed.
    #[inline(always)]
    pub(super) fn traceparent(&mut self) -> Option<&'b [u8; TRACEPARENT]> {
        let (string, behind) = self.rest.split_first_chunk()?;
        if !is_plain(string) {
            return None;
        }
        self.rest = behind.strip_prefix(b"\"")?;
        Some(string)
    }

    #[inline(always)]
    fn up_to_quote(&mut self, end: usize) -> Option<&'b [u8]> {
        let (string, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix(b"\"")?;
        Some(string)
    }

    /// A number without fraction and exponent, up to the comma or closing brace behind it.
    #[inline(always)]
    pub(super) fn integer(&mut self) -> Option<i64> {
        let (digits, sign) = match self.rest {
            [b'-', digits @ ..] => (digits, -1),
            digits => (digits, 1),
        };
        let mut value = 0;
        // Too few to overflow.
        for (count, byte) in digits.iter().enumerate().take(SAFE_DIGITS + 1) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                let is_plain = count == 1 || count > 1 && !digits.starts_with(b"0");
                if !is_plain || !matches!(byte, b',' | b'}') {
                    return None;
                }
                self.rest = digits.get(count..)?;
                return Some(value * sign);
            }
            value = value * 10 + i64::from(digit);
        }
        None
    }

    /// The text of a value that stands inside of `depth` containers.
    #[inline(always)]
    pub(super) fn value(&mut self, depth: u8) -> Option<&'b [u8]> {
        let start = self.offset();
        self.skip(depth)?;
        self.message.get(start..self.offset())
    }

    /// Passes a value that nobody wants, and that stands inside of `depth` containers.
    #[inline(always)]
    pub(super) fn skip(&mut self, depth: u8) -> Option<()> {
        match self.byte()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_container(depth),
            byte if scalar::starts(byte) => {
                let run = scalar::run(self.rest);
                self.rest = self.rest.get(run..).filter(|rest| !rest.is_empty())?;
                Some(())
            }
            _ => None,
        }
    }

    /// Behind an opening quote.
    #[inline(always)]
    fn skip_string(&mut self) -> Option<()> {
        loop {
            let end = self.quote_or_backslash()?;
            match self.rest.get(end..)? {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Some(());
                }
                // What is escaped is of no interest.
                [_, _, rest @ ..] => self.rest = rest,
                _ => return None,
            }
        }
    }

    /// The offset of the first one in the rest.
    #[inline(always)]
    fn quote_or_backslash(&self) -> Option<usize> {
        let mut rest = self.rest;
        let mut at = 0;
        while let Some((word, behind)) = rest.split_first_chunk() {
            if let Some(found) = first_mark(u128::from_le_bytes(*word)) {
                return Some(at + found);
            }
            rest = behind;
            at += WORD;
            if at == SHORT {
                return Some(at + memchr2(b'"', b'\\', rest)?);
            }
        }
        // To read what is before it, too, is faster than to go along it.
        let word = u128::from_le_bytes(*self.message.last_chunk()?);
        let before = WORD - rest.len();
        Some(at + first_mark(word.checked_shr(8 * before as u32)?)?)
    }

    /// Behind an opening bracket.
    #[inline(always)]
    fn skip_container(&mut self, depth: u8) -> Option<()> {
        if let [b'}' | b']', rest @ ..] = self.rest {
            self.rest = rest;
            return Some(());
        }
        self.skip_blocks(Skip::CONTAINER, self.offset(), depth)
    }

    /// Passes a value as [`skip`](Cursor::skip) does, which usually is one block of text.
    #[inline(always)]
    pub(super) fn skip_content(&mut self, depth: u8) -> Option<()> {
        if !self.take(b"[{\"type\":\"text\",\"text\":\"") {
            return self.skip(depth);
        }
        let end = self.quote_or_backslash()?;
        if let [b'"', b'}', b']', rest @ ..] = self.rest.get(end..)? {
            self.rest = rest;
            return Some(());
        }
        self.skip_blocks(Skip::STRING_OF_BLOCK, self.offset() + end, depth)
    }

    fn skip_blocks(&mut self, mut skip: Skip, at: usize, depth: u8) -> Option<()> {
        match skip.push(self.message, at, limits::DEPTH - depth) {
            Skipped::End(end) => {
                self.rest = self.message.get(end..)?;
                Some(())
            }
            Skipped::More | Skipped::Broken => None,
        }
    }
}

/// Whether neither is in it.
#[inline(always)]
fn is_plain(string: &[u8; TRACEPARENT]) -> bool {
    let halves = string.first_chunk().zip(string.last_chunk());
    halves.is_some_and(|(first, last): (&[u8; 32], &[u8; 32])| {
        let is_mark = |byte: u8| (byte == b'"') | (byte == b'\\');
        let pairs = first.iter().zip(last);
        // Not `any`, which ends early: without that it takes a few vector instructions.
        !pairs.fold(false, |found, (one, other)| {
            found | is_mark(*one) | is_mark(*other)
        })
    })
}

/// The offset of the first one in so many bytes.
#[inline(always)]
fn first_mark(word: u128) -> Option<usize> {
    // Bytes that become zero borrow their high bit. Above the lowest one there may be false marks.
    let borrows = |zeros: u128| zeros.wrapping_sub(LOW_BITS);
    let marks = (borrows(word ^ QUOTES) | borrows(word ^ BACKSLASHES)) & !word & HIGH_BITS;
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

const LOW_BITS: u128 = u128::MAX / 0xFF;
const HIGH_BITS: u128 = LOW_BITS << 7;
const QUOTES: u128 = LOW_BITS * b'"' as u128;
const BACKSLASHES: u128 = LOW_BITS * b'\\' as u128;
