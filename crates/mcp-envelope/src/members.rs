//! The members of one object, where all of it is there.

use alloc::vec::Vec;
use core::ops::Range;

use crate::{
    capture::{Capture, Limit, Text},
    lexer::{Skip, Skipped},
    limits, scalar,
};

/// Goes along the members of an object. Ends with it, or where it is no JSON.
pub(crate) struct Members<'j> {
    json: &'j [u8],
    at: usize,
}

pub(crate) struct Member {
    /// Without escapes.
    pub(crate) key: Vec<u8>,
    /// From the quote of the key to the end of the value.
    pub(crate) range: Range<usize>,
}

impl<'j> Members<'j> {
    /// `inside` is behind the opening brace.
    pub(crate) fn new(json: &'j [u8], inside: usize) -> Members<'j> {
        Members { json, at: inside }
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        let rest = self.json.get(self.at..)?;
        let spaces = rest.len() - rest.trim_ascii_start().len();
        let found = rest.get(spaces) == Some(&expected);
        self.at += if found { spaces + 1 } else { 0 };
        found.then_some(())
    }

    /// The value that begins here is passed.
    fn skip(&mut self) -> Option<()> {
        let rest = self.json.get(self.at..)?;
        self.at += rest.len() - rest.trim_ascii_start().len();
        let first = *self.json.get(self.at)?;
        let mut skip = match first {
            b'"' => Skip::STRING,
            b'{' | b'[' => Skip::CONTAINER,
            byte if scalar::starts(byte) => {
                self.at += scalar::run(self.json.get(self.at..)?);
                return Some(());
            }
            _ => return None,
        };
        match skip.push(self.json, self.at + 1, limits::DEPTH) {
            Skipped::End(end) => self.at = end,
            Skipped::More | Skipped::Broken => return None,
        }
        Some(())
    }
}

impl Iterator for Members<'_> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        // Behind all but the first there is a comma.
        let _ = self.take(b',');
        self.take(b'"')?;
        let start = self.at - 1;
        let rest = self.json.get(self.at..)?;
        let mut capture = Capture::default();
        let (used, true) = capture.string(rest, Limit::bytes(rest.len()))? else {
            return None;
        };
        self.at += used;
        self.take(b':')?;
        self.skip()?;
        let (Text::Whole(key) | Text::Long { start: key, .. }) = capture.text();
        Some(Member {
            key: key.to_vec(),
            range: start..self.at,
        })
    }
}
