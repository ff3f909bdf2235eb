//! How an operation went, and how its span came to its end.

use crate::{SpanKind, Text};

/// `error.type` of a tool result with `isError: true` (OpenTelemetry MCP conventions).
const TOOL_ERROR: Text = Text::from_static("tool_error");
const CANCELLED: Text = Text::from_static("cancelled");

/// JSON-RPC errors that are the caller's fault: not errors of a server span (OpenTelemetry
/// MCP conventions, "recording errors").
const CALLER_FAULTS: [i64; 5] = [-32700, -32600, -32601, -32602, -32002];

/// The result of an operation. The default is success, which leaves the status unset.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// `error.type`, present exactly if the operation failed.
    pub error_type: Option<Text>,
    /// The description of the error status.
    pub message: Option<Text>,
    /// The code of a JSON-RPC error response, also where it does not count as an error.
    pub rpc_code: Option<i64>,
}

impl Outcome {
    #[inline]
    pub(super) fn success() -> Self {
        Self {
            error_type: None,
            message: None,
            rpc_code: None,
        }
    }

    /// A failure of the given `error.type`, which is of low cardinality.
    #[must_use]
    pub fn failed(error_type: impl Into<Text>) -> Self {
        Self {
            error_type: Some(error_type.into()),
            ..Self::default()
        }
    }

    /// A tool result with `isError: true`.
    #[must_use]
    pub fn tool_error() -> Self {
        Self::failed(TOOL_ERROR)
    }

    /// The caller gave up before the answer was complete.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::failed(CANCELLED)
    }

    /// A JSON-RPC error response, judged by the side that records it: for a client every
    /// code is an error, for a server those are not that blame the caller.
    #[must_use]
    pub fn rpc_error(kind: SpanKind, code: i64, message: &str) -> Self {
        let own_fault = kind != SpanKind::Server || !CALLER_FAULTS.contains(&code);
        Self {
            error_type: own_fault.then(|| Text::new(&code.to_string())),
            message: (own_fault && !message.is_empty()).then(|| Text::new(message)),
            rpc_code: Some(code),
        }
    }

    /// Adds a description of the error.
    #[must_use]
    pub fn with_message(mut self, message: &str) -> Self {
        self.message = Some(Text::new(message));
        self
    }

    /// Whether the span's status is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.error_type.is_some()
    }

    /// Makes of it what remains once the span has ended like this.
    pub(super) fn conclude(&mut self, end: End) {
        if end == End::Cancelled && !self.is_error() {
            *self = Self::cancelled();
        }
    }
}

/// What ended a span.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// The answer was complete.
    #[default]
    Complete,
    /// The caller went away, which cancels the operation: an error of type `cancelled`.
    Cancelled,
    /// The caller went away, which does not cancel the operation (MCP before 2026-07-28:
    /// the answer may be resumed): the status stays unset.
    Detached,
}

impl End {
    /// The value of the attribute `mcp_trace.end`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Detached => "detached",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;
    use crate::SpanKind;

    #[test]
    fn a_caller_fault_is_an_error_only_for_the_client() {
        for code in [-32700, -32600, -32601, -32602, -32002] {
            let server = Outcome::rpc_error(SpanKind::Server, code, "no");
            assert_eq!(
                (server.is_error(), server.rpc_code, server.message),
                (false, Some(code), None)
            );
            let client = Outcome::rpc_error(SpanKind::Client, code, "no");
            assert_eq!(client.error_type.unwrap(), code.to_string().as_str());
            assert_eq!(client.message.unwrap(), "no");
        }
        assert!(Outcome::rpc_error(SpanKind::Server, -32603, "boom").is_error());
        assert!(Outcome::rpc_error(SpanKind::Server, -32020, "header").is_error());
    }
}
