//! What a layer was told.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{SpanSink, Trust};

#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) sink: Option<Arc<dyn SpanSink>>,
    pub(crate) propagate_only: bool,
    pub(crate) baggage: BaggageFilter,
    pub(crate) trust: TrustRule,
}

/// Decides per request what the caller's context is worth.
#[derive(Clone)]
pub(crate) enum TrustRule {
    Always(Trust),
    PerRequest(Arc<dyn Fn(&Parts) -> Trust + Send + Sync>),
}

impl TrustRule {
    pub(crate) fn decide(&self, head: &Parts) -> Trust {
        match self {
            Self::Always(trust) => *trust,
            Self::PerRequest(decide) => decide(head),
        }
    }
}

impl Default for TrustRule {
    fn default() -> Self {
        Self::Always(Trust::default())
    }
}

impl fmt::Debug for TrustRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always(trust) => trust.fmt(f),
            Self::PerRequest(_) => f.write_str("PerRequest"),
        }
    }
}
