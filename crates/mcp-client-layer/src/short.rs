//! Short texts without an allocation.

use std::fmt::{self, Display, Write};

/// What something displays as, if that is short.
#[derive(Debug, Default)]
pub(crate) struct Short {
    bytes: [u8; 32],
    len: usize,
}

impl Short {
    pub(crate) fn of(shown: impl Display) -> Option<Self> {
        let mut short = Self::default();
        write!(short, "{shown}").ok()?;
        Some(short)
    }

    pub(crate) fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.len).map(std::str::from_utf8);
        text.and_then(Result::ok).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
