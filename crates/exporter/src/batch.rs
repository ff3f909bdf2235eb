//! Encoded spans that travel together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::encode::EncodedSpans;
use crate::spool::Name;

/// The most requests that a search for the one span that a receiver refuses may cost.
const SEARCH_REQUESTS: u32 = 32;

/// Encoded spans, and what became of them so far.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    preamble: Arc<[u8]>,
    bytes: Vec<u8>,
    /// Where each span ends in `bytes`.
    ends: Vec<usize>,
    /// The number of its first span, counted over all that the queue accepted.
    pub(crate) first: u64,
    /// Failed attempts that may be repeated.
    pub(crate) failures: u32,
    /// Answers that may be this batch's own fault.
    pub(crate) refusals: u32,
    /// Whether another batch was accepted since this one failed.
    pub(crate) overtaken: bool,
    /// Set while a receiver's refusal is narrowed down: the requests that are left for it.
    search: Option<Arc<Search>>,
    /// The segment on disk that holds it, too.
    origin: Option<Arc<Origin>>,
}

/// A segment on disk whose spans are on their way.
#[derive(Debug)]
struct Origin {
    name: Name,
    /// Its spans that are neither delivered nor lost.
    left: AtomicUsize,
}

/// The requests that are left to find what a receiver refuses.
#[derive(Debug)]
struct Search {
    left: AtomicU32,
    pays_back: bool,
}

impl Batch {
    pub(crate) fn new(first: u64, preamble: Arc<[u8]>) -> Self {
        Self::in_buffer(first, preamble, Vec::new())
    }

    /// A batch that is written into a `buffer`, which is empty.
    pub(crate) fn in_buffer(first: u64, preamble: Arc<[u8]>, buffer: Vec<u8>) -> Self {
        Self {
            preamble,
            bytes: buffer,
            ends: Vec::new(),
            first,
            failures: 0,
            refusals: 0,
            overtaken: false,
            search: None,
            origin: None,
        }
    }

    /// A batch that was read back; it belongs to no flush.
    pub(crate) fn restored(preamble: Arc<[u8]>, bytes: Vec<u8>, ends: Vec<usize>) -> Self {
        Self {
            bytes,
            ends,
            ..Self::new(u64::MAX, preamble)
        }
    }

    /// Notes the segment that holds it.
    pub(crate) fn comes_from(&mut self, name: Name) {
        let left = AtomicUsize::new(self.len());
        self.origin = Some(Arc::new(Origin { name, left }));
    }

    /// The segment that holds it, unless it is only a part of that.
    pub(crate) fn segment(&self) -> Option<Name> {
        let origin = self.origin.as_ref().filter(|_| !self.is_part())?;
        Some(origin.name)
    }

    /// Whether it was read back from disk.
    pub(crate) fn is_from_disk(&self) -> bool {
        self.origin.is_some()
    }

    /// Its spans are delivered, lost or elsewhere. Gives the segment that is not needed any
    /// more: once all its parts are settled.
    pub(crate) fn settle(&self) -> Option<Name> {
        let origin = self.origin.as_ref()?;
        let left = origin.left.fetch_sub(self.len(), Ordering::Relaxed);
        (left == self.len()).then_some(origin.name)
    }

    /// Appends a span that `encode` writes; `false` if it wrote more than `max` bytes, and
    /// the span is left out.
    pub(crate) fn push(&mut self, max: usize, encode: impl FnOnce(&mut Vec<u8>)) -> bool {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        if self.bytes.len() - start > max {
            self.bytes.truncate(start);
            return false;
        }
        self.ends.push(self.bytes.len());
        true
    }

    /// Takes back what an unfinished [`push`](Self::push) wrote.
    pub(crate) fn roll_back(&mut self) {
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// What its spans were written into.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// How many spans it holds.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes its spans take.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn spans(&self) -> EncodedSpans<'_> {
        EncodedSpans::new(&self.preamble, &self.bytes, &self.ends)
    }

    /// A part of a batch that was too large is accepted: the search for what fits gets on,
    /// and may go on for as long as it does.
    pub(crate) fn refund(&self) {
        if let Some(search) = self.search.as_ref().filter(|search| search.pays_back) {
            search.left.fetch_add(2, Ordering::Relaxed);
        }
    }

    /// Whether it is a part of a batch that was refused.
    pub(crate) fn is_part(&self) -> bool {
        self.search.is_some()
    }

    /// Two halves, to find out which one a receiver refuses. The batch itself comes back if
    /// it cannot be narrowed down further: a single span, or too many requests already.
    pub(crate) fn split(self, too_large: bool) -> Result<(Self, Self), Self> {
        let middle = self.ends.len() / 2;
        let Some(&cut) = middle.checked_sub(1).and_then(|last| self.ends.get(last)) else {
            return Err(self);
        };
        let search = self.search.clone().unwrap_or_else(|| {
            Arc::new(Search {
                left: AtomicU32::new(SEARCH_REQUESTS),
                pays_back: too_large,
            })
        });
        if search
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(2)
            })
            .is_err()
        {
            return Err(self);
        }
        let part = |bytes: &[u8], ends: Vec<usize>, skipped: usize| Self {
            bytes: bytes.to_vec(),
            ends,
            search: Some(search.clone()),
            origin: self.origin.clone(),
            ..Self::new(
                self.first.saturating_add(skipped as u64),
                self.preamble.clone(),
            )
        };
        let (left, right) = self.bytes.split_at(cut);
        let (left_ends, right_ends) = self.ends.split_at(middle);
        let right_ends = right_ends.iter().map(|end| end - cut).collect();
        Ok((
            part(left, left_ends.to_vec(), 0),
            part(right, right_ends, middle),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Batch;

    fn batch(spans: usize) -> Batch {
        let mut batch = Batch::new(0, Arc::from([]));
        for n in 0..spans {
            assert!(batch.push(100, |out| {
                out.extend_from_slice(format!("<{n}>").as_bytes())
            }));
        }
        batch
    }

    #[test]
    fn halves_hold_every_span_once() {
        let (left, right) = batch(5).split(false).unwrap();
        let spans = |batch: &Batch| {
            batch
                .spans()
                .iter()
                .map(|s| String::from_utf8_lossy(s).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(spans(&left), ["<0>", "<1>"]);
        assert_eq!(spans(&right), ["<2>", "<3>", "<4>"]);
        assert_eq!((left.first, right.first), (0, 2));
        assert!(batch(1).split(false).is_err());
        assert!(batch(0).split(false).is_err());
    }

    #[test]
    fn a_search_ends_after_its_requests() {
        let (mut requests, mut parts) = (0, vec![batch(512)]);
        // Everything is refused.
        while let Some(part) = parts.pop() {
            if let Ok((left, right)) = part.split(false) {
                parts.extend([left, right]);
                requests += 2;
            }
        }
        assert_eq!(requests, 32);
    }

    #[test]
    fn one_bad_span_in_512_is_found_within_the_requests() {
        let (mut part, mut requests) = (batch(512), 0);
        while part.len() > 1 {
            part = part.split(false).unwrap().1;
            requests += 2;
        }
        assert_eq!(requests, 18);
    }

    #[test]
    fn an_oversized_span_is_left_out() {
        let mut batch = batch(1);
        assert!(!batch.push(2, |out| out.extend_from_slice(b"xxx")));
        assert_eq!((batch.len(), batch.size()), (1, 3));
    }
}
