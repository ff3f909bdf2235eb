//! Requests and notifications in rmcp's general form.

use std::pin::pin;
use std::task::{Context, Waker};

use mcp_trace::{Method, Outcome};
use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientNotification, ClientRequest,
    GetExtensions, MetaObject, ProgressToken, RequestId, ServerResult,
};
use rmcp::service::{PeerRequestOptions, RequestHandle};
use rmcp::{Peer, RoleClient, ServiceError};

use super::TracedPeer;
use super::call::Call;
use super::message::{notification_meta, notification_method, request_meta, target};
use crate::meta::TRACE_KEYS;

impl TracedPeer {
    /// Sends any request and waits for the answer.
    ///
    /// # Errors
    /// As [`Peer::send_request`].
    pub async fn send_request(&self, request: ClientRequest) -> Result<ServerResult, ServiceError> {
        self.send_cancellable_request(request, PeerRequestOptions::no_options())
            .await?
            .await_response()
            .await
    }

    /// Sends any request; the handle waits for the answer or cancels.
    ///
    /// # Errors
    /// As [`Peer::send_cancellable_request`].
    pub async fn send_cancellable_request(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
    ) -> Result<TracedRequestHandle, ServiceError> {
        self.send_request_with_option(request, options).await
    }

    /// As [`send_cancellable_request`](Self::send_cancellable_request).
    ///
    /// # Errors
    /// As [`Peer::send_request_with_option`].
    pub async fn send_request_with_option(
        &self,
        mut request: ClientRequest,
        mut options: PeerRequestOptions,
    ) -> Result<TracedRequestHandle, ServiceError> {
        if let Some(meta) = &mut options.meta {
            lift_trace_keys(meta, request_meta(&mut request));
        }
        let call = self.open_request(&mut request);
        match call
            .scope(self.peer.send_request_with_option(request, options))
            .await
        {
            Ok(handle) => {
                call.set_request_id(&handle.id);
                Ok(TracedRequestHandle { handle, call })
            }
            Err(error) => {
                call.end(Err(&error));
                Err(error)
            }
        }
    }

    /// Sends any notification.
    ///
    /// # Errors
    /// As [`Peer::send_notification`].
    pub async fn send_notification(
        &self,
        mut notification: ClientNotification,
    ) -> Result<(), ServiceError> {
        let method = notification_method(&notification);
        let call = self.open(method, None, notification_meta(&mut notification));
        call.run(self.peer.send_notification(notification)).await
    }

    /// Sends a request as rmcp's typed methods do: dropped before the answer, it tells the
    /// server. `decode` picks the answer that the method has.
    pub(super) async fn request<T>(
        &self,
        request: impl Into<ClientRequest>,
        decode: impl FnOnce(ServerResult) -> Option<T>,
    ) -> Result<T, ServiceError> {
        let mut request = request.into();
        let call = self.open_request(&mut request);
        let round_trip = async {
            let options = PeerRequestOptions::no_options();
            let handle = self.peer.send_request_with_option(request, options).await?;
            call.set_request_id(&handle.id);
            let abandoned = AbandonedRequest {
                peer: &self.peer,
                id: Some(handle.id.clone()),
            };
            let result = handle.await_response().await;
            abandoned.disarm();
            result
        };
        let result = call.scope(round_trip).await.and_then(|answer| {
            let outcome = outcome(&answer);
            let answer = decode(answer).ok_or(ServiceError::UnexpectedResponse)?;
            Ok((answer, outcome))
        });
        match result {
            Ok((answer, outcome)) => {
                call.end(Ok(outcome));
                Ok(answer)
            }
            Err(error) => {
                call.end(Err(&error));
                Err(error)
            }
        }
    }

    fn open_request(&self, request: &mut ClientRequest) -> Call {
        let method = Method::parse(request.method());
        let named = target(request).map(str::to_owned);
        let call = self.open(method, named.as_deref(), request_meta(request));
        call.accompany(request.extensions_mut());
        call
    }
}

/// The meta of the options wins over that of the request, key by key.
fn lift_trace_keys(options: &mut MetaObject, request: &mut MetaObject) {
    for key in TRACE_KEYS {
        if let Some(value) = options.remove(key) {
            request.insert(key.to_owned(), value);
        }
    }
}

fn outcome(answer: &ServerResult) -> Outcome {
    match answer {
        ServerResult::CallToolResult(result) if result.is_error == Some(true) => {
            Outcome::tool_error()
        }
        _ => Outcome::default(),
    }
}

/// A request on its way, with its open CLIENT span. Dropping it ends the span as cancelled.
#[derive(Debug)]
#[must_use = "the span ends as cancelled unless the answer is awaited"]
pub struct TracedRequestHandle {
    handle: RequestHandle<RoleClient>,
    call: Call,
}

impl TracedRequestHandle {
    /// The request's id.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.handle.id
    }

    /// The token of its progress notifications.
    #[must_use]
    pub fn progress_token(&self) -> &ProgressToken {
        &self.handle.progress_token
    }

    /// Waits for the answer, which ends the span.
    ///
    /// # Errors
    /// As [`RequestHandle::await_response`].
    pub async fn await_response(self) -> Result<ServerResult, ServiceError> {
        let Self { handle, call } = self;
        let result = call.scope(handle.await_response()).await;
        call.end(result.as_ref().map(outcome));
        result
    }

    /// Cancels the request, and ends its span as cancelled.
    ///
    /// # Errors
    /// As [`RequestHandle::cancel`].
    pub async fn cancel(self, reason: Option<String>) -> Result<(), ServiceError> {
        drop(self.call);
        self.handle.cancel(reason).await
    }
}

/// Tells the server, if it is dropped, that nobody waits for the answer any more. What rmcp
/// does in its typed methods is not to be had from outside.
struct AbandonedRequest<'a> {
    peer: &'a Peer<RoleClient>,
    id: Option<RequestId>,
}

impl AbandonedRequest<'_> {
    fn disarm(mut self) {
        self.id = None;
    }
}

impl Drop for AbandonedRequest<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let reason = "request abandoned by the caller".to_owned();
        let params = CancelledNotificationParam::new(Some(id), Some(reason));
        let notification =
            ClientNotification::CancelledNotification(CancelledNotification::new(params));
        // The first poll puts it into the connection's queue, if there is room; a drop cannot
        // wait for room, nor for its turn in the task's budget.
        let send = pin!(tokio::task::unconstrained(
            self.peer.send_notification(notification)
        ));
        let _ = send.poll(&mut Context::from_waker(Waker::noop()));
    }
}
