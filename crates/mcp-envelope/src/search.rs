//! Whether an object has some key.

use crate::{
    capture::{Limit, Text},
    reader::Reader,
    scalar::Scalar,
    sink::{Bracket, Sink},
};

/// Looks for one key in one object.
struct Search<'k> {
    key: &'k [u8],
    found: bool,
}

/// Whether the object that `json` begins with has this key.
pub(crate) fn has_key(json: &[u8], key: &str) -> bool {
    let mut search = Search {
        key: key.as_bytes(),
        found: false,
    };
    Reader::new().push(json, &mut search);
    search.found
}

impl Sink for Search<'_> {
    type Place = ();
    type Field = ();

    const ROOT: () = ();

    fn limit(&self, (): ()) -> Limit {
        Limit::bytes(0)
    }

    fn key_limit(&self) -> usize {
        self.key.len()
    }

    fn member(&mut self, (): (), key: &[u8]) -> Option<()> {
        self.found |= key == self.key;
        None
    }

    fn element(&mut self, (): ()) -> Option<()> {
        None
    }

    fn text(&mut self, (): (), _: Text<'_>) {}

    fn scalar(&mut self, (): (), _: Scalar<'_>) {}

    fn open(&mut self, (): (), bracket: Bracket, _: usize) -> Option<()> {
        (bracket == Bracket::Object).then_some(())
    }

    fn close(&mut self, (): (), _: usize) -> Option<()> {
        None
    }

    fn is_array((): ()) -> bool {
        false
    }

    fn enough(&self) -> bool {
        self.found
    }
}
