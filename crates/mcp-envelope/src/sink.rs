//! What a [`Reader`](crate::reader::Reader) shows, and to whom.

use crate::{
    capture::{Limit, Text},
    limits,
    scalar::Scalar,
};

/// Says which values it wants, and gets them.
pub(crate) trait Sink {
    /// An object or array that is looked into.
    type Place: Copy;
    /// A value that is wanted.
    type Field: Copy;

    /// The outermost value.
    const ROOT: Self::Field;

    /// The kept bytes of a string or number.
    fn limit(&self, field: Self::Field) -> Limit;

    /// The longest key of interest.
    fn key_limit(&self) -> usize {
        limits::KEY
    }

    /// A member of an object; `None` if its value is of no interest.
    fn member(&mut self, place: Self::Place, key: &[u8]) -> Option<Self::Field>;

    /// An element of an array.
    fn element(&mut self, place: Self::Place) -> Option<Self::Field>;

    /// A string.
    fn text(&mut self, field: Self::Field, text: Text<'_>);

    /// A number or one of the three words.
    fn scalar(&mut self, field: Self::Field, scalar: Scalar<'_>);

    /// The value is an object or array, with its first content at offset `at` of the chunk. `None`
    /// skips it.
    fn open(&mut self, field: Self::Field, bracket: Bracket, at: usize) -> Option<Self::Place>;

    /// The bracket that closes `place` is at offset `at` of the chunk. The answer is the place
    /// around it.
    fn close(&mut self, place: Self::Place, at: usize) -> Option<Self::Place>;

    /// Whether a place is an array.
    fn is_array(place: Self::Place) -> bool;

    /// Whether nothing further is needed. Asked after each value.
    fn enough(&self) -> bool;

    /// Whether the text of a value is wanted, which begins with `byte`.
    fn records(&mut self, _field: Self::Field, _byte: u8) -> bool {
        false
    }

    /// The next bytes of such a value, and whether it ends with them.
    fn record(&mut self, _bytes: &[u8], _ended: bool) {}
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bracket {
    Object,
    Array,
}
