//! Which baggage crosses a boundary.

use std::sync::Arc;

/// The baggage members that may pass, by key. Defaults to none.
///
/// Baggage holds whatever a caller put there, so it is accepted and sent only by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BaggageFilter {
    keys: Option<Arc<[Box<str>]>>,
}

impl BaggageFilter {
    /// Lets nothing pass.
    #[must_use]
    pub const fn none() -> Self {
        Self { keys: None }
    }

    /// Lets the members with these keys pass. Keys are case-sensitive.
    #[must_use]
    pub fn keys<K: Into<Box<str>>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self {
            keys: Some(keys.into_iter().map(Into::into).collect()),
        }
    }
}
impl BaggageFilter {
    /// x
    pub(super) fn apply<'a>(&self, _: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
        None
    }
}
