//! Finding the end of what nobody wants to see.
//!
//! Short strings are looked through by words of eight bytes, long ones by `memchr`, and containers by blocks of 64 bytes, each
//! of which is turned into one bit per byte for every character that matters. All of it is safe Rust that the compiler
//! turns into vector instructions.

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = LOW_BITS * b'"' as u64;
const BACKSLASHES: u64 = LOW_BITS * b'\\' as u64;

/// The bytes of `input` before the first quote or backslash, or all of it.
#[inline(always)]
pub(crate) fn string_run(input: &[u8]) -> usize {
    let mut at = 0;
    // Most strings of a message are shorter than what a call of `memchr` costs.
    while at < 32 {
        let Some(word) = input.get(at..).and_then(|rest| rest.first_chunk()) else {
            return at
                + input
                    .iter()
                    .skip(at)
                    .take_while(|byte| !matches!(byte, b'"' | b'\\'))
                    .count();
        };
        let word = u64::from_le_bytes(*word);
        let special = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + long_string_run(input.get(at..).unwrap_or_default())
}

/// Whether these bytes stand for themselves in a JSON string.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    let special = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(LOW_BITS * 0x20) & !word & HIGH_BITS;
        control | zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES)
    };
    match bytes.last_chunk() {
        None => bytes
            .iter()
            .all(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1F)),
        Some(last) => {
            let words = bytes.chunks_exact(8).filter_map(|word| word.first_chunk());
            words.fold(special(last), |found, word| found | special(word)) == 0
        }
    }
}

/// Marks the zero bytes. Above the lowest one there may be false marks.
#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

fn long_string_run(input: &[u8]) -> usize {
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
        let marks = self
            .marks
            .checked_shr(at.wrapping_sub(self.block) as u32)
            .unwrap_or(0);
        if marks != 0 {
            at + marks.trailing_zeros() as usize
        } else {
            self.next_block(at)
        }
    }

    fn next_block(&mut self, at: usize) -> usize {
        let rest = self.input.get(at..).unwrap_or_default();
        let Some(block) = rest.first_chunk() else {
            return at + string_run(rest);
        };
        self.block = at;
        self.marks = marks(block, |byte| byte == b'"' || byte == b'\\');
        if self.marks != 0 {
            return at + self.marks.trailing_zeros() as usize;
        }
        at + BLOCK + long_string_run(rest.get(BLOCK..).unwrap_or_default())
    }
}

