//! Arguments and results of tool calls, which nobody records unless told to.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{ActiveSpan, McpCall, Text, Value};

type Redact = dyn Fn(&Captured<'_>) -> Option<String> + Send + Sync;

/// Lets a layer record the arguments and results of tool calls, as `gen_ai.tool.call.arguments` and
/// `gen_ai.tool.call.result` by the [OpenTelemetry
/// conventions](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md).
///
/// They may hold anything: secrets, and what people wrote. A function of the program says what
/// becomes of each.
///
/// ```
/// use mcp_trace::{Capture, CapturedPart};
///
/// let capture = Capture::new(|captured| match captured.part {
///     CapturedPart::Arguments if captured.tool == "get_weather" => Some(captured.json.to_owned()),
///     _ => None,
/// })
/// .limit(1024);
/// ```
#[derive(Clone)]
pub struct Capture {
    limit: usize,
    redact: Arc<Redact>,
    panics: Arc<AtomicU64>,
}

/// Arguments or a result, before they are recorded.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Captured<'a> {
    /// Which of the two.
    pub part: CapturedPart,
    /// The tool that is called.
    pub tool: &'a str,
    /// The JSON as it was sent; only its beginning if it [is truncated](Self::is_truncated).
    pub json: &'a str,
    /// Whether it was longer than the limit: it is no whole JSON value then.
    pub is_truncated: bool,
}

/// What was captured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CapturedPart {
    /// `params.arguments` of the request.
    Arguments,
    /// `result` of the answer.
    Result,
}

impl CapturedPart {
    const fn key(self) -> &'static str {
        match self {
            Self::Arguments => "gen_ai.tool.call.arguments",
            Self::Result => "gen_ai.tool.call.result",
        }
    }

    const fn truncated_key(self) -> &'static str {
        match self {
            Self::Arguments => "mcp_trace.arguments_truncated",
            Self::Result => "mcp_trace.result_truncated",
        }
    }
}

impl Capture {
    /// Records what `redact` returns, and nothing where it returns `None`.
    ///
    /// It runs while the message passes, so it must not block. If it panics, nothing is recorded,
    /// and that is [counted](Self::panics).
    #[must_use]
    pub fn new(redact: impl Fn(&Captured<'_>) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            limit: 4096,
            redact: Arc::new(redact),
            panics: Arc::default(),
        }
    }

    /// The most bytes that are taken of a value, and recorded of it. What is cut ends with a whole
    /// character, and the span says `mcp_trace.arguments_truncated` or
    /// `mcp_trace.result_truncated`. Defaults to 4096.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The [limit](Self::limit), in bytes.
    #[must_use]
    pub fn max_len(&self) -> usize {
        self.limit
    }

    /// Arguments and results that were not recorded because the function panicked. What was cloned
    /// from one value counts together: keep a clone of what a layer is given. The panic hook of the
    /// program has been told of each.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// For layers: records `json`, if the span is that of a tool call and will be recorded. Returns
    /// `false` if the program's function panicked.
    pub fn record(
        &self,
        span: &ActiveSpan,
        part: CapturedPart,
        json: &str,
        is_truncated: bool,
    ) -> bool {
        let mut tool = None;
        if span.is_recording() {
            span.update_operation(|operation| {
                tool = operation.as_mcp().and_then(McpCall::tool).cloned();
            });
        }
        let Some(tool) = tool else { return true };
        let captured = Captured {
            part,
            tool: tool.as_str(),
            json,
            is_truncated,
        };
        // Whatever the function left half done is its own.
        let redact = AssertUnwindSafe(|| (self.redact)(&captured));
        let Ok(redacted) = catch_unwind(redact) else {
            self.panics.fetch_add(1, Ordering::Relaxed);
            return false;
        };
        if let Some(text) = redacted {
            // Outside of its strings JSON has no other control characters than these.
            let text = text.replace(['\n', '\r', '\t'], " ");
            span.set_attribute(part.key(), Value::Text(Text::bounded(&text, self.limit)));
            if is_truncated || text.len() > self.limit {
                span.set_attribute(part.truncated_key(), true);
            }
        }
        true
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("limit", &self.limit)
            .field("panics", &self.panics())
            .finish_non_exhaustive()
    }
}
