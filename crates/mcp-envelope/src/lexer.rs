//! Finding the end of what nobody wants to see.
//!
//! Long strings are looked through by `memchr`, everything else by blocks of 64 bytes, each of
//! which is turned into one bit per byte for every character that matters.

use crate::block::{BLOCK, View, escaped, prefix_xor};

/// The bytes of `input` before the first quote or backslash, or all of it.
pub(crate) fn string_run(input: &[u8]) -> usize {
    memchr::memchr2(b'"', b'\\', input).unwrap_or(input.len())
}

/// Finds the strings of an input, of which each is asked for behind the last.
#[derive(Debug)]
pub(crate) struct Specials<'i> {
    input: &'i [u8],
    /// The quotes and backslashes of the block that begins here.
    block: usize,
    marks: u64,
}

impl<'i> Specials<'i> {
    pub(crate) const fn new(input: &'i [u8]) -> Specials<'i> {
        Specials {
            input,
            block: 0,
            marks: 0,
        }
    }

    pub(crate) const fn input(&self) -> &'i [u8] {
        self.input
    }

    /// The string that begins at `at`, if it ends in the input and has no escapes.
    #[inline(always)]
    pub(crate) fn string(&mut self, at: usize) -> Option<&'i [u8]> {
        let end = self.next(at);
        if self.input.get(end) == Some(&b'"') {
            self.input.get(at..end)
        } else {
            None
        }
    }

    /// The first quote or backslash from `at` on, or the end of the input.
    #[inline(always)]
    fn next(&mut self, at: usize) -> usize {
        let offset = at.wrapping_sub(self.block);
        let marks = if offset < BLOCK {
            self.marks >> offset
        } else {
            0
        };
        if marks != 0 {
            at + marks.trailing_zeros() as usize
        } else {
            self.next_block(at)
        }
    }

    fn next_block(&mut self, at: usize) -> usize {
        let rest = self.input.get(at..).unwrap_or_default();
        self.block = at;
        self.marks = View::new(self.input, at, &mut None)
            .marks(|byte| (byte == b'"') | (byte == b'\\'))
            .bits();
        match (self.marks, rest.get(BLOCK..)) {
            (0, None) => self.input.len(),
            (0, Some(behind)) => at + BLOCK + string_run(behind),
            (marks, _) => at + marks.trailing_zeros() as usize,
        }
    }
}

/// A value that is being skipped. What is in it is not validated, except that its containers are
/// nested at most so deep, and that backslashes are in strings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Skip {
    /// Open containers.
    depth: u8,
    in_string: bool,
    /// The next byte is behind a backslash in a string.
    escape: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Skipped {
    /// The value goes on behind the input.
    More,
    /// It ends before this offset of the input.
    End(usize),
    /// Nested too deep, or not JSON.
    Broken,
}

impl Skip {
    /// Behind the opening quote of a string.
    pub(crate) const STRING: Skip = Skip {
        depth: 0,
        in_string: true,
        escape: false,
    };
    /// Behind the opening bracket of an object or array.
    pub(crate) const CONTAINER: Skip = Skip {
        depth: 1,
        in_string: false,
        escape: false,
    };

    /// Inside of a string in an object in an array.
    pub(crate) const STRING_OF_BLOCK: Skip = Skip {
        depth: 2,
        ..Skip::STRING
    };

    /// Goes on at offset `at` of the input.
    pub(crate) fn push(&mut self, input: &[u8], mut at: usize, max_depth: u8) -> Skipped {
        // All ones between quotes.
        let mut inside = if self.in_string { !0 } else { 0 };
        let mut escape = u64::from(self.escape);
        let mut padded = None;
        while at < input.len() {
            let view = View::new(input, at, &mut padded);
            let len = BLOCK.min(input.len() - at);
            let quotes = view.marks(|byte| byte == b'"');
            let slashes = view.marks(|byte| byte == b'\\');
            if inside != 0 && quotes.are_none() {
                if !slashes.are_none() {
                    escape = escapes_next(input.get(at..at + len).unwrap_or_default(), escape);
                    at += len;
                } else {
                    escape = 0;
                    at += BLOCK;
                    at += string_run(input.get(at..).unwrap_or_default());
                }
                continue;
            }

            let mut quotes = quotes.bits();
            let slashes = if slashes.are_none() {
                0
            } else {
                slashes.bits()
            };
            if escape | slashes != 0 {
                let mut carry = escape;
                let escaped = escaped(slashes, &mut carry);
                quotes &= !escaped;
                escape = if len == BLOCK {
                    carry
                } else {
                    escaped >> len & 1
                };
            }
            if self.depth == 0 && quotes != 0 {
                return Skipped::End(at + quotes.trailing_zeros() as usize + 1);
            }
            // Ones from each opening quote up to its closing one.
            let strings = prefix_xor(quotes) ^ inside;
            if strings != !0 {
                let stray = slashes & !strings;
                // What is behind a stray backslash may have been misread.
                let before_stray = (stray & stray.wrapping_neg()).wrapping_sub(1);
                // The four differ from the first one in these bits only, and no other byte does.
                let is_bracket = |byte: u8| byte.wrapping_sub(b'[') & !0x22 == 0;
                let brackets = view.marks(is_bracket).bits() & !strings & before_stray;
                match self.brackets(view, at, brackets, max_depth) {
                    Skipped::More if stray == 0 => {}
                    Skipped::End(end) => return Skipped::End(end),
                    _ => return Skipped::Broken,
                }
            }
            inside = if strings >> (BLOCK - 1) == 1 { !0 } else { 0 };
            at += len;
        }
        self.in_string = inside != 0;
        self.escape = escape != 0;
        Skipped::More
    }

    /// Goes along the brackets of the block at `at` that are not in strings.
    #[inline(always)]
    fn brackets(&mut self, view: View<'_>, at: usize, mut brackets: u64, max_depth: u8) -> Skipped {
        // What tells an opening bracket of either sort from a closing one.
        const OPENING: u8 = b'{' & !b'}';
        let mut depth = self.depth;
        while brackets != 0 {
            let bracket = brackets.trailing_zeros() as usize;
            brackets &= brackets - 1;
            // Two up and one down, or only that.
            depth = depth
                .wrapping_add(view.byte(bracket) & OPENING)
                .wrapping_sub(1);
            if depth == 0 {
                return Skipped::End(at + bracket + 1);
            }
            if depth > max_depth {
                return Skipped::Broken;
            }
        }
        self.depth = depth;
        Skipped::More
    }
}

/// Of bytes in a string: whether they end with an odd number of backslashes, of which the first may
/// be escaped itself.
fn escapes_next(bytes: &[u8], escape: u64) -> u64 {
    let run = bytes
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    let escaped = if run == bytes.len() { escape } else { 0 };
    (run as u64 - escaped) & 1
}
