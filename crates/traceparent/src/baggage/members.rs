use core::iter::FusedIterator;

use super::Value;
use crate::list::OWS;

/// One member of a `baggage` value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Member<'a> {
    /// The key, as it is.
    pub key: &'a str,
    /// The value, still encoded.
    pub value: Value<'a>,
    /// What is said about the member, in its order.
    pub properties: Properties<'a>,
}

/// One property of a member.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Property<'a> {
    /// The key, as it is.
    pub key: &'a str,
    /// The value, still encoded; `None` for a property that is a key alone.
    pub value: Option<Value<'a>>,
}

/// The members of a [`Baggage`](super::Baggage) in their order, empty ones left out.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    /// Valid, or the rest of what was valid after a comma.
    rest: &'a str,
}

/// The properties of a [`Member`] in their order.
#[derive(Clone, Debug)]
pub struct Properties<'a> {
    /// What follows the member's value, after a semicolon.
    rest: Option<&'a str>,
}

// === impl Members ===

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
            let (pair, properties) = cut(member, ';');
            if let (key, Some(value)) = cut(pair, '=') {
                return Some(Member {
                    key: key.trim_matches(OWS),
                    value: Value::new(value.trim_matches(OWS)),
                    properties: Properties { rest: properties },
                });
            }
        }
        None
    }
}

impl FusedIterator for Members<'_> {}

// === impl Properties ===

impl<'a> Iterator for Properties<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        let (property, rest) = cut(self.rest?, ';');
        self.rest = rest;
        let (key, value) = cut(property, '=');
        Some(Property {
            key: key.trim_matches(OWS),
            value: value.map(|value| Value::new(value.trim_matches(OWS))),
        })
    }
}

impl FusedIterator for Properties<'_> {}

fn cut(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.split_once(separator) {
        Some((head, tail)) => (head, Some(tail)),
        None => (text, None),
    }
}
