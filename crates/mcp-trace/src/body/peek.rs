//! Reading data on its way without taking it.

use std::io::IoSlice;

use bytes::Buf;

/// Shows all bytes of `data` to `visit`, slice by slice, without consuming them. Returns
/// `false` if the buffer has more pieces than can be seen at once; then nothing is visited.
pub fn visit_slices<D: Buf>(data: &D, mut visit: impl FnMut(&[u8])) -> bool {
    let first = data.chunk();
    if first.len() == data.remaining() {
        visit(first);
        return true;
    }
    let mut slices = [IoSlice::new(&[]); 64];
    let count = data.chunks_vectored(&mut slices);
    let slices = &slices[..count.min(64)];
    if slices.iter().map(|slice| slice.len()).sum::<usize>() != data.remaining() {
        return false;
    }
    slices.iter().for_each(|slice| visit(slice));
    true
}

#[cfg(test)]
mod tests {
    use bytes::Buf;

    use super::visit_slices;

    #[test]
    fn all_pieces_are_seen_and_none_taken() {
        let data = b"ab".as_slice().chain(b"cd".as_slice());
        let mut seen = Vec::new();
        assert!(visit_slices(&data, |slice| seen.extend_from_slice(slice)));
        assert_eq!((seen.as_slice(), data.remaining()), (b"abcd".as_slice(), 4));
    }
}
