//! What only the calls of a client know: rmcp's response cache, and rounds.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use mcp_trace::{Attribute, McpCall, Operation, Outcome};
use rmcp::ServiceError;

use crate::peer::call::Call;

/// Set where rmcp answered from its response cache: no message was sent.
const CACHED: &str = "mcp_trace.cached";

/// The event of a round in which the server asked for input.
const INPUT_REQUIRED: &str = "mcp_trace.input_required";

impl Call {
    /// As [`run`](Self::run), where rmcp makes the message itself, if it does not know the answer
    /// already.
    pub(super) async fn run_inside<T, F>(self, future: F) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<T, ServiceError>>,
    {
        let result = self.scope(self.inside(future)).await;
        self.end(result.as_ref().map(|_| Outcome::default()));
        result
    }

    /// What is there at the first look took no way to the server and back: the span says so.
    pub(super) async fn inside<T, F>(&self, future: F) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<T, ServiceError>>,
    {
        #[cfg(feature = "http-client")]
        let _listed = self
            .guard
            .as_ref()
            .map(|guard| super::listed::Listed::new(guard.span()));
        let mut future = pin!(future);
        let answer = match poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
            Poll::Ready(answer) => answer,
            Poll::Pending => return future.await,
        };
        if let (Ok(_), Some(guard)) = (&answer, &self.guard) {
            guard.span().set_attribute(CACHED, true);
            guard.span().uncounted();
        }
        answer
    }

    /// Notes that the server has asked for input, and how much.
    pub(super) fn input_required(&self, round: usize, requests: usize) {
        let Some(guard) = &self.guard else { return };
        let number = |value| i64::try_from(value).unwrap_or(i64::MAX);
        let mut attributes = vec![
            Attribute::new("mcp_trace.round", number(round)),
            Attribute::new("mcp_trace.input_requests", number(requests)),
        ];
        guard.span().update_operation(|operation| {
            if let Operation::Mcp(McpCall {
                request_id: Some(id),
                ..
            }) = operation
            {
                attributes.push(Attribute::new("jsonrpc.request.id", id.clone()));
            }
        });
        guard.span().add_event(INPUT_REQUIRED, attributes);
    }
}
