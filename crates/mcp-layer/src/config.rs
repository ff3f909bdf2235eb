//! What a layer was told.

use std::sync::Arc;

use mcp_trace::SpanSink;
use mcp_trace::carrier::BaggageFilter;

#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) sink: Option<Arc<dyn SpanSink>>,
    pub(crate) propagate_only: bool,
    pub(crate) baggage: BaggageFilter,
}
