//! The `tracestate` header: a list of vendors' members.
//!
//! [`TraceState`] is a checked view of a header value; its members are found as they are asked for.
//! A change goes into a buffer of the caller, whose length is the limit: what does not fit is left
//! out by whole members, in the order that the specification asks for.
//! See [Trace Context Level 2, section 3.3](https://www.w3.org/TR/trace-context-2/#tracestate-header).
//!
//! ```
//! use traceparent::tracestate::{MIN_PROPAGATED, TraceState};
//!
//! let received = TraceState::parse("rojo=00f067aa0ba902b7, congo=t61rcWkgMzE")?;
//! assert_eq!(received.get("congo"), Some("t61rcWkgMzE"));
//!
//! let mut buffer = [0; MIN_PROPAGATED];
//! let sent = received.upsert("congo", "ucfJifl5GOE", &mut buffer)?;
//! assert_eq!(sent.as_str(), "congo=ucfJifl5GOE,rojo=00f067aa0ba902b7");
//! # Ok::<(), traceparent::tracestate::Error>(())
//! ```
//!
//! # What is accepted
//!
//! - Keys: a lower-case letter or digit, then up to 255 of `a`-`z`, `0`-`9`, `_`, `-`, `*`, `/`, `@`.
//! - Values: 1 to 256 printable ASCII characters without `,` and `=`. Spaces before other
//!   characters belong to the value; those at its end do not.
//! - Spaces and tabs around a member, empty members, and an empty header.
//! - At most 32 members, empty ones not counted.
//! - Repeated keys, although a sender must not write them: the left-most, which is the latest, is
//!   what [`get`](TraceState::get) finds, and a change of that key removes all of them.
//!
//! One bad member makes the whole value invalid. That leaves the `traceparent` beside it valid; but
//! a `tracestate` without a valid `traceparent` must be ignored.

mod edit;
mod error;
mod grammar;
mod members;

pub use self::{
    error::Error,
    members::{Member, Members},
};

use core::fmt;

use crate::{hex, list};

/// The most members that a list may have.
pub const MAX_MEMBERS: usize = 32;

/// The length in bytes that should be passed on at least, commas and white space included.
pub const MIN_PROPAGATED: usize = 512;

/// A valid `tracestate` value.
#[derive(Clone, Copy, Default)]
pub struct TraceState<'a> {
    text: &'a str,
}

impl<'a> TraceState<'a> {
    /// Checks one header value.
    ///
    /// # Errors
    ///
    /// The first breach of section 3.3.2 from the left.
    pub fn parse<T>(value: &'a T) -> Result<Self, Error>
    where
        T: AsRef<[u8]> + ?Sized,
    {
        let text = value.as_ref();
        grammar::check(text)?;
        Ok(Self {
            // The grammar is a part of ASCII.
            text: hex::as_str(text),
        })
    }

    /// Joins the values of several headers, in the order of their arrival, in `buffer`.
    ///
    /// The buffer needs room for all values and a comma between each two.
    /// See [section 3.3.2](https://www.w3.org/TR/trace-context-2/#tracestate-header-field-values).
    ///
    /// ```
    /// use traceparent::tracestate::TraceState;
    ///
    /// let mut buffer = [0; 64];
    /// let state = TraceState::join(["rojo=1", "congo=2,green=3"], &mut buffer)?;
    /// assert_eq!(state.as_str(), "rojo=1,congo=2,green=3");
    /// # Ok::<(), traceparent::tracestate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`], else those of [`parse`](Self::parse), with offsets in the joined value.
    pub fn join<I>(values: I, buffer: &'a mut [u8]) -> Result<Self, Error>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        Self::parse(list::join(values, buffer).ok_or(Error::BufferTooSmall)?)
    }

    /// The value as it was received: what to send on when the `traceparent` is not changed either.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The members from left to right, the latest first.
    #[must_use]
    pub const fn iter(&self) -> Members<'a> {
        Members::new(self.text)
    }

    /// The value of the left-most member with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.iter()
            .find(|member| member.key == key)
            .map(|member| member.value)
    }

    /// The number of members, 32 at most.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no member. Such a header should not be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// The members, without the white space and the empty members that the value may have.
impl fmt::Display for TraceState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Member { key, value }) in self.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TraceState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceState({self})")
    }
}

impl<'a> IntoIterator for TraceState<'a> {
    type Item = Member<'a>;
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &TraceState<'a> {
    type Item = Member<'a>;
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}
