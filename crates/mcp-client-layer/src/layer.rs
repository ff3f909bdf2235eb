use std::sync::Arc;

use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{Capture, SpanSink};
use tower_layer::Layer;

use crate::config::Config;
use crate::{McpClientTrace, Targets};

/// Traces the MCP messages that a client sends; see the [crate documentation](crate).
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct McpClientTraceLayer {
    config: Arc<Config>,
}

impl McpClientTraceLayer {
    /// Records below what is current, and sends its context everywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records into `sink`. Defaults to the sink of the span that is current, else to the
    /// process default, looked up per request.
    pub fn with_sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        self.config_mut().sink = Some(sink);
        self
    }

    /// Sends context only to these targets; calls to others are recorded all the same.
    /// Defaults to [`Targets::all`].
    ///
    /// What a message carries when it gets here is left in it: a context that an adapter above
    /// HTTP has written, or that of the caller whose message a gateway forwards.
    pub fn propagate_to(mut self, targets: Targets) -> Self {
        self.config_mut().targets = targets;
        self
    }

    /// Sends these baggage members along. Defaults to none: whoever called this program may
    /// have put anything there.
    pub fn baggage(mut self, filter: BaggageFilter) -> Self {
        self.config_mut().baggage = filter;
        self
    }

    /// Leaves requests alone that are no MCP message, the standing GET stream and DELETE among
    /// them. Defaults to a CLIENT span named by the HTTP method.
    pub fn mcp_only(mut self) -> Self {
        self.config_mut().mcp_only = true;
        self
    }

    /// Passes on a context that is in a message already, without a span of its own, whoever
    /// put it there. Defaults to a new CLIENT span whose context replaces it, which is what a
    /// gateway that forwards messages needs.
    pub fn keep_foreign(mut self) -> Self {
        self.config_mut().keep_foreign = true;
        self
    }

    /// Records arguments and results of tool calls, as far as the function in `capture` lets them
    /// through; where it panics they are not recorded, which [`Capture::panics`] counts. Defaults to
    /// recording neither, at no cost.
    pub fn capture(mut self, capture: Capture) -> Self {
        self.config_mut().capture = Some(Arc::new(capture));
        self
    }

    /// Writes `_meta` only into messages of at most `bytes` bytes; longer ones carry the
    /// context in the headers alone. Defaults to 4 MiB.
    pub fn max_spliced_len(mut self, bytes: usize) -> Self {
        self.config_mut().max_spliced_len = bytes;
        self
    }

    fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }
}

impl<S> Layer<S> for McpClientTraceLayer {
    type Service = McpClientTrace<S>;

    fn layer(&self, inner: S) -> McpClientTrace<S> {
        McpClientTrace::around(inner, self.config.clone())
    }
}
