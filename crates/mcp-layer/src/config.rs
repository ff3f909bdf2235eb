//! What a layer was told.

use std::collections::HashSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{ActiveSpan, Method, Operation, SpanBuilder, SpanKind, SpanSink, Trust};

use crate::Stats;
use crate::sampling_cap::SamplingCap;

#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) sink: Option<Arc<dyn SpanSink>>,
    pub(crate) propagate_only: bool,
    pub(crate) baggage: BaggageFilter,
    pub(crate) trust: Trust,
    pub(crate) trust_with: Option<Rule<Parts, Trust>>,
    pub(crate) spans_for: Option<Rule<Method, bool>>,
    pub(crate) client_address: Option<Rule<Parts, Option<SocketAddr>>>,
    pub(crate) sampling_cap: Option<Arc<SamplingCap>>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) known_tools: Option<Arc<HashSet<Box<str>>>>,
}

impl Config {
    pub(crate) fn trust(&self, head: &Parts) -> Trust {
        self.trust_with
            .as_ref()
            .map_or(self.trust, |rule| rule.apply(head))
    }

    pub(crate) fn wants_span(&self, method: impl FnOnce() -> Method) -> bool {
        self.spans_for
            .as_ref()
            .is_none_or(|rule| rule.apply(&method()))
    }

    /// Prepares the span of a message.
    pub(crate) fn span(&self, operation: impl Into<Operation>) -> SpanBuilder {
        let builder =
            ActiveSpan::builder(SpanKind::Server, operation).maybe_sink(self.sink.clone());
        if self.propagate_only {
            builder.propagate_only()
        } else {
            builder
        }
    }

    pub(crate) fn knows_tool(&self, name: &str) -> bool {
        self.known_tools
            .as_ref()
            .is_none_or(|tools| tools.contains(name))
    }
}

/// A closure of the program that decides something.
pub(crate) struct Rule<A, R>(Arc<dyn Fn(&A) -> R + Send + Sync>);

impl<A, R> Rule<A, R> {
    pub(crate) fn new(rule: impl Fn(&A) -> R + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    pub(crate) fn apply(&self, subject: &A) -> R {
        (self.0)(subject)
    }
}

impl<A, R> Clone for Rule<A, R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A, R> fmt::Debug for Rule<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule(..)")
    }
}
