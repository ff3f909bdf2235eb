//! Every method of rmcp's `ClientHandler`, passed on to the wrapped handler.
//!
//! A method that is missing here would fall back to rmcp's default without a word; the test
//! `rmcp_surface` compares this file with rmcp's source.

// Sampling, roots and logging are deprecated in rmcp, and still served.
#![allow(deprecated)]

use mcp_trace::Method;
use rmcp::model::{
    CancelledNotificationParam, ClientConfig, CreateMessageRequestParams, CreateMessageResult,
    CustomNotification, CustomRequest, CustomResult, ElicitRequestParams, ElicitResult,
    ListRootsResult, LoggingMessageNotificationParam, ProgressNotificationParam,
    ResourceUpdatedNotificationParam, SubscriptionsAcknowledgedNotificationParams,
    TaskStatusNotificationParams,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{ClientHandler, ErrorData, RoleClient};

use super::TracedHandler;

type Context = RequestContext<RoleClient>;
type Notified = NotificationContext<RoleClient>;
type Answer<T> = Result<T, ErrorData>;

impl<H: ClientHandler> ClientHandler for TracedHandler<H> {
    fn get_info(&self) -> ClientConfig {
        self.inner.get_info()
    }

    async fn ping(&self, mut context: Context) -> Answer<()> {
        let running = self.request(&mut context, Method::Ping, None);
        running.answer(|| self.inner.ping(context)).await
    }

    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        mut context: Context,
    ) -> Answer<CreateMessageResult> {
        let running = self.request(&mut context, Method::SamplingCreateMessage, None);
        running
            .answer(|| self.inner.create_message(params, context))
            .await
    }

    async fn list_roots(&self, mut context: Context) -> Answer<ListRootsResult> {
        let running = self.request(&mut context, Method::RootsList, None);
        running.answer(|| self.inner.list_roots(context)).await
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        mut context: Context,
    ) -> Answer<ElicitResult> {
        let running = self.request(&mut context, Method::ElicitationCreate, None);
        running
            .answer(|| self.inner.create_elicitation(request, context))
            .await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        mut context: Context,
    ) -> Answer<CustomResult> {
        let running = self.request(&mut context, Method::parse(&request.method), None);
        running
            .answer(|| self.inner.on_custom_request(request, context))
            .await
    }

    async fn on_cancelled(&self, params: CancelledNotificationParam, mut context: Notified) {
        let running = self.notification(&mut context, Method::NotificationsCancelled, None);
        running
            .note(|| self.inner.on_cancelled(params, context))
            .await;
    }

    async fn on_progress(&self, params: ProgressNotificationParam, mut context: Notified) {
        let running = self.notification(&mut context, Method::NotificationsProgress, None);
        running
            .note(|| self.inner.on_progress(params, context))
            .await;
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        mut context: Notified,
    ) {
        let running = self.notification(&mut context, Method::NotificationsMessage, None);
        running
            .note(|| self.inner.on_logging_message(params, context))
            .await;
    }

    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        mut context: Notified,
    ) {
        let method = Method::NotificationsResourcesUpdated;
        let running = self.notification(&mut context, method, Some(&params.uri));
        running
            .note(|| self.inner.on_resource_updated(params, context))
            .await;
    }

    async fn on_resource_list_changed(&self, mut context: Notified) {
        let method = Method::NotificationsResourcesListChanged;
        let running = self.notification(&mut context, method, None);
        running
            .note(|| self.inner.on_resource_list_changed(context))
            .await;
    }

    async fn on_tool_list_changed(&self, mut context: Notified) {
        let method = Method::NotificationsToolsListChanged;
        let running = self.notification(&mut context, method, None);
        running
            .note(|| self.inner.on_tool_list_changed(context))
            .await;
    }

    async fn on_prompt_list_changed(&self, mut context: Notified) {
        let method = Method::NotificationsPromptsListChanged;
        let running = self.notification(&mut context, method, None);
        running
            .note(|| self.inner.on_prompt_list_changed(context))
            .await;
    }

    async fn on_subscriptions_acknowledged(
        &self,
        params: SubscriptionsAcknowledgedNotificationParams,
        mut context: Notified,
    ) {
        let method = Method::NotificationsSubscriptionsAcknowledged;
        let running = self.notification(&mut context, method, None);
        running
            .note(|| self.inner.on_subscriptions_acknowledged(params, context))
            .await;
    }

    async fn on_task_status(&self, params: TaskStatusNotificationParams, mut context: Notified) {
        let running = self.notification(&mut context, Method::NotificationsTasks, None);
        running
            .note(|| self.inner.on_task_status(params, context))
            .await;
    }

    async fn on_custom_notification(
        &self,
        notification: CustomNotification,
        mut context: Notified,
    ) {
        let method = Method::parse(&notification.method);
        let running = self.notification(&mut context, method, None);
        running
            .note(|| self.inner.on_custom_notification(notification, context))
            .await;
    }
}
