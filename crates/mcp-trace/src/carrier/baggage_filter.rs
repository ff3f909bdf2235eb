//! Which baggage crosses a boundary.

use std::sync::Arc;

use traceparent::baggage::{Baggage, MAX_BYTES, Writer};

use super::values::join;

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

    pub(super) const fn is_none(&self) -> bool {
        self.keys.is_none()
    }

    /// What may pass of a list that came in one or several values; `None` if nothing may, or
    /// if the list is invalid.
    #[inline]
    pub(super) fn apply<'a>(&self, values: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
        let keys = self.keys.as_deref()?;
        let joined = join(values)?;
        let mut buffer = [0; MAX_BYTES];
        let mut writer = Writer::new(&mut buffer);
        for member in Baggage::parse(&joined).ok()?.iter() {
            if keys.iter().any(|key| **key == *member.key) {
                writer.copy(&member).ok()?;
            }
        }
        let allowed = writer.finish();
        (!allowed.is_empty()).then(|| allowed.as_str().to_owned())
    }
}
