//! One call: its CLIENT span, from the caller's task to the answer.

use mcp_trace::{
    ActiveSpan, InTraceExt, McpCall, Method, Operation, Outcome, SpanGuard, SpanKind, Text,
    current_span,
};
use rmcp::ServiceError;
use rmcp::model::{Extensions, MetaObject, RequestId};

use super::TracedPeer;
use crate::Role;
use crate::meta::{extract_from, inject};

/// An open call. Dropped before its end, it was cancelled.
#[derive(Debug)]
pub(super) struct Call {
    /// Absent where the caller's own context is sent on.
    pub(super) guard: Option<SpanGuard>,
}

impl<R: Role> TracedPeer<R> {
    /// Starts the span of a call, and writes its context into the message's `_meta`.
    pub(super) fn open(&self, method: Method, target: Option<&str>, meta: &mut MetaObject) -> Call {
        let found = extract_from(meta, &self.baggage).into_context();
        let above = self.parent.clone().or_else(current_span);
        let current = match &self.parent {
            Some(parent) => parent.context().cloned(),
            None => mcp_trace::current(),
        };
        if let Some(found) = &found
            && (self.keep_foreign || current.is_some_and(|current| current.same_span(found)))
        {
            return Call { guard: None };
        }
        let mut call = McpCall::new(method);
        call.set_target(target, target);
        call.protocol_version = R::protocol_version(&self.peer);
        let builder = ActiveSpan::builder(SpanKind::Client).maybe_sink(self.sink.clone());
        let span = match (above, found) {
            (Some(above), _) => builder.child_of(above),
            (None, found) => builder.otherwise_under(found),
        }
        .start(call);
        if let Some(context) = span.context() {
            inject(context, &self.baggage, meta);
        }
        Call {
            guard: Some(SpanGuard::new(span)),
        }
    }
}

impl Call {
    /// Runs a call that gives no results that are failures.
    pub(super) async fn run<T, F>(self, future: F) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<T, ServiceError>>,
    {
        let result = self.scope(future).await;
        self.end(result.as_ref().map(|_| Outcome::default()));
        result
    }

    /// Runs a part of the call with its span as the current one.
    pub(super) async fn scope<F: Future>(&self, future: F) -> F::Output {
        match &self.guard {
            Some(guard) => future.in_trace(guard.span().clone()).await,
            None => future.await,
        }
    }

    /// Leaves the span with the message, for the HTTP client to complete it.
    pub(super) fn accompany(&self, message: &mut Extensions) {
        if let Some(guard) = &self.guard {
            message.insert(guard.span().clone());
        }
    }

    pub(super) fn set_request_id(&self, id: &RequestId) {
        if let Some(guard) = &self.guard {
            set_request_id(guard.span(), id);
        }
    }

    /// Ends the span with what came back.
    pub(super) fn end(self, result: Result<Outcome, &ServiceError>) {
        if let Some(guard) = self.guard {
            guard.span().set_outcome(result.unwrap_or_else(failure));
            guard.end();
        }
    }
}

pub(crate) fn set_request_id(span: &ActiveSpan, id: &RequestId) {
    span.update_operation(|operation| {
        if let Operation::Mcp(call) = operation {
            call.request_id = Some(Text::new(&id.to_string()));
        }
    });
}

/// A client counts every JSON-RPC error as an error. The text of other failures may name
/// hosts and secrets: only their kind is kept.
fn failure(error: &ServiceError) -> Outcome {
    match error {
        ServiceError::McpError(error) => {
            Outcome::rpc_error(SpanKind::Client, error.code.0.into(), &error.message)
        }
        ServiceError::TransportSend(_) => Outcome::failed("transport_send"),
        ServiceError::TransportClosed => Outcome::failed("transport_closed"),
        ServiceError::UnexpectedResponse => Outcome::failed("unexpected_response"),
        ServiceError::SubscriptionLagged { .. } => Outcome::failed("subscription_lagged"),
        ServiceError::Cancelled { .. } => Outcome::cancelled(),
        ServiceError::Timeout { .. } => Outcome::failed("timeout"),
        ServiceError::InputRequiredRoundsExceeded { .. } => {
            Outcome::failed("input_required_rounds_exceeded")
        }
        _ => Outcome::failed("_OTHER"),
    }
}
