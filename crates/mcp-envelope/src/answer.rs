use alloc::boxed::Box;
use core::{fmt, str};

use crate::{capture::Text, excerpt::Excerpt, limits};

/// What an answer says about how the request went.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub(crate) error: Option<RpcError>,
    pub(crate) tool_error: bool,
    pub(crate) protocol_version: Word,
    pub(crate) result_type: Word,
    pub(crate) excerpt: Option<Box<Excerpt>>,
}

impl Answer {
    /// The JSON-RPC error.
    #[must_use]
    pub fn error(&self) -> Option<&RpcError> {
        self.error.as_ref()
    }

    /// Whether `result.isError` is true: the tool ran and failed.
    #[must_use]
    pub fn is_tool_error(&self) -> bool {
        self.tool_error
    }

    /// `result.protocolVersion`, the version that an answer to `initialize` settles on. At most 31
    /// bytes.
    #[must_use]
    pub fn protocol_version(&self) -> Option<&str> {
        self.protocol_version.get()
    }

    /// `result.resultType`, which MCP has since 2026-07-28: `complete`, or `input_required` if the
    /// client shall repeat the request with more. At most 31 bytes.
    #[must_use]
    pub fn result_type(&self) -> Option<&str> {
        self.result_type.get()
    }

    /// What was answered: `error` if there is one, else `result`. It is there if the watcher was told
    /// to [capture](crate::AnswerWatcher::capture_result) it. In an event stream, a line feed is
    /// between lines of data.
    #[must_use]
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_deref()
    }
}

/// A JSON-RPC error object (JSON-RPC 2.0, section 5.1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: Box<str>,
}

impl RpcError {
    /// `error.code`; 0 if it is not an integer.
    #[must_use]
    pub fn code(&self) -> i64 {
        self.code
    }

    /// `error.message`, cut after at most 1 KiB; empty if it is not a string or not UTF-8. It may
    /// hold control characters.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A short string, kept in place.
#[derive(Clone, Copy, Default)]
pub(crate) struct Word {
    bytes: [u8; limits::WORD],
    len: u8,
}

impl Word {
    pub(crate) fn new(text: Text<'_>) -> Word {
        let mut word = Word::default();
        if let Text::Whole(text) = text {
            if let Some(bytes) = word.bytes.get_mut(..text.len()) {
                bytes.copy_from_slice(text);
                word.len = text.len() as u8;
            }
        }
        word
    }

    fn get(&self) -> Option<&str> {
        let bytes = self
            .bytes
            .get(..usize::from(self.len))
            .filter(|bytes| !bytes.is_empty())?;
        str::from_utf8(bytes).ok()
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
