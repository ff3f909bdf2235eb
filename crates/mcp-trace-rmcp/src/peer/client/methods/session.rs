//! What is about the session: discovery, log level, subscriptions, notifications.

use std::num::NonZeroUsize;

use mcp_trace::Method;
use rmcp::RoleClient;
use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientNotification, DiscoverResult,
    InitializedNotification, MetaObject, ProgressNotification, ProgressNotificationParam,
    RequestMetaObject, RootsListChangedNotification, SetLevelRequest, SetLevelRequestParams,
    SubscriptionFilter,
};
use rmcp::service::Subscription;

use super::{Answer, empty};
use crate::TracedPeer;

/// The session.
impl TracedPeer<RoleClient> {
    /// Asks what the server can do; as `Peer::discover`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn discover(&self, mut meta: RequestMetaObject) -> Answer<DiscoverResult> {
        let call = self.open(Method::ServerDiscover, None, &mut meta);
        call.run_inside(self.peer.discover(meta)).await
    }

    /// Sets the level of the server's log messages; as `Peer::set_level`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(note = "logging is deprecated by SEP-2577")]
    pub async fn set_level(&self, params: SetLevelRequestParams) -> Answer<()> {
        self.request(SetLevelRequest::new(params), empty).await
    }

    /// Opens a subscription; as `Peer::listen`. The span ends when the subscription stands.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn listen(&self, notifications: SubscriptionFilter) -> Answer<Subscription> {
        let call = self.open(Method::SubscriptionsListen, None, &mut MetaObject::new());
        call.run(self.peer.listen(notifications)).await
    }

    /// Opens a subscription; as `Peer::listen_with_capacity`. The span ends when the
    /// subscription stands.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn listen_with_capacity(
        &self,
        notifications: SubscriptionFilter,
        channel_capacity: NonZeroUsize,
    ) -> Answer<Subscription> {
        let call = self.open(Method::SubscriptionsListen, None, &mut MetaObject::new());
        call.run(
            self.peer
                .listen_with_capacity(notifications, channel_capacity),
        )
        .await
    }

    /// Cancels a request; as `Peer::notify_cancelled`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_cancelled(&self, params: CancelledNotificationParam) -> Answer<()> {
        let notification = CancelledNotification::new(params);
        self.send_notification(ClientNotification::CancelledNotification(notification))
            .await
    }

    /// Reports progress; as `Peer::notify_progress`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_progress(&self, params: ProgressNotificationParam) -> Answer<()> {
        let notification = ProgressNotification::new(params);
        self.send_notification(ClientNotification::ProgressNotification(notification))
            .await
    }

    /// Ends the handshake; as `Peer::notify_initialized`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_initialized(&self) -> Answer<()> {
        let notification = InitializedNotification::default();
        self.send_notification(ClientNotification::InitializedNotification(notification))
            .await
    }

    /// Says that the roots have changed; as `Peer::notify_roots_list_changed`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_roots_list_changed(&self) -> Answer<()> {
        let notification = RootsListChangedNotification::default();
        self.send_notification(ClientNotification::RootsListChangedNotification(
            notification,
        ))
        .await
    }
}
