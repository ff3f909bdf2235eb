//! SERVER spans by hand.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::{
    ActiveSpan, InTrace, InTraceExt, McpCall, Method, Operation, Outcome, SpanGuard, SpanKind,
    SpanSink, Text, current_span,
};

/// Runs the handler of the tool `name` under a SERVER span.
///
/// For servers whose layer runs without spans, and for transports that have no layer. Inside
/// an open SERVER span it makes no second one: it fills in the tool's name where the message
/// did not give it. An `Err` is an error of the span, described by its `Display` form; a
/// failure that is told another way goes to [`ActiveSpan::set_outcome`].
///
/// ```
/// # async fn handler() {
/// let answer: Result<String, std::io::Error> =
///     mcp_trace::endpoint("get_weather", async { Ok("22 °C".to_owned()) }).await;
/// # }
/// ```
///
/// # Cancel safety
/// Dropping the returned future drops `future` and ends its own span as cancelled.
pub fn endpoint<F: Future>(name: impl Into<Text>, future: F) -> Endpoint<F> {
    Endpoint {
        future: future.in_trace(None::<Arc<ActiveSpan>>),
        start: Some(Start {
            name: name.into(),
            sink: None,
        }),
        guard: None,
    }
}

pin_project! {
    /// The future of [`endpoint`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Endpoint<F> {
        #[pin]
        future: InTrace<F>,
        // Until the first poll, where the span starts.
        start: Option<Start>,
        // The span, if it is its own.
        guard: Option<SpanGuard>,
    }
}

#[derive(Debug)]
struct Start {
    name: Text,
    sink: Option<Arc<dyn SpanSink>>,
}

impl<F> Endpoint<F> {
    /// Records into `sink`. Defaults to the sink of what is current, else the process default.
    pub fn with_sink(mut self, sink: Arc<dyn SpanSink>) -> Self {
        if let Some(start) = &mut self.start {
            start.sink = Some(sink);
        }
        self
    }
}

impl<F, T, E> Future for Endpoint<F>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(start) = this.start.take() {
            let span = match open_span() {
                Some(open) => {
                    open.update_operation(|operation| name_tool(operation, start.name));
                    open
                }
                None => {
                    let mut call = McpCall::new(Method::ToolsCall);
                    call.target = Some(start.name);
                    let span = ActiveSpan::builder(SpanKind::Server)
                        .maybe_sink(start.sink)
                        .start(call);
                    *this.guard = Some(SpanGuard::new(span.clone()));
                    span
                }
            };
            this.future.as_mut().set_scope(span);
        }
        let result = ready!(this.future.poll(cx));
        if let Some(guard) = this.guard.take() {
            if let Err(error) = &result {
                let outcome = Outcome::failed("_OTHER").with_message(&error.to_string());
                guard.span().set_outcome(outcome);
            }
            guard.end();
        }
        Poll::Ready(result)
    }
}

/// The SERVER span that a layer or an adapter has made.
fn open_span() -> Option<Arc<ActiveSpan>> {
    current_span().filter(|span| span.kind() == SpanKind::Server && span.is_observed())
}

fn name_tool(operation: &mut Operation, name: Text) {
    if let Operation::Mcp(call) = operation {
        if call.method == Method::ToolsCall {
            call.target.get_or_insert(name);
        }
    }
}
