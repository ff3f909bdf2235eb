//! What a layer was told.

use std::sync::Arc;

use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{Capture, Sessions, SpanKind, SpanSink};

use crate::Targets;

/// As much as MCP servers usually take: no longer message is copied for a few bytes of context.
const MAX_SPLICED_LEN: usize = 4 * 1024 * 1024;

#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) sink: Option<Arc<dyn SpanSink>>,
    pub(crate) baggage: BaggageFilter,
    pub(crate) targets: Targets,
    pub(crate) mcp_only: bool,
    pub(crate) keep_foreign: bool,
    pub(crate) max_spliced_len: usize,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) capture: Option<Arc<Capture>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sink: None,
            baggage: BaggageFilter::none(),
            targets: Targets::all(),
            mcp_only: false,
            keep_foreign: false,
            max_spliced_len: MAX_SPLICED_LEN,
            sessions: Arc::new(Sessions::new(SpanKind::Client)),
            capture: None,
        }
    }
}
