//! The inside of a segment file.
//!
//! ```text
//! magic "MCPT" | version 1 | 3 zero bytes | length of preamble u32 | number of spans u32
//! length of each span u32 ... | preamble | spans | CRC-32 (IEEE) of all before, u32
//! ```
//! Numbers are little-endian. The checksum is at the end, so that a file that was cut is seen.

use std::sync::Arc;

use crate::batch::Batch;

const MAGIC: [u8; 8] = *b"MCPT\x01\0\0\0";

/// A file that is no whole segment of this version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Corrupt;

pub(super) fn write(batch: &Batch) -> Vec<u8> {
    let spans = batch.spans();
    let preamble = spans.preamble();
    let mut out =
        Vec::with_capacity(20 + 4 * spans.len() + preamble.len() + spans.as_bytes().len());
    out.extend_from_slice(&MAGIC);
    for len in [preamble.len(), spans.len()]
        .into_iter()
        .chain(spans.iter().map(<[u8]>::len))
    {
        // Batches are far below 4 GiB.
        out.extend_from_slice(&(len as u32).to_le_bytes());
    }
    out.extend_from_slice(preamble);
    out.extend_from_slice(spans.as_bytes());
    let checksum = crc32fast::hash(&out);
    out.extend_from_slice(&checksum.to_le_bytes());
    out
}

pub(super) fn read(file: &[u8]) -> Result<Batch, Corrupt> {
    parse(file).ok_or(Corrupt)
}

fn parse(file: &[u8]) -> Option<Batch> {
    let (content, checksum) = file.split_last_chunk()?;
    if crc32fast::hash(content) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let mut rest = content.strip_prefix(&MAGIC)?;
    let preamble_len = number(&mut rest)?;
    let count = number(&mut rest)?;
    // A count that the file is too short for must not reserve memory.
    let lengths = rest.get(..count.checked_mul(4)?)?;
    rest = rest.get(lengths.len()..)?;
    let (preamble, spans) = rest.split_at_checked(preamble_len)?;
    let mut end = 0_usize;
    let mut ends = Vec::with_capacity(count);
    for mut len in lengths.chunks_exact(4) {
        end = end.checked_add(number(&mut len)?)?;
        ends.push(end);
    }
    (end == spans.len() && count > 0)
        .then(|| Batch::restored(Arc::from(preamble), spans.to_vec(), ends))
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Corrupt, read, write};
    use crate::batch::Batch;

    fn batch() -> Batch {
        let mut batch = Batch::new(0, Arc::from(&b"preamble"[..]));
        for span in ["one", "", "three"] {
            batch.push(100, |out| out.extend_from_slice(span.as_bytes()));
        }
        batch
    }

    #[test]
    fn a_segment_round_trips() {
        let read = read(&write(&batch())).unwrap();
        assert_eq!(read.spans().preamble(), b"preamble");
        assert_eq!(
            read.spans().iter().collect::<Vec<_>>(),
            [&b"one"[..], b"", b"three"]
        );
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let whole = write(&batch());
        for len in 0..whole.len() {
            assert_eq!(read(&whole[..len]).unwrap_err(), Corrupt, "cut to {len}");
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[len] ^= 1 << bit;
                assert_eq!(
                    read(&flipped).unwrap_err(),
                    Corrupt,
                    "bit {bit} of byte {len}"
                );
            }
        }
        assert!(
            read(&[whole.clone(), vec![0; 512]].concat()).is_err(),
            "zeros at the end"
        );
    }

    #[test]
    fn lengths_that_lie_are_noticed_also_under_a_good_checksum() {
        let whole = write(&batch());
        for at in (8..28).step_by(4) {
            for lie in [0, 1, 7, 1 << 20, u32::MAX] {
                let mut file = whole[..whole.len() - 4].to_vec();
                file[at..at + 4].copy_from_slice(&u32::to_le_bytes(lie));
                let checksum = crc32fast::hash(&file);
                file.extend_from_slice(&checksum.to_le_bytes());
                if file != whole {
                    assert!(read(&file).is_err(), "{lie} at {at}");
                }
            }
        }
        let mut future = whole[..whole.len() - 4].to_vec();
        future[4] = 2;
        let checksum = crc32fast::hash(&future);
        future.extend_from_slice(&checksum.to_le_bytes());
        assert!(read(&future).is_err(), "a later version");
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(mut file in prop::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
            if magic {
                file.splice(0..0, super::MAGIC);
            }
            let checksum = crc32fast::hash(&file);
            file.extend_from_slice(&checksum.to_le_bytes());
            let _ = read(&file);
        }
    }
}
