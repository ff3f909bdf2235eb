use core::iter::FusedIterator;

use crate::list::OWS;

/// One member of a `tracestate`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Member<'a> {
    /// The vendor's key.
    pub key: &'a str,
    /// The vendor's value, with the spaces that it starts with.
    pub value: &'a str,
}

impl Member<'_> {
    /// Length in bytes as it is written, `key=value`.
    pub(super) const fn len(&self) -> usize {
        self.key.len() + 1 + self.value.len()
    }
}

/// The members of a [`TraceState`](super::TraceState), from left to right, empty ones left out.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    /// Valid, or the rest of what was valid after a comma.
    rest: &'a str,
}

impl<'a> Members<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        while !self.rest.is_empty() {
            let (member, rest) = self.rest.split_once(',').unwrap_or((self.rest, ""));
            self.rest = rest;
            if let Some((key, value)) = member.trim_matches(OWS).split_once('=') {
                return Some(Member { key, value });
            }
        }
        None
    }
}

impl FusedIterator for Members<'_> {}
