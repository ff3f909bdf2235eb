//! Recording into nothing.

use super::SpanSink;
use crate::SpanRecord;

/// Drops every span: contexts are made and propagated as with any other sink.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct DiscardSink;

impl SpanSink for DiscardSink {
    fn record(&self, _span: SpanRecord) {}
}
