//! One handler at work.

use std::sync::Arc;

use mcp_trace::{
    ActiveSpan, End, InTraceExt, Method, Outcome, ProtocolVersion, SpanGuard, SpanKind,
};
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use rmcp::service::{NotificationContext, RequestContext};
use tokio_util::sync::CancellationToken;

use super::TracedHandler;
use super::incoming::{Incoming, open_span, repair_meta};
use crate::Role;

/// A handler that runs under its message's span.
pub(super) struct Running {
    span: Arc<ActiveSpan>,
    guard: Guard,
    protocol_version: Option<ProtocolVersion>,
    /// Tells that the client gave the request up: then rmcp throws the answer away.
    given_up: Option<CancellationToken>,
}

/// Who ends the span.
enum Guard {
    /// We made it.
    Own(SpanGuard),
    /// A layer made it, which learns of everything but a panic: rmcp does not catch those,
    /// and a handler that is gone never answers.
    // Its drop is what it is for.
    Foreign(#[allow(dead_code)] PanicGuard),
}

struct PanicGuard(Arc<ActiveSpan>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_outcome(Outcome::failed("panic"));
            self.0.end();
        }
    }
}

impl<H> TracedHandler<H> {
    /// The span that a request's handler runs under; it is also left in the request's
    /// extensions, for what the handler starts elsewhere.
    pub(super) fn request<R: Role>(
        &self,
        context: &mut RequestContext<R>,
        method: Method,
        target: Option<&str>,
    ) -> Running {
        let mut running = self.open(
            Incoming::request(context, method, target),
            open_span(&context.extensions),
        );
        running.given_up = Some(context.ct.clone());
        context.extensions.insert(running.span.clone());
        running
    }

    /// As [`request`](Self::request), where the context cannot be changed any more.
    #[cfg(feature = "server")]
    pub(super) fn subscription(&self, context: &RequestContext<rmcp::RoleServer>) -> Running {
        let incoming = Incoming::request(context, Method::SubscriptionsListen, None);
        self.open(incoming, open_span(&context.extensions))
    }

    /// As [`request`](Self::request), for a notification.
    pub(super) fn notification<R: Role>(
        &self,
        context: &mut NotificationContext<R>,
        method: Method,
        target: Option<&str>,
    ) -> Running {
        repair_meta(context);
        let running = self.open(
            Incoming::notification(context, method, target),
            open_span(&context.extensions),
        );
        context.extensions.insert(running.span.clone());
        running
    }

    fn open(&self, incoming: Incoming<'_>, open: Option<&Arc<ActiveSpan>>) -> Running {
        let protocol_version = incoming.protocol_version();
        match open {
            Some(span) => {
                let guard = Guard::Foreign(PanicGuard(span.clone()));
                Running {
                    span: span.clone(),
                    guard,
                    protocol_version,
                    given_up: None,
                }
            }
            None => {
                let span = incoming.start(self);
                let guard = Guard::Own(SpanGuard::new(span.clone()));
                Running {
                    span,
                    guard,
                    protocol_version,
                    given_up: None,
                }
            }
        }
    }
}

impl Running {
    /// Runs the handler that `call` starts; its result decides the span's outcome.
    pub(super) async fn answer<T, F>(self, call: impl FnOnce() -> F) -> Result<T, ErrorData>
    where
        F: Future<Output = Result<T, ErrorData>>,
    {
        self.judge(call, |_| Outcome::default()).await
    }

    /// As [`answer`](Self::answer), where a result may be a failure.
    pub(super) async fn judge<T, F>(
        self,
        call: impl FnOnce() -> F,
        judge: impl FnOnce(&T) -> Outcome,
    ) -> Result<T, ErrorData>
    where
        F: Future<Output = Result<T, ErrorData>>,
    {
        // A handler that is no `async fn` may do its work when it is called.
        let result = async { call().await }.in_trace(self.span).await;
        if let Guard::Own(guard) = self.guard {
            if self.given_up.is_some_and(|token| token.is_cancelled()) {
                guard.span().end_as(End::Cancelled);
            }
            guard.span().set_outcome(match &result {
                Ok(answer) => judge(answer),
                Err(error) => refused(error, self.protocol_version),
            });
            guard.end();
        }
        result
    }

    /// Runs a notification's handler.
    pub(super) async fn note<F: Future<Output = ()>>(self, call: impl FnOnce() -> F) {
        async { call().await }.in_trace(self.span).await;
        if let Guard::Own(guard) = self.guard {
            guard.end();
        }
    }

    /// Runs a subscription, which may stand for hours: an own span has ended by then.
    #[cfg(feature = "server")]
    pub(super) async fn listen<F>(self, call: impl FnOnce() -> F) -> Result<(), ErrorData>
    where
        F: Future<Output = Result<(), ErrorData>>,
    {
        let _panics = match self.guard {
            Guard::Own(guard) => {
                guard.end();
                None
            }
            Guard::Foreign(guard) => Some(guard),
        };
        async { call().await }.in_trace(self.span).await
    }
}

/// The error as rmcp sends it: since 2026-07-28 a missing resource is an invalid parameter.
fn refused(error: &ErrorData, version: Option<ProtocolVersion>) -> Outcome {
    let modern = version.is_some_and(|version| version >= ProtocolVersion::V2026_07_28);
    let code = match error.code {
        ErrorCode::RESOURCE_NOT_FOUND if modern => ErrorCode::INVALID_PARAMS,
        code => code,
    };
    Outcome::rpc_error(SpanKind::Server, code.0.into(), &error.message)
}

#[cfg(test)]
mod tests {
    use mcp_trace::ProtocolVersion;
    use rmcp::ErrorData;

    use super::refused;

    #[test]
    fn a_missing_resource_has_the_code_of_its_revision() {
        let error = ErrorData::resource_not_found("no", None);
        for (version, code) in [
            (None, -32002),
            (Some(ProtocolVersion::V2025_11_25), -32002),
            (Some(ProtocolVersion::V2026_07_28), -32602),
        ] {
            assert_eq!(refused(&error, version).rpc_code, Some(code));
        }
    }
}
