//! The `baggage` header: an application's own names and values, sent along with a trace.
//!
//! [`Baggage`] is a checked view of a header value; members, properties and decoded values are
//! iterators over it. [`Writer`] encodes members into a buffer of the caller.
//! See the [W3C Baggage specification, section 3.3](https://www.w3.org/TR/baggage/#header-content).
//!
//! ```
//! use traceparent::baggage::{Baggage, Writer};
//!
//! let received = Baggage::parse("userId=am%C3%A9lie, serverNode=DF%2028;ttl=60;sticky")?;
//! let user = received.get("userId").map(|member| member.value);
//! assert!(user.is_some_and(|value| value == "amélie"));
//!
//! // Only what is known goes on, and one member more.
//! let mut buffer = [0; 256];
//! let mut writer = Writer::new(&mut buffer);
//! for member in received.iter().filter(|member| member.key == "serverNode") {
//!     writer.copy(&member)?;
//! }
//! writer.push("isProduction", "yes, it is")?;
//! assert_eq!(
//!     writer.finish().as_str(),
//!     "serverNode=DF%2028;ttl=60;sticky,isProduction=yes%2C%20it%20is",
//! );
//! # Ok::<(), traceparent::baggage::Error>(())
//! ```
//!
//! # What is accepted
//!
//! - Keys of members and properties: tokens in the sense of HTTP, as they are; no decoding.
//! - Values: printable ASCII without space, `"`, `,`, `;` and `\`; they may be empty. `%` and two hex
//!   digits stand for a byte, a `%` without them for itself, and `+` for a plus sign.
//! - Spaces and tabs around members, keys, values and properties; empty members.
//! - At most 64 members and 8192 bytes over all headers: what every platform must pass on.
//! - Repeated keys, of which [`get`](Baggage::get) finds the last.
//!
//! One bad member makes the whole value invalid.
//!
//! Anyone can send baggage, and it goes wherever the trace goes: take in and pass on only keys that
//! are expected.

mod decode;
mod error;
mod grammar;
mod members;
mod writer;

pub use self::{
    decode::{Decode, Value},
    error::Error,
    members::{Member, Members, Properties, Property},
    writer::Writer,
};

use core::fmt;

use crate::{hex, list};

/// The most members that are accepted and written.
pub const MAX_MEMBERS: usize = 64;

/// The most bytes that are accepted and written, over all headers together.
pub const MAX_BYTES: usize = 8192;

/// A valid `baggage` value.
#[derive(Clone, Copy, Default)]
pub struct Baggage<'a> {
    text: &'a str,
}

impl<'a> Baggage<'a> {
    /// Checks one header value.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], else the first breach of the grammar or of the member limit from the left.
    pub fn parse<T>(value: &'a T) -> Result<Self, Error>
    where
        T: AsRef<[u8]> + ?Sized,
    {
        let text = value.as_ref();
        grammar::check(text)?;
        Ok(Self::new_checked(text))
    }

    /// Joins the values of several headers, in the order of their arrival, in `buffer`.
    ///
    /// The buffer needs room for all values and a comma between each two; [`MAX_BYTES`] is enough
    /// for all that can be valid.
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`], else those of [`parse`](Self::parse), with offsets in the joined
    /// value.
    pub fn join<I>(values: I, buffer: &'a mut [u8]) -> Result<Self, Error>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        Self::parse(list::join(values, buffer).ok_or(Error::BufferTooSmall)?)
    }

    /// `text` follows the grammar, which is a part of ASCII.
    const fn new_checked(text: &'a [u8]) -> Self {
        Self {
            text: hex::as_str(text),
        }
    }

    /// The value as it was received or written.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The members in their order.
    #[must_use]
    pub const fn iter(&self) -> Members<'a> {
        Members::new(self.text)
    }

    /// The last member with this key, compared as it is, case and all.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Member<'a>> {
        self.iter().filter(|member| member.key == key).last()
    }

    /// The number of members, 64 at most.
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

impl fmt::Debug for Baggage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Baggage({})", self.text)
    }
}

impl<'a> IntoIterator for Baggage<'a> {
    type Item = Member<'a>;
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Baggage<'a> {
    type Item = Member<'a>;
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}
