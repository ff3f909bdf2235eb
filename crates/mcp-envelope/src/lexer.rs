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
pub(crate) fn string_run(input: &[u8]) -> usize {
    memchr::memchr2(b'"', b'\\', input).unwrap_or(input.len())
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
        self.marks = View::new(self.input, at, &mut [0; BLOCK])
            .marks(|byte| (byte == b'"') | (byte == b'\\'));
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

    /// Goes on at offset `at` of the input.
    pub(crate) fn push(&mut self, input: &[u8], mut at: usize, max_depth: u8) -> Skipped {
        // All ones between quotes.
        let mut inside = if self.in_string { !0 } else { 0 };
        let mut escape = u64::from(self.escape);
        let mut padded = [0; BLOCK];
        while at < input.len() {
            let view = View::new(input, at, &mut padded);
            if inside != 0 && !view.may_contain(|byte| (byte == b'"') | (byte == b'\\')) {
                escape = 0;
                at += BLOCK;
                at += string_run(input.get(at..).unwrap_or_default());
                continue;
            }
            let len = BLOCK.min(input.len() - at);
            if inside != 0 && !view.may_contain(|byte| byte == b'"') {
                escape = escapes_next(input.get(at..at + len).unwrap_or_default(), escape);
                at += len;
                continue;
            }

            let mut quotes = view.marks(|byte| byte == b'"');
            let mut slashes = 0;
            if escape != 0 || view.may_contain(|byte| byte == b'\\') {
                slashes = view.marks(|byte| byte == b'\\');
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
                let opening = view.marks(|byte| byte | 0x20 == b'{') & !strings & before_stray;
                let closing = view.marks(|byte| byte | 0x20 == b'}') & !strings & before_stray;
                match self.brackets(opening, closing, max_depth) {
                    Skipped::More if stray == 0 => {}
                    Skipped::End(used) => return Skipped::End(at + used),
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

    /// Goes along the brackets of a block that are not in strings.
    #[inline(always)]
    fn brackets(&mut self, opening: u64, closing: u64, max_depth: u8) -> Skipped {
        let mut brackets = opening | closing;
        while brackets != 0 {
            let bit = brackets.trailing_zeros();
            brackets &= brackets - 1;
            // One up for an opening bracket, one down for a closing one.
            let up = (opening >> bit & 1) as u8 * 2;
            self.depth = self.depth.wrapping_add(up).wrapping_sub(1);
            if self.depth == 0 {
                return Skipped::End(bit as usize + 1);
            }
            if self.depth > max_depth {
                return Skipped::Broken;
            }
        }
        Skipped::More
    }
}

const BLOCK: usize = 64;

/// Bytes that are looked at together.
type Block = [u8; BLOCK];

/// The bytes of an input from some offset on, up to 64 of them.
#[derive(Clone, Copy)]
struct View<'i> {
    block: &'i Block,
    /// Bytes of the block that are before the offset.
    before: usize,
}

impl<'i> View<'i> {
    #[inline(always)]
    fn new(input: &'i [u8], at: usize, padded: &'i mut Block) -> View<'i> {
        let rest = input.get(at..).unwrap_or_default();
        if let Some(block) = rest.first_chunk() {
            return View { block, before: 0 };
        }
        // To read what is before it, too, is faster than to copy it.
        if let Some(block) = input.last_chunk() {
            return View {
                block,
                before: BLOCK - rest.len(),
            };
        }
        *padded = [b' '; BLOCK];
        if let Some(start) = padded.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        View {
            block: padded,
            before: 0,
        }
    }

    /// One bit for each byte, the first one lowest, and zeros behind the end of the input.
    #[inline(always)]
    fn marks(self, is_marked: impl Fn(u8) -> bool) -> u64 {
        // Multiplying moves bit 0 of each byte into one of the highest eight.
        let gather = |eight: u64| eight.wrapping_mul(0x0102_0408_1020_4080) >> 56;
        let ones = ones(self.block, is_marked);
        let eights = words(&ones).enumerate();
        let marks = eights.fold(0, |marks, (index, eight)| {
            marks | gather(eight) << (8 * index)
        });
        marks.checked_shr(self.before as u32).unwrap_or(0)
    }

    /// Whether one of these bytes may be wanted. Cheaper than [`marks`](View::marks).
    #[inline(always)]
    fn may_contain(self, is_wanted: impl Fn(u8) -> bool) -> bool {
        words(&ones(self.block, is_wanted)).fold(0, |found, eight| found | eight) != 0
    }
}

/// Written so that the compiler makes vector instructions of it.
#[inline(always)]
fn ones(block: &Block, is_marked: impl Fn(u8) -> bool) -> Block {
    block.map(|byte| u8::from(is_marked(byte)))
}

#[inline(always)]
fn words(block: &Block) -> impl Iterator<Item = u64> {
    let eights = block
        .chunks_exact(8)
        .filter_map(|eight| eight.first_chunk());
    eights.map(|eight| u64::from_le_bytes(*eight))
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
