//! One idea of what is current, in both libraries.

mod baggage;
mod hook;
pub(crate) mod stack;

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mcp_trace::{DefaultSinkGuard, DefaultSinkTaken, ScopeHookTaken, SpanSink};

use crate::TracerSink;
use hook::Hook;

/// Joins this process's OpenTelemetry: the same as [`OtelBridge::new`] and
/// [`install`](OtelBridge::install).
///
/// # Errors
/// See [`OtelBridge::install`].
pub fn install() -> Result<BridgeGuard, InstallError> {
    OtelBridge::new().install()
}

/// Keeps OpenTelemetry's current context and ours in step.
///
/// See the [crate documentation](crate) for what follows from it.
#[derive(Debug)]
#[must_use = "a bridge does nothing until it is installed"]
pub struct OtelBridge {
    sink: Option<Arc<dyn SpanSink>>,
    #[cfg(feature = "tracing")]
    log_fields: bool,
}

impl OtelBridge {
    /// Spans go to the tracer provider that [`opentelemetry::global`] has when the first of them
    /// starts.
    pub fn new() -> Self {
        Self {
            sink: Some(Arc::new(TracerSink::global())),
            #[cfg(feature = "tracing")]
            log_fields: false,
        }
    }

    /// Where spans go that are given no sink of their own. Defaults to [`TracerSink::global`].
    pub fn sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Leaves the process default sink as it is, such as that of another exporter.
    pub fn context_only(mut self) -> Self {
        self.sink = None;
        self
    }

    /// Enters a `tracing` span `mcp` with the fields `trace_id` and `span_id` with every scope, so
    /// that log lines inside a handler show them. Defaults to no.
    ///
    /// The span has the target `mcp_trace` and the level INFO. A `tracing-opentelemetry` layer should
    /// not see it, or it exports it as one more span: give that layer a filter.
    #[cfg(feature = "tracing")]
    pub fn log_fields(mut self) -> Self {
        self.log_fields = true;
        self
    }

    /// Installs the bridge. The contexts stay in step until the process ends; the default sink is
    /// removed when the guard is dropped.
    ///
    /// # Errors
    /// If the process has another [scope hook](mcp_trace::set_scope_hook), or a default sink
    /// already. What was there stays in place, and nothing is installed.
    pub fn install(self) -> Result<BridgeGuard, InstallError> {
        // Whether the hook of the process is ours.
        static INSTALLED: Mutex<bool> = Mutex::new(false);
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        let sink = self
            .sink
            .map(mcp_trace::set_default_sink)
            .transpose()
            .map_err(InstallError::Sink)?;
        if !*installed {
            mcp_trace::set_scope_hook(Hook {
                #[cfg(feature = "tracing")]
                log_fields: self.log_fields,
            })
            .map_err(InstallError::Hook)?;
            *installed = true;
        }
        Ok(BridgeGuard { _sink: sink })
    }
}

impl Default for OtelBridge {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps the bridge's sink in place; see [`OtelBridge::install`].
#[derive(Debug)]
#[must_use = "dropping the guard removes the sink"]
pub struct BridgeGuard {
    _sink: Option<DefaultSinkGuard>,
}

/// The bridge could not be installed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InstallError {
    /// Another library is joined already.
    Hook(ScopeHookTaken),
    /// The process has a default sink: see [`OtelBridge::context_only`].
    Sink(DefaultSinkTaken),
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the OpenTelemetry bridge could not be installed")
    }
}

impl Error for InstallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Hook(error) => Some(error),
            Self::Sink(error) => Some(error),
        }
    }
}

#[cfg(feature = "tracing")]
fn log_span(context: &mcp_trace::TraceContext) -> tracing::Span {
    tracing::info_span!(
        target: "mcp_trace",
        "mcp",
        trace_id = %context.trace_id(),
        span_id = %context.span_id(),
    )
}
