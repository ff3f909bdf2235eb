//! Where members can be added to a message that came in one chunk.

/// Where the parts of a message lie.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) params: Slot,
    pub(crate) meta: Slot,
    /// The closing brace of the message.
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Slot {
    #[default]
    Absent,
    /// An object with its first member, or its closing brace, somewhere behind this offset.
    Object { inside: usize, empty: bool },
    /// A value that is no object.
    Other,
}

impl Slot {
    pub(crate) fn set_empty(&mut self, is_empty: bool) {
        if let Slot::Object { empty, .. } = self {
            *empty = is_empty;
        }
    }
}
