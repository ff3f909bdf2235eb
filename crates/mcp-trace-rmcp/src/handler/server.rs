//! Every method of rmcp's `ServerHandler`, passed on to the wrapped handler.
//!
//! A method that is missing here would fall back to rmcp's default without a word; the test
//! `rmcp_surface` compares this file with rmcp's source.

// Logging and the old subscriptions are deprecated in rmcp, and still served.
#![allow(deprecated)]

use std::borrow::Cow;

use mcp_trace::{Method, Outcome};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CancelledNotificationParam,
    CompleteRequestParams, CompleteResult, CustomNotification, CustomRequest, CustomResult,
    DiscoverResult, GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams,
    GetSkillResult, GetTaskParams, GetTaskResult, InitializeRequestParams, InitializeResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
    ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult, ReadResourceRequestParams,
    ReadResourceResponse, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::TracedHandler;

type Context = RequestContext<RoleServer>;
type Notified = NotificationContext<RoleServer>;
type Answer<T> = Result<T, ErrorData>;

impl<H: ServerHandler> ServerHandler for TracedHandler<H> {
    fn get_info(&self) -> ServerConfig {
        self.inner.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }

    fn negotiate_initialize(&self, request: &InitializeRequestParams) -> Answer<InitializeResult> {
        self.inner.negotiate_initialize(request)
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        self.inner.accepted_subscription_filter(requested)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.inner.get_tool(name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        mut context: Context,
    ) -> Answer<CallToolResponse> {
        let running = self.request(&mut context, Method::ToolsCall, Some(&request.name));
        running
            .judge(|| self.inner.call_tool(request, context), tool_outcome)
            .await
    }

    async fn listen(&self, context: SubscriptionContext) -> Answer<()> {
        let running = self.subscription(context.request_context());
        running.listen(|| self.inner.listen(context)).await
    }

    async fn ping(&self, mut context: Context) -> Answer<()> {
        let running = self.request(&mut context, Method::Ping, None);
        running.answer(|| self.inner.ping(context)).await
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        mut context: Context,
    ) -> Answer<InitializeResult> {
        let running = self.request(&mut context, Method::Initialize, None);
        running
            .answer(|| self.inner.initialize(request, context))
            .await
    }

    async fn discover(&self, mut context: Context) -> Answer<DiscoverResult> {
        let running = self.request(&mut context, Method::ServerDiscover, None);
        running.answer(|| self.inner.discover(context)).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        mut context: Context,
    ) -> Answer<CompleteResult> {
        let running = self.request(&mut context, Method::CompletionComplete, None);
        running
            .answer(|| self.inner.complete(request, context))
            .await
    }

    async fn set_level(&self, request: SetLevelRequestParams, mut context: Context) -> Answer<()> {
        let running = self.request(&mut context, Method::LoggingSetLevel, None);
        running
            .answer(|| self.inner.set_level(request, context))
            .await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        mut context: Context,
    ) -> Answer<GetPromptResponse> {
        let running = self.request(&mut context, Method::PromptsGet, Some(&request.name));
        running
            .answer(|| self.inner.get_prompt(request, context))
            .await
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        mut context: Context,
    ) -> Answer<ListPromptsResult> {
        let running = self.request(&mut context, Method::PromptsList, None);
        running
            .answer(|| self.inner.list_prompts(request, context))
            .await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        mut context: Context,
    ) -> Answer<ListResourcesResult> {
        let running = self.request(&mut context, Method::ResourcesList, None);
        running
            .answer(|| self.inner.list_resources(request, context))
            .await
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        mut context: Context,
    ) -> Answer<ListResourceTemplatesResult> {
        let running = self.request(&mut context, Method::ResourcesTemplatesList, None);
        running
            .answer(|| self.inner.list_resource_templates(request, context))
            .await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        mut context: Context,
    ) -> Answer<ReadResourceResponse> {
        let running = self.request(&mut context, Method::ResourcesRead, Some(&request.uri));
        running
            .answer(|| self.inner.read_resource(request, context))
            .await
    }

    async fn subscribe(&self, request: SubscribeRequestParams, mut context: Context) -> Answer<()> {
        let running = self.request(&mut context, Method::ResourcesSubscribe, Some(&request.uri));
        running
            .answer(|| self.inner.subscribe(request, context))
            .await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        mut context: Context,
    ) -> Answer<()> {
        let running = self.request(
            &mut context,
            Method::ResourcesUnsubscribe,
            Some(&request.uri),
        );
        running
            .answer(|| self.inner.unsubscribe(request, context))
            .await
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        mut context: Context,
    ) -> Answer<ListToolsResult> {
        let running = self.request(&mut context, Method::ToolsList, None);
        running
            .answer(|| self.inner.list_tools(request, context))
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

    async fn get_task(
        &self,
        request: GetTaskParams,
        mut context: Context,
    ) -> Answer<GetTaskResult> {
        let running = self.request(&mut context, Method::TasksGet, None);
        running
            .answer(|| self.inner.get_task(request, context))
            .await
    }

    async fn update_task(&self, request: UpdateTaskParams, mut context: Context) -> Answer<()> {
        let running = self.request(&mut context, Method::TasksUpdate, None);
        running
            .answer(|| self.inner.update_task(request, context))
            .await
    }

    async fn cancel_task(&self, request: CancelTaskParams, mut context: Context) -> Answer<()> {
        let running = self.request(&mut context, Method::TasksCancel, None);
        running
            .answer(|| self.inner.cancel_task(request, context))
            .await
    }

    async fn list_skills(
        &self,
        request: Option<PaginatedRequestParams>,
        mut context: Context,
    ) -> Answer<ListSkillsResult> {
        let running = self.request(&mut context, Method::SkillsList, None);
        running
            .answer(|| self.inner.list_skills(request, context))
            .await
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        mut context: Context,
    ) -> Answer<GetSkillResult> {
        let running = self.request(&mut context, Method::SkillsGet, None);
        running
            .answer(|| self.inner.get_skill(request, context))
            .await
    }

    async fn read_resource_directory(
        &self,
        request: ReadResourceDirectoryRequestParams,
        mut context: Context,
    ) -> Answer<ReadResourceDirectoryResult> {
        let running = self.request(&mut context, Method::ResourcesDirectoryRead, None);
        running
            .answer(|| self.inner.read_resource_directory(request, context))
            .await
    }

    async fn on_cancelled(&self, notification: CancelledNotificationParam, mut context: Notified) {
        let running = self.notification(&mut context, Method::NotificationsCancelled, None);
        running
            .note(|| self.inner.on_cancelled(notification, context))
            .await;
    }

    async fn on_progress(&self, notification: ProgressNotificationParam, mut context: Notified) {
        let running = self.notification(&mut context, Method::NotificationsProgress, None);
        running
            .note(|| self.inner.on_progress(notification, context))
            .await;
    }

    async fn on_initialized(&self, mut context: Notified) {
        let running = self.notification(&mut context, Method::NotificationsInitialized, None);
        running.note(|| self.inner.on_initialized(context)).await;
    }

    async fn on_roots_list_changed(&self, mut context: Notified) {
        let running = self.notification(&mut context, Method::NotificationsRootsListChanged, None);
        running
            .note(|| self.inner.on_roots_list_changed(context))
            .await;
    }

    async fn on_custom_notification(
        &self,
        notification: CustomNotification,
        mut context: Notified,
    ) {
        let running = self.notification(&mut context, Method::parse(&notification.method), None);
        running
            .note(|| self.inner.on_custom_notification(notification, context))
            .await;
    }
}

fn tool_outcome(response: &CallToolResponse) -> Outcome {
    match response {
        CallToolResponse::Complete(result) if result.is_error == Some(true) => {
            Outcome::tool_error()
        }
        _ => Outcome::default(),
    }
}
