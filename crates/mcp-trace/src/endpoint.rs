//! SERVER spans by hand.

use std::future::Future;

use crate::{
    ActiveSpan, InTraceExt, McpCall, Method, Operation, Outcome, SpanGuard, SpanKind, Text,
    current_span,
};

/// Runs the handler of the tool `name` under a SERVER span.
///
/// For servers whose layer runs without spans, and for transports that have no layer. Inside
/// an open SERVER span it makes no second one: it fills in the tool's name where the message
/// did not give it. An `Err` is an error of the span, described by its `Display` form.
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
pub async fn endpoint<F, T, E>(name: impl Into<Text>, future: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: std::fmt::Display,
{
    let name = name.into();
    if let Some(open) =
        current_span().filter(|span| span.kind() == SpanKind::Server && span.is_recording())
    {
        open.update_operation(|operation| {
            if let Operation::Mcp(call) = operation {
                if call.method == Method::ToolsCall && call.target.is_none() {
                    call.target = Some(name);
                }
            }
        });
        return future.await;
    }
    let mut call = McpCall::new(Method::ToolsCall);
    call.target = Some(name);
    let span = ActiveSpan::builder(SpanKind::Server, call).start();
    let guard = SpanGuard::new(span.clone());
    let result = future.in_trace(span).await;
    if let Err(error) = &result {
        guard
            .span()
            .set_outcome(Outcome::failed("_OTHER").with_message(&error.to_string()));
    }
    guard.end();
    result
}
