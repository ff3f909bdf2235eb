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
    /// An input that is no block long is copied to `padded`.
    #[inline(always)]
    pub(crate) fn new(input: &'i [u8], at: usize, padded: &'i mut Option<Block>) -> View<'i> {
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
        let padded = padded.insert([b' '; BLOCK]);
        if let Some(start) = padded.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        View {
            block: padded,
            before: 0,
        }
    }

    /// One of the bytes.
    #[inline(always)]
    pub(crate) fn byte(self, offset: usize) -> u8 {
        // The remainder spares a check of the bounds.
        self.block[(self.before + offset) % BLOCK]
    }

    /// The bytes of which this is true.
    #[inline(always)]
    pub(crate) fn marks(self, is_marked: impl Fn(u8) -> bool) -> Marks {
        let mut own_bits = [0; BLOCK];
        for ((own, bits), byte) in own_bits.iter_mut().zip(QUARTER_BITS).zip(self.block) {
            *own = if is_marked(*byte) { bits } else { 0 };
        }
        let folded = quarters(&own_bits).fold(0, |folded, quarter| folded | quarter);
        let (low, high) = (folded as u64, (folded >> 64) as u64);
        Marks {
            folded: low | high << 1,
            before: self.before,
        }
    }
}

/// Some bytes of a block.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// A bit for each byte: the eights of the block laid over each other, with the first one in bit 0
    /// of every byte. This can be had from vectors with few instructions.
    folded: u64,
    before: usize,
}

impl Marks {
    /// Whether there is certainly none. This costs less than [`bits`](Marks::bits).
    #[inline(always)]
    pub(crate) fn are_none(self) -> bool {
        self.folded == 0
    }

    /// One bit for each byte, the first one lowest, and zeros behind the end of the input.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        transposed(self.folded)
            .checked_shr(self.before as u32)
            .unwrap_or(0)
    }
}

/// The bits of each byte's quarter.
const QUARTER_BITS: Block = {
    let mut bits = [1; BLOCK];
    let mut at = BLOCK / 4;
    while at < BLOCK {
        bits[at] = bits[at - BLOCK / 4] << 2;
        at += 1;
    }
    bits
};

#[inline(always)]
fn quarters(block: &Block) -> impl Iterator<Item = u128> {
    let quarters = block
        .chunks_exact(BLOCK / 4)
        .filter_map(|quarter| quarter.first_chunk());
    quarters.map(|quarter| u128::from_le_bytes(*quarter))
}

/// Swaps rows and columns of eight bytes of eight bits: first of neighbours, then of pairs, then of
/// fours.
#[inline(always)]
const fn transposed(mut bits: u64) -> u64 {
    let swapped = (bits ^ bits >> 7) & 0x00AA_00AA_00AA_00AA;
    bits ^= swapped ^ swapped << 7;
    let swapped = (bits ^ bits >> 14) & 0x0000_CCCC_0000_CCCC;
    bits ^= swapped ^ swapped << 14;
    let swapped = (bits ^ bits >> 28) & 0x0000_0000_F0F0_F0F0;
    bits ^ swapped ^ swapped << 28
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

#[cfg(test)]
mod tests {
    use super::{BLOCK, View};

    #[test]
    fn each_byte_has_its_bit() {
        for at in 0..BLOCK {
            let mut input = [b' '; BLOCK];
            input[at] = b'"';
            for from in 0..=BLOCK {
                let marks = View::new(&input, from, &mut None).marks(|byte| byte == b'"');
                let bit = at.checked_sub(from).map_or(0, |behind| 1 << behind);
                assert_eq!(marks.bits(), bit, "{at} from {from}");
            }
        }
    }
}
