//! The typed methods of rmcp's server peer.
//!
//! A method that is missing here would reach the wrapped peer, and have no span; the test
//! `rmcp_surface` compares this file with rmcp's source.

// Sampling, roots and logging are deprecated in rmcp, and still sent.
#![allow(deprecated)]

use std::time::Duration;

use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientResult, CreateMessageRequest,
    CreateMessageRequestParams, CreateMessageResult, ElicitRequest, ElicitRequestParams,
    ElicitResult, ErrorData, ListRootsRequest, ListRootsResult, LoggingMessageNotification,
    LoggingMessageNotificationParam, ProgressNotification, ProgressNotificationParam,
    PromptListChangedNotification, ResourceListChangedNotification, ResourceUpdatedNotification,
    ResourceUpdatedNotificationParam, ServerNotification, ServerRequest,
    ToolListChangedNotification,
};
use rmcp::service::PeerRequestOptions;
use rmcp::{RoleServer, ServiceError};

use crate::TracedPeer;

type Answer<T> = Result<T, ServiceError>;

/// Requests, which MCP 2026-07-28 forbids: rmcp refuses to send them on such a connection.
impl TracedPeer<RoleServer> {
    /// Asks the client's model; as `Peer::create_message`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(note = "sampling is deprecated by SEP-2577")]
    pub async fn create_message(
        &self,
        params: CreateMessageRequestParams,
    ) -> Answer<CreateMessageResult> {
        let invalid =
            |what: &str| ServiceError::McpError(ErrorData::invalid_params(what.to_owned(), None));
        let with_tools = params.tools.is_some() || params.tool_choice.is_some();
        if with_tools && !self.supports_sampling_tools() {
            return Err(invalid(
                "tools or toolChoice provided but client does not support sampling tools capability",
            ));
        }
        params.validate().map_err(|error| invalid(&error))?;
        let decode = |answer| match answer {
            ClientResult::CreateMessageResult(result) => Some(*result),
            _ => None,
        };
        self.request(
            ServerRequest::CreateMessageRequest(CreateMessageRequest::new(params)),
            decode,
        )
        .await
    }

    /// Lists the client's roots; as `Peer::list_roots`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(note = "roots are deprecated by SEP-2577")]
    pub async fn list_roots(&self) -> Answer<ListRootsResult> {
        let decode = |answer| match answer {
            ClientResult::ListRootsResult(result) => Some(result),
            _ => None,
        };
        self.request(
            ServerRequest::ListRootsRequest(ListRootsRequest::default()),
            decode,
        )
        .await
    }

    /// Asks the user; as `Peer::create_elicitation` of rmcp's feature `elicitation`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn create_elicitation(&self, params: ElicitRequestParams) -> Answer<ElicitResult> {
        self.create_elicitation_with_timeout(params, None).await
    }

    /// Asks the user, and waits no longer than this; as `Peer::create_elicitation_with_timeout`
    /// of rmcp's feature `elicitation`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn create_elicitation_with_timeout(
        &self,
        params: ElicitRequestParams,
        timeout: Option<Duration>,
    ) -> Answer<ElicitResult> {
        let mut options = PeerRequestOptions::no_options();
        options.timeout = timeout;
        let decode = |answer| match answer {
            ClientResult::ElicitResult(result) => Some(result),
            _ => None,
        };
        self.request_with(
            ServerRequest::ElicitRequest(ElicitRequest::new(params)),
            options,
            decode,
        )
        .await
    }
}

/// Notifications.
impl TracedPeer<RoleServer> {
    /// Cancels a request; as `Peer::notify_cancelled`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_cancelled(&self, params: CancelledNotificationParam) -> Answer<()> {
        let notification = CancelledNotification::new(params);
        self.send_notification(ServerNotification::CancelledNotification(notification))
            .await
    }

    /// Reports progress; as `Peer::notify_progress`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_progress(&self, params: ProgressNotificationParam) -> Answer<()> {
        let notification = ProgressNotification::new(params);
        self.send_notification(ServerNotification::ProgressNotification(notification))
            .await
    }

    /// Sends a log message; as `Peer::notify_logging_message`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(note = "logging is deprecated by SEP-2577")]
    pub async fn notify_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
    ) -> Answer<()> {
        let notification = LoggingMessageNotification::new(params);
        self.send_notification(ServerNotification::LoggingMessageNotification(notification))
            .await
    }

    /// Says that a resource has changed; as `Peer::notify_resource_updated`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
    ) -> Answer<()> {
        let notification = ResourceUpdatedNotification::new(params);
        self.send_notification(ServerNotification::ResourceUpdatedNotification(
            notification,
        ))
        .await
    }

    /// Says that there are other resources; as `Peer::notify_resource_list_changed`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_resource_list_changed(&self) -> Answer<()> {
        let notification = ResourceListChangedNotification::default();
        self.send_notification(ServerNotification::ResourceListChangedNotification(
            notification,
        ))
        .await
    }

    /// Says that there are other tools; as `Peer::notify_tool_list_changed`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_tool_list_changed(&self) -> Answer<()> {
        let notification = ToolListChangedNotification::default();
        self.send_notification(ServerNotification::ToolListChangedNotification(
            notification,
        ))
        .await
    }

    /// Says that there are other prompts; as `Peer::notify_prompt_list_changed`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn notify_prompt_list_changed(&self) -> Answer<()> {
        let notification = PromptListChangedNotification::default();
        self.send_notification(ServerNotification::PromptListChangedNotification(
            notification,
        ))
        .await
    }
}
