use alloc::boxed::Box;
use core::str;

use crate::{capture::Text, excerpt::Excerpt};

/// What an answer says about how the request went.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub(crate) tool_error: bool,
    result_type: ResultType,
    more: Option<Box<More>>,
}

/// What most answers do not have.
#[derive(Clone, Debug, Default)]
struct More {
    error: Option<RpcError>,
    protocol_version: Option<Box<str>>,
    /// One that is no variant of [`ResultType`].
    result_type: Option<Box<str>>,
    excerpt: Option<Excerpt>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum ResultType {
    #[default]
    Absent,
    Complete,
    InputRequired,
    Other,
}

const COMPLETE: &str = "complete";
const INPUT_REQUIRED: &str = "input_required";

impl Answer {
    /// The JSON-RPC error.
    #[must_use]
    pub fn error(&self) -> Option<&RpcError> {
        self.more.as_ref()?.error.as_ref()
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
        self.more.as_ref()?.protocol_version.as_deref()
    }

    /// `result.resultType`, which MCP has since 2026-07-28: `complete`, or `input_required` if the
    /// client shall repeat the request with more. At most 31 bytes.
    #[must_use]
    pub fn result_type(&self) -> Option<&str> {
        match self.result_type {
            ResultType::Absent => None,
            ResultType::Complete => Some(COMPLETE),
            ResultType::InputRequired => Some(INPUT_REQUIRED),
            ResultType::Other => self.more.as_ref()?.result_type.as_deref(),
        }
    }

    /// What was answered: `error` if there is one, else `result`. It is there if the watcher was told
    /// to [capture](crate::AnswerWatcher::capture_result) it. In an event stream, a line feed is
    /// between lines of data.
    #[must_use]
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.more.as_ref()?.excerpt.as_ref()
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// The error, of which nothing may be known yet.
    pub(crate) fn error_mut(&mut self) -> &mut RpcError {
        self.more().error.get_or_insert_default()
    }

    pub(crate) fn excerpt_mut(&mut self) -> &mut Option<Excerpt> {
        &mut self.more().excerpt
    }

    pub(crate) fn set_protocol_version(&mut self, text: Text<'_>) {
        if let Some(word) = word(text) {
            self.more().protocol_version = Some(word.into());
        }
    }

    pub(crate) fn set_result_type(&mut self, text: Text<'_>) {
        self.result_type = match word(text) {
            None => ResultType::Absent,
            Some(COMPLETE) => ResultType::Complete,
            Some(INPUT_REQUIRED) => ResultType::InputRequired,
            Some(other) => {
                self.more().result_type = Some(other.into());
                ResultType::Other
            }
        }
    }
}

/// A string within its limit, if there is something in it.
fn word(text: Text<'_>) -> Option<&str> {
    match text {
        Text::Whole(bytes) if !bytes.is_empty() => str::from_utf8(bytes).ok(),
        _ => None,
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
