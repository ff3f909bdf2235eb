//! Requests and notifications in rmcp's general form.

use std::pin::pin;
use std::task::{Context, Waker};

use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, GetExtensions, MetaObject, ProgressToken,
    RequestId,
};
use rmcp::service::{PeerRequestOptions, RequestHandle};
use rmcp::{Peer, ServiceError};

use super::call::Call;
use super::{DefaultRole, TracedPeer};
use crate::Role;
use crate::meta::TRACE_KEYS;

impl<R: Role> TracedPeer<R> {
    /// Sends any request and waits for the answer.
    ///
    /// # Errors
    /// As [`Peer::send_request`].
    pub async fn send_request(&self, request: R::Req) -> Result<R::PeerResp, ServiceError> {
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
        request: R::Req,
        options: PeerRequestOptions,
    ) -> Result<TracedRequestHandle<R>, ServiceError> {
        self.send_request_with_option(request, options).await
    }

    /// As [`send_cancellable_request`](Self::send_cancellable_request).
    ///
    /// # Errors
    /// As [`Peer::send_request_with_option`].
    pub async fn send_request_with_option(
        &self,
        mut request: R::Req,
        mut options: PeerRequestOptions,
    ) -> Result<TracedRequestHandle<R>, ServiceError> {
        if let Some(meta) = &mut options.meta {
            lift_trace_keys(meta, R::request_meta(&mut request));
        }
        let call = self.open_request(&mut request);
        call.accompany(request.extensions_mut());
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
    pub async fn send_notification(&self, mut notification: R::Not) -> Result<(), ServiceError> {
        let (method, target) = R::notification(&notification);
        let target = target.map(str::to_owned);
        let call = self.open(
            method,
            target.as_deref(),
            R::notification_meta(&mut notification),
        );
        call.run(self.peer.send_notification(notification)).await
    }

    /// Sends a request as rmcp's typed methods do: a client that drops it before the answer
    /// tells the server. `decode` picks the answer that the method has.
    pub(super) async fn request<T>(
        &self,
        request: impl Into<R::Req>,
        decode: impl FnOnce(R::PeerResp) -> Option<T>,
    ) -> Result<T, ServiceError> {
        self.request_with(request, PeerRequestOptions::no_options(), decode)
            .await
    }

    /// As [`request`](Self::request), with options.
    pub(super) async fn request_with<T>(
        &self,
        request: impl Into<R::Req>,
        options: PeerRequestOptions,
        decode: impl FnOnce(R::PeerResp) -> Option<T>,
    ) -> Result<T, ServiceError> {
        let mut request = request.into();
        let call = self.open_request(&mut request);
        let round_trip = self.round_trip(&call, request, options);
        let result = call.scope(round_trip).await.and_then(|answer| {
            let outcome = R::outcome(&answer);
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

    /// Sends one request of an open call, and waits for its answer.
    pub(super) async fn round_trip(
        &self,
        call: &Call,
        mut request: R::Req,
        options: PeerRequestOptions,
    ) -> Result<R::PeerResp, ServiceError> {
        call.accompany(request.extensions_mut());
        let handle = self.peer.send_request_with_option(request, options).await?;
        call.set_request_id(&handle.id);
        let abandoned = AbandonedRequest {
            peer: &self.peer,
            id: R::IS_CLIENT.then(|| handle.id.clone()),
        };
        let result = handle.await_response().await;
        abandoned.disarm();
        result
    }

    fn open_request(&self, request: &mut R::Req) -> Call {
        let method = R::method(request);
        let target = R::target(request).map(str::to_owned);
        self.open(method, target.as_deref(), R::request_meta(request))
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

/// A request on its way, with its open CLIENT span. Dropping it ends the span as cancelled.
#[derive(Debug)]
#[must_use = "the span ends as cancelled unless the answer is awaited"]
pub struct TracedRequestHandle<R: Role = DefaultRole> {
    handle: RequestHandle<R>,
    call: Call,
}

impl<R: Role> TracedRequestHandle<R> {
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
    pub async fn await_response(self) -> Result<R::PeerResp, ServiceError> {
        let Self { handle, call } = self;
        let result = call.scope(handle.await_response()).await;
        call.end(result.as_ref().map(R::outcome));
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
struct AbandonedRequest<'a, R: Role> {
    peer: &'a Peer<R>,
    id: Option<RequestId>,
}

impl<R: Role> AbandonedRequest<'_, R> {
    fn disarm(mut self) {
        self.id = None;
    }
}

impl<R: Role> Drop for AbandonedRequest<'_, R> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let reason = "request abandoned by the caller".to_owned();
        let params = CancelledNotificationParam::new(Some(id), Some(reason));
        let notification = CancelledNotification::new(params).into();
        // The first poll puts it into the connection's queue, if there is room; a drop cannot
        // wait for room, nor for its turn in the task's budget.
        let send = pin!(tokio::task::unconstrained(
            self.peer.send_notification(notification)
        ));
        let _ = send.poll(&mut Context::from_waker(Waker::noop()));
    }
}
