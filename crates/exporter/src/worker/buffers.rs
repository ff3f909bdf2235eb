//! Memory that is used again: the kernel takes longer to make fresh pages than it takes to write
//! spans into them.

use bytes::Bytes;

/// A request's spans, and its body.
const MOST: usize = 2;
/// What is kept also when there is nothing to do, in bytes each.
const SMALL: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Buffers(Vec<Vec<u8>>);

impl Buffers {
    /// An empty one.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    /// Takes back one that is no longer needed; a large one only if it will be wanted `soon`.
    pub(super) fn give(&mut self, mut buffer: Vec<u8>, soon: bool) {
        if self.0.len() < MOST && (soon || buffer.capacity() <= SMALL) {
            buffer.clear();
            self.0.push(buffer);
        }
    }

    /// The same for a request's body, unless the transport still has it.
    pub(super) fn give_body(&mut self, body: Bytes, soon: bool) {
        if let Ok(mut body) = body.try_into_mut() {
            // Turning it back into a vector copies what is in it.
            body.clear();
            self.give(body.into(), soon);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Buffers, SMALL};

    #[test]
    fn memory_comes_back() {
        let mut buffers = Buffers::default();
        let buffer = vec![1; 2 * SMALL];
        let place = buffer.as_ptr();
        let body = Bytes::from(buffer);
        let sent = body.clone();
        buffers.give_body(body, true);
        assert_eq!(buffers.take().capacity(), 0, "somebody has it");
        buffers.give_body(sent, true);
        let buffer = buffers.take();
        assert_eq!((buffer.as_ptr(), buffer.len()), (place, 0));
        buffers.give(buffer, false);
        assert_eq!(buffers.take().capacity(), 0, "too large to keep");
    }

    #[test]
    fn not_more_than_a_request_takes_is_kept() {
        let mut buffers = Buffers::default();
        for _ in 0..3 {
            buffers.give(Vec::with_capacity(10), false);
        }
        let kept = [(); 3].map(|()| buffers.take().capacity() > 0);
        assert_eq!(kept, [true, true, false]);
    }
}