/// A value that is being skipped. What is in it is not validated, except that its containers are nested at most so deep, and
/// that backslashes are in strings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Skip {
    /// Open containers.
    depth: u8,
    within: Within,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Within {
    Container,
    String,
    /// Behind a backslash in a string.
    Escape,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Skipped {
    /// The value goes on behind the input.
    More,
    /// So many bytes of the input belong to the value.
    End(usize),
    /// Nested too deep, or not JSON.
    Broken,
}

impl Skip {
    /// Behind the opening quote of a string.
    pub(crate) const STRING: Skip = Skip {
        depth: 0,
        within: Within::String,
    };
    /// Behind the opening bracket of an object or array.
    pub(crate) const CONTAINER: Skip = Skip {
        depth: 1,
        within: Within::Container,
    };

    pub(crate) fn push(&mut self, input: &[u8], max_depth: u8) -> Skipped {
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            let (used, end) = match self.within {
                _ if rest.is_empty() => return Skipped::More,
                // Most strings are short and have no escapes.
                Within::String if self.depth == 0 => self.string(rest, string_run(rest)),
                _ if rest.len() >= BLOCK => self.blocks(rest, max_depth),
                Within::Escape => {
                    self.within = Within::String;
                    (1, None)
                }
                Within::String => self.string(rest, string_run(rest)),
                Within::Container => self.bytes(rest, max_depth),
            };
            at += used;
            match end {
                None => {}
                Some(End::Whole) => return Skipped::End(at),
                Some(End::Broken) => return Skipped::Broken,
            }
        }
    }

    /// Goes on behind the quote or backslash that follows after `run` bytes.
    #[inline]
    fn string(&mut self, input: &[u8], run: usize) -> (usize, Option<End>) {
        match input.get(run) {
            None => (run, None),
            Some(b'"') => {
                self.within = Within::Container;
                (run + 1, (self.depth == 0).then_some(End::Whole))
            }
            Some(_) => {
                self.within = Within::Escape;
                (run + 1, None)
            }
        }
    }

    /// Goes on up to the next string.
    fn bytes(&mut self, input: &[u8], max_depth: u8) -> (usize, Option<End>) {
        for (at, byte) in input.iter().enumerate() {
            match byte {
                b'"' => {
                    self.within = Within::String;
                    return (at + 1, None);
                }
                b'{' | b'[' if self.depth >= max_depth => return (at, Some(End::Broken)),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, Some(End::Whole));
                    }
                }
                b'\\' => return (at, Some(End::Broken)),
                _ => {}
            }
        }
        (input.len(), None)
    }

    /// Goes on by whole blocks of the input.
    fn blocks(&mut self, input: &[u8], max_depth: u8) -> (usize, Option<End>) {
        let mut at = 0;
        // All ones between quotes.
        let mut inside = if self.within == Within::Container {
            0
        } else {
            !0
        };
        let mut escape = u64::from(self.within == Within::Escape);
        while let Some(block) = input.get(at..).and_then(|rest| rest.first_chunk()) {
            let marks_of = |wanted| {
                if contains(block, wanted) {
                    marks(block, |byte| byte == wanted)
                } else {
                    0
                }
            };
            let mut quotes = marks_of(b'"');
            let slashes = marks_of(b'\\');
            if quotes | slashes | escape == 0 && inside != 0 {
                at += BLOCK;
                at += long_string_run(input.get(at..).unwrap_or_default());
                continue;
            }
            if slashes | escape != 0 {
                quotes &= !escaped(slashes, &mut escape);
            }
            if self.depth == 0 && quotes != 0 {
                return (at + quotes.trailing_zeros() as usize + 1, Some(End::Whole));
            }
            // Ones from each opening quote up to its closing one.
            let strings = if quotes == 0 {
                inside
            } else {
                prefix_xor(quotes) ^ inside
            };
            if strings != !0 {
                let opening = marks(block, |byte| byte | 0x20 == b'{') & !strings;
                let closing = marks(block, |byte| byte | 0x20 == b'}') & !strings;
                let stray = slashes & !strings;
                // What is behind a stray backslash may have been misread.
                let before_stray = (stray & stray.wrapping_neg()).wrapping_sub(1);
                let mut brackets = (opening | closing) & before_stray;
                while brackets != 0 {
                    let bit = brackets.trailing_zeros();
                    brackets &= brackets - 1;
                    // One up for an opening bracket, one down for a closing one.
                    let depth: u8 = self
                        .depth
                        .wrapping_add((opening >> bit & 1) as u8 * 2)
                        .wrapping_sub(1);
                    if depth == 0 {
                        return (at + bit as usize + 1, Some(End::Whole));
                    }
                    if depth > max_depth {
                        return (at + bit as usize, Some(End::Broken));
                    }
                    self.depth = depth;
                }
                if stray != 0 {
                    return (at, Some(End::Broken));
                }
            }
            inside = if strings >> (BLOCK - 1) == 1 { !0 } else { 0 };
            at += BLOCK;
        }
        self.within = match (inside, escape) {
            (0, _) => Within::Container,
            (_, 0) => Within::String,
            _ => Within::Escape,
        };
        (at.min(input.len()), None)
    }
}

const BLOCK: usize = 64;

/// How a skipped value ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Whole,
    Broken,
}

/// One bit for each byte of a block, the first one lowest.
#[inline(always)]
fn marks(block: &[u8; BLOCK], is_marked: impl Fn(u8) -> bool) -> u64 {
    let ones = block.map(|byte| u8::from(is_marked(byte)));
    let mut marks = 0;
    for (index, eight) in ones.chunks_exact(8).enumerate() {
        let eight = eight
            .first_chunk()
            .map_or(0, |eight| u64::from_le_bytes(*eight));
        // Multiplying moves bit 0 of each byte into one of the highest eight.
        marks |= (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
    }
    marks
}

#[inline(always)]
fn contains(block: &[u8; BLOCK], wanted: u8) -> bool {
    block
        .iter()
        .fold(false, |found, byte| found | (*byte == wanted))
}

/// Each bit is the parity of itself and all lower ones.
#[inline(always)]
const fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// The bytes behind an odd number of backslashes. `carry` is 1 if the first byte of this block is one, and then of the next.
#[inline(always)]
fn escaped(slashes: u64, carry: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let slashes = slashes & !*carry;
    let behind = slashes << 1 | *carry;
    // Adding carries through a run of backslashes, and so ends on an even or odd bit depending on where the run starts.
    let odd_starts = slashes & !EVEN & !behind;
    let (runs, overflow) = odd_starts.overflowing_add(slashes);
    *carry = u64::from(overflow);
    (EVEN ^ runs << 1) & behind
}
