//! What a layer was told.

use std::collections::HashSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use mcp_envelope::{AnswerWatcher, Excerpt, Id, RequestScanner};
use mcp_trace::carrier::{BaggageFilter, extract_values};
use mcp_trace::{
    ActiveSpan, Capture, CapturedPart, McpCall, Method, Sampler, Sessions, SpanBuilder, SpanKind,
    SpanSink, TargetKind, Text, TraceContext, Trust,
};

use crate::Stats;
use crate::head::Content;
use crate::sampling_cap::SamplingCap;
use crate::stats::Reason;

const OTHER: Text = Text::from_static("_OTHER");

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) sink: Option<Arc<dyn SpanSink>>,
    pub(crate) propagate_only: bool,
    pub(crate) baggage: BaggageFilter,
    pub(crate) trust: Trust,
    pub(crate) trust_with: Option<Rule<Parts, Trust>>,
    pub(crate) spans_for: Option<Rule<Method, bool>>,
    pub(crate) sampler_for: Option<Rule<Method, Option<Sampler>>>,
    pub(crate) client_address: Option<Rule<Parts, Option<SocketAddr>>>,
    pub(crate) sampling_cap: Option<Arc<SamplingCap>>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) known_tools: Option<Arc<HashSet<Box<str>>>>,
    pub(crate) capture: Option<Capture>,
    pub(crate) sessions: Arc<Sessions>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sink: None,
            propagate_only: false,
            baggage: BaggageFilter::none(),
            trust: Trust::Continue,
            trust_with: None,
            spans_for: None,
            sampler_for: None,
            client_address: None,
            sampling_cap: None,
            stats: Arc::default(),
            known_tools: None,
            capture: None,
            sessions: Arc::new(Sessions::new(SpanKind::Server)),
        }
    }
}

impl Config {
    pub(crate) fn trust(&self, head: &Parts) -> Trust {
        self.trust_with
            .as_ref()
            .map_or(self.trust, |rule| rule.apply(head))
    }

    #[inline]
    pub(crate) fn wants_span(&self, method: impl FnOnce() -> Method) -> bool {
        self.spans_for
            .as_ref()
            .is_none_or(|rule| rule.apply(&method()))
    }

    /// What decides in place of the sink whether a trace is recorded that begins with `method`.
    #[inline]
    pub(crate) fn sampler(&self, method: impl FnOnce() -> Method) -> Option<Sampler> {
        self.sampler_for.as_ref()?.apply(&method())
    }

    /// Counts a request, which [`Exchange::end`](crate::exchange::Exchange::end) is to end. The
    /// program's own functions, which may panic, have run.
    pub(crate) fn begin(self: &Arc<Self>) -> Arc<Self> {
        self.stats.begin();
        self.clone()
    }

    /// Prepares the span of a message.
    #[inline]
    pub(crate) fn span(&self) -> SpanBuilder {
        let builder = ActiveSpan::builder(SpanKind::Server);
        match &self.sink {
            _ if self.propagate_only => builder.propagate_only(),
            Some(sink) => builder.sink(sink.clone()),
            None => builder,
        }
    }

    /// What reads the requests.
    pub(crate) fn scanner(&self) -> RequestScanner {
        match &self.capture {
            Some(capture) => RequestScanner::new().capture_arguments(capture.max_len()),
            None => RequestScanner::new(),
        }
    }

    /// What finds the answer to `id` in a body of this kind.
    pub(crate) fn watcher(&self, content: Content, id: Option<Id>) -> Option<AnswerWatcher> {
        let watcher = match content {
            Content::Json => AnswerWatcher::json(id),
            Content::EventStream => AnswerWatcher::sse(id),
            Content::Encoded | Content::Other => return None,
        };
        Some(match &self.capture {
            Some(capture) => watcher.capture_result(capture.max_len()),
            None => watcher,
        })
    }

    /// Records what was captured, if the program wants that.
    pub(crate) fn capture(&self, span: &ActiveSpan, part: CapturedPart, json: Option<&Excerpt>) {
        if let (Some(capture), Some(json)) = (&self.capture, json) {
            if !capture.record(span, part, &json.text(), json.is_truncated()) {
                self.stats.note(Reason::CapturePanic);
            }
        }
    }

    /// What a caller says that it calls, as far as there is such a tool.
    #[inline]
    pub(crate) fn target(&self, method: &Method, target: Option<Text>) -> Option<Text> {
        let (Some(known), TargetKind::Tool) = (&self.known_tools, method.target_kind()) else {
            return target;
        };
        target.map(|tool| match known.contains(tool.as_str()) {
            true => tool,
            false => OTHER,
        })
    }

    /// The same in the description of a call.
    pub(crate) fn bound(&self, call: &mut McpCall) {
        call.target = self.target(&call.method, call.target.take());
    }

    /// The context in a message's `_meta`.
    pub(crate) fn context_of(
        &self,
        parent: &str,
        tracestate: Option<&str>,
        baggage: Option<&str>,
    ) -> Option<TraceContext> {
        let (tracestate, baggage) = (tracestate.map(str::as_bytes), baggage.map(str::as_bytes));
        let extracted = extract_values(parent.as_bytes(), tracestate, baggage, &self.baggage);
        let context = extracted.into_context();
        if context.is_none() {
            self.stats.note(Reason::InvalidMeta);
        }
        context
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
