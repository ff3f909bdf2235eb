//! Agents: the spans above tool calls, and the model that asked for them.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    ActiveSpan, InTraceExt, Operation, SpanGuard, SpanKind, SpanSink, Text, TraceContext,
    current_span,
};

/// Starts a span for a run of the agent `name`, as a child of what is current.
///
/// ```
/// use mcp_trace::{agent_span, set_llm};
///
/// # async fn call_model() {} async fn call_tool() {}
/// # async fn run() {
/// agent_span("weather_agent")
///     .run(async {
///         call_model().await;
///         set_llm("openai", "gpt-4o");
///         call_tool().await; // its span carries the agent, the provider and the model
///     })
///     .await;
/// # }
/// ```
pub fn agent_span(name: impl Into<Text>) -> AgentSpan {
    AgentSpan {
        name: name.into(),
        sink: None,
        under: None,
    }
}

/// Says which model the current agent called last; the tool calls that follow carry it,
/// until it is replaced or the agent ends.
///
/// Shared with tasks that the agent spawned [in its trace](crate::InTraceExt::in_trace).
/// Without a current agent it does nothing.
pub fn set_llm(provider: impl Into<Text>, model: impl Into<Text>) {
    if let Some(agent) = current_span().as_ref().and_then(|span| span.agent()) {
        let llm = Llm {
            provider: provider.into(),
            model: model.into(),
        };
        *agent.llm.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(llm));
    }
}

/// A run of an agent; made by [`agent_span`].
#[derive(Debug)]
#[must_use = "an agent span starts with `run` or `start`"]
pub struct AgentSpan {
    name: Text,
    sink: Option<Arc<dyn SpanSink>>,
    under: Option<TraceContext>,
}

impl AgentSpan {
    /// Records into `sink`. Defaults to the sink of what is current, else the process default.
    pub fn with_sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Continues `context`. Defaults to what is current.
    pub fn under(mut self, context: TraceContext) -> Self {
        self.under = Some(context);
        self
    }

    /// Starts the span; make it current with [`in_trace`](crate::InTraceExt::in_trace), and
    /// [end](ActiveSpan::end) it.
    #[must_use]
    pub fn start(self) -> Arc<ActiveSpan> {
        let agent = Arc::new(Agent {
            name: self.name.clone(),
            llm: Mutex::new(None),
        });
        let mut builder = ActiveSpan::builder(SpanKind::Internal)
            .maybe_sink(self.sink)
            .agent(agent);
        if self.under.is_some() {
            builder = builder.under(self.under);
        }
        builder.start(Operation::Agent { name: self.name })
    }

    /// Runs `future` as the agent: everything started inside is below its span, which ends
    /// with the future.
    ///
    /// # Cancel safety
    /// Dropping the returned future drops `future` and ends the span as cancelled; a panic
    /// ends it with `error.type` = `panic`.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        let span = self.start();
        let guard = SpanGuard::new(span.clone());
        let output = future.in_trace(span).await;
        guard.end();
        output
    }
}

/// The state of a running agent, shared by all spans below it.
#[derive(Debug)]
pub(crate) struct Agent {
    name: Text,
    llm: Mutex<Option<Arc<Llm>>>,
}

#[derive(Debug)]
struct Llm {
    provider: Text,
    model: Text,
}

/// The agent that a span ran under, and the model that had answered last when it began.
#[derive(Clone, Debug)]
pub struct AgentContext {
    agent: Arc<Agent>,
    llm: Option<Arc<Llm>>,
}

impl AgentContext {
    pub(crate) fn now(agent: Arc<Agent>) -> Self {
        let llm = agent
            .llm
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Self { agent, llm }
    }

    pub(crate) fn agent(&self) -> &Arc<Agent> {
        &self.agent
    }

    /// The agent's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.agent.name.as_str()
    }

    /// The provider given to [`set_llm`].
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        Some(self.llm.as_ref()?.provider.as_str())
    }

    /// The model given to [`set_llm`].
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        Some(self.llm.as_ref()?.model.as_str())
    }
}
