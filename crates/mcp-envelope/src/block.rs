//! Looking at 64 bytes at once, in safe Rust that the compiler turns into vector instructions.

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;

/// Bytes that are looked at together.
pub(crate) type Block = [u8; BLOCK];

/// The bytes of an input from some offset on, up to 64 of them.
#[derive(Clone, Copy)]
pub(crate) struct View<'i> {
    block: &'i Block,
    /// Bytes of the block that are before the offset.
    before: usize,
}

impl<'i> View<'i> {
    #[inline(always)]
    pub(crate) fn new(input: &'i [u8], at: usize, padded: &'i mut Block) -> View<'i> {
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
    pub(crate) fn marks(self, is_marked: impl Fn(u8) -> bool) -> u64 {
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
    pub(crate) fn may_contain(self, is_wanted: impl Fn(u8) -> bool) -> bool {
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

/// Each bit is the parity of itself and all lower ones.
#[inline(always)]
pub(crate) const fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// The bytes behind an odd number of backslashes. `carry` is 1 if the first byte of this block is
/// one, and then of the next.
#[inline(always)]
pub(crate) fn escaped(slashes: u64, carry: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let slashes = slashes & !*carry;
    let behind = slashes << 1 | *carry;
    // Adding carries through a run of backslashes, and so ends on an even or odd bit depending on
    // where the run starts.
    let odd_starts = slashes & !EVEN & !behind;
    let (runs, overflow) = odd_starts.overflowing_add(slashes);
    *carry = u64::from(overflow);
    (EVEN ^ runs << 1) & behind
}
