//! The typed methods of rmcp's client peer.
//!
//! A method that is missing here would reach the wrapped peer, and have no span; the test
//! `rmcp_surface` compares this file with rmcp's source.

// Logging and the old subscriptions are deprecated in rmcp, and still sent.
#![allow(deprecated)]

use std::num::NonZeroUsize;

use mcp_trace::Method;
use rmcp::model::{
    ArgumentInfo, CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult,
    CancelTaskParams, CancelTaskRequest, CancelledNotification, CancelledNotificationParam,
    ClientNotification, CompleteRequest, CompleteRequestParams, CompleteResult, CompletionContext,
    CompletionInfo, DiscoverResult, GetPromptRequest, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskRequest,
    GetTaskResult, InitializedNotification, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListSkillsResult, ListToolsResult, MetaObject, PaginatedRequestParams,
    ProgressNotification, ProgressNotificationParam, Prompt, ReadResourceDirectoryRequestParams,
    ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Reference, RequestMetaObject, RequestParamsMeta, Resource,
    ResourceTemplate, RootsListChangedNotification, ServerResult, SetLevelRequest,
    SetLevelRequestParams, Skill, SubscribeRequest, SubscribeRequestParams, SubscriptionFilter,
    Tool, UnsubscribeRequest, UnsubscribeRequestParams, UpdateTaskParams, UpdateTaskRequest,
};
use rmcp::service::Subscription;
use rmcp::{RoleClient, ServiceError};

use crate::TracedPeer;

type Answer<T> = Result<T, ServiceError>;

/// One page, as rmcp's own peer lists it, and so with its cache.
macro_rules! lists {
    ($($(#[$doc:meta])* $list:ident / $list_all:ident: $method:expr => $Page:ident . $items:ident [$Item:ident];)+) => {$(
        #[doc = concat!("Lists one page; as `Peer::", stringify!($list), "`.")]
        ///
        /// # Errors
        /// As the method of rmcp's peer.
        pub async fn $list(&self, params: Option<PaginatedRequestParams>) -> Answer<$Page> {
            let mut params = params.unwrap_or_default();
            let call = self.open($method, None, params.meta_or_default());
            call.run_inside(self.peer.$list(Some(params))).await
        }

        #[doc = concat!("Lists every page, each by a call of its own; as `Peer::", stringify!($list_all), "`.")]
        ///
        /// # Errors
        /// As the method of rmcp's peer.
        pub async fn $list_all(&self) -> Answer<Vec<$Item>> {
            let mut items = Vec::new();
            let mut params = PaginatedRequestParams::default();
            loop {
                let page = self.$list(Some(params)).await?;
                items.extend(page.$items);
                match page.next_cursor {
                    Some(cursor) => params = PaginatedRequestParams::default().with_cursor(Some(cursor)),
                    None => return Ok(items),
                }
            }
        }
    )+};
}

/// Picks one variant of the answer.
macro_rules! only {
    ($($variant:ident)|+) => {
        |answer| match answer {
            $(ServerResult::$variant(answer) => Some(answer.into()),)+
            _ => None,
        }
    };
}

/// Tools.
impl TracedPeer<RoleClient> {
    /// Calls a tool; as `Peer::call_tool`.
    ///
    /// # Errors
    /// As the method of rmcp's peer. A tool that failed is no error here, but
    /// `is_error` in its result.
    pub async fn call_tool(&self, params: CallToolRequestParams) -> Answer<CallToolResult> {
        let decode = |answer| match call_tool_response(answer)? {
            CallToolResponse::Complete(result) => Some(result),
            _ => None,
        };
        self.request(CallToolRequest::new(params), decode).await
    }

    /// Calls a tool, which may ask for input or make a task; as `Peer::call_tool_once`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn call_tool_once(&self, params: CallToolRequestParams) -> Answer<CallToolResponse> {
        self.request(CallToolRequest::new(params), call_tool_response)
            .await
    }

    /// Asks for a task's state; as `Peer::get_task`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn get_task(&self, params: GetTaskParams) -> Answer<GetTaskResult> {
        self.request(GetTaskRequest::new(params), only!(GetTaskResult))
            .await
    }

    /// Answers what a task asked for; as `Peer::update_task`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn update_task(&self, params: UpdateTaskParams) -> Answer<()> {
        self.request(UpdateTaskRequest::new(params), acknowledged)
            .await
    }

    /// Cancels a task; as `Peer::cancel_task`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn cancel_task(&self, params: CancelTaskParams) -> Answer<()> {
        self.request(CancelTaskRequest::new(params), acknowledged)
            .await
    }
}

/// Lists.
impl TracedPeer<RoleClient> {
    lists! {
        list_tools / list_all_tools: Method::ToolsList => ListToolsResult.tools[Tool];
        list_prompts / list_all_prompts: Method::PromptsList => ListPromptsResult.prompts[Prompt];
        list_resources / list_all_resources: Method::ResourcesList => ListResourcesResult.resources[Resource];
        list_resource_templates / list_all_resource_templates:
            Method::ResourcesTemplatesList => ListResourceTemplatesResult.resource_templates[ResourceTemplate];
        list_skills / list_all_skills: Method::SkillsList => ListSkillsResult.skills[Skill];
    }
}

/// Prompts and completion.
impl TracedPeer<RoleClient> {
    /// Gets a prompt; as `Peer::get_prompt`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn get_prompt(&self, params: GetPromptRequestParams) -> Answer<GetPromptResult> {
        self.request(GetPromptRequest::new(params), only!(GetPromptResult))
            .await
    }

    /// Gets a prompt, which may ask for input; as `Peer::get_prompt_once`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn get_prompt_once(
        &self,
        params: GetPromptRequestParams,
    ) -> Answer<GetPromptResponse> {
        self.request(GetPromptRequest::new(params), get_prompt_response)
            .await
    }

    /// Completes an argument; as `Peer::complete`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn complete(&self, params: CompleteRequestParams) -> Answer<CompleteResult> {
        self.request(CompleteRequest::new(params), only!(CompleteResult))
            .await
    }

    /// Completes a prompt's argument; as `Peer::complete_prompt_argument`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn complete_prompt_argument(
        &self,
        prompt_name: impl Into<String>,
        argument_name: impl Into<String>,
        current_value: impl Into<String>,
        context: Option<CompletionContext>,
    ) -> Answer<CompletionInfo> {
        self.complete_argument(
            Reference::for_prompt(prompt_name),
            argument_name,
            current_value,
            context,
        )
        .await
    }

    /// Completes a resource template's argument; as `Peer::complete_resource_argument`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn complete_resource_argument(
        &self,
        uri_template: impl Into<String>,
        argument_name: impl Into<String>,
        current_value: impl Into<String>,
        context: Option<CompletionContext>,
    ) -> Answer<CompletionInfo> {
        self.complete_argument(
            Reference::for_resource(uri_template),
            argument_name,
            current_value,
            context,
        )
        .await
    }

    /// Completes a prompt's argument; as `Peer::complete_prompt_simple`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn complete_prompt_simple(
        &self,
        prompt_name: impl Into<String>,
        argument_name: impl Into<String>,
        current_value: impl Into<String>,
    ) -> Answer<Vec<String>> {
        Ok(self
            .complete_prompt_argument(prompt_name, argument_name, current_value, None)
            .await?
            .values)
    }

    /// Completes a resource template's argument; as `Peer::complete_resource_simple`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn complete_resource_simple(
        &self,
        uri_template: impl Into<String>,
        argument_name: impl Into<String>,
        current_value: impl Into<String>,
    ) -> Answer<Vec<String>> {
        Ok(self
            .complete_resource_argument(uri_template, argument_name, current_value, None)
            .await?
            .values)
    }

    async fn complete_argument(
        &self,
        reference: Reference,
        name: impl Into<String>,
        value: impl Into<String>,
        context: Option<CompletionContext>,
    ) -> Answer<CompletionInfo> {
        let argument = ArgumentInfo::new(name, value);
        let mut params = CompleteRequestParams::new(reference, argument);
        params.context = context;
        Ok(self.complete(params).await?.completion)
    }
}

/// Resources and skills.
impl TracedPeer<RoleClient> {
    /// Reads a resource; as `Peer::read_resource`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn read_resource(
        &self,
        mut params: ReadResourceRequestParams,
    ) -> Answer<ReadResourceResult> {
        let uri = params.uri.clone();
        let call = self.open(Method::ResourcesRead, Some(&uri), params.meta_or_default());
        call.run_inside(self.peer.read_resource(params)).await
    }

    /// Reads a resource, which may ask for input; as `Peer::read_resource_once`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn read_resource_once(
        &self,
        mut params: ReadResourceRequestParams,
    ) -> Answer<ReadResourceResponse> {
        let uri = params.uri.clone();
        let call = self.open(Method::ResourcesRead, Some(&uri), params.meta_or_default());
        call.run_inside(self.peer.read_resource_once(params)).await
    }

    /// Reads a directory; as `Peer::read_resource_directory`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn read_resource_directory(
        &self,
        mut params: ReadResourceDirectoryRequestParams,
    ) -> Answer<ReadResourceDirectoryResult> {
        let call = self.open(
            Method::ResourcesDirectoryRead,
            None,
            params.meta_or_default(),
        );
        call.run_inside(self.peer.read_resource_directory(params))
            .await
    }

    /// Gets a skill; as `Peer::get_skill`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn get_skill(&self, mut params: GetSkillRequestParams) -> Answer<GetSkillResult> {
        let call = self.open(Method::SkillsGet, None, params.meta_or_default());
        call.run_inside(self.peer.get_skill(params)).await
    }

    /// Subscribes to a resource; as `Peer::subscribe`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(
        note = "resources/subscribe is legacy-only; use `listen` for protocol version 2026-07-28"
    )]
    pub async fn subscribe(&self, params: SubscribeRequestParams) -> Answer<()> {
        self.request(SubscribeRequest::new(params), empty).await
    }

    /// Ends a subscription to a resource; as `Peer::unsubscribe`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(note = "resources/unsubscribe is legacy-only; cancel the `Subscription` instead")]
    pub async fn unsubscribe(&self, params: UnsubscribeRequestParams) -> Answer<()> {
        self.request(UnsubscribeRequest::new(params), empty).await
    }
}

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

/// As rmcp's peer reads the answer to `tools/call`: one without `content` looks like the
/// answer to something else, and counts as an empty result.
pub(super) fn call_tool_response(answer: ServerResult) -> Option<CallToolResponse> {
    let (result_type, meta) = match answer {
        ServerResult::CallToolResult(result) => return Some(CallToolResponse::Complete(result)),
        ServerResult::InputRequiredResult(result) => {
            return Some(CallToolResponse::InputRequired(result));
        }
        ServerResult::CreateTaskResult(result) => return Some(CallToolResponse::Task(result)),
        ServerResult::EmptyResult(_) => (None, None),
        ServerResult::TaskAckResult(result) => (Some(result.result_type), result.meta),
        ServerResult::CustomResult(result) => {
            let object = result.0.as_object().filter(|object| object.len() == 1)?;
            (
                None,
                Some(MetaObject(object.get("_meta")?.as_object()?.clone())),
            )
        }
        _ => return None,
    };
    let mut result = CallToolResult::default();
    (result.result_type, result.meta) = (result_type, meta);
    Some(CallToolResponse::Complete(result))
}

pub(super) fn get_prompt_response(answer: ServerResult) -> Option<GetPromptResponse> {
    match answer {
        ServerResult::GetPromptResult(result) => Some(GetPromptResponse::Complete(result)),
        ServerResult::InputRequiredResult(result) => Some(GetPromptResponse::InputRequired(result)),
        _ => None,
    }
}

fn empty(answer: ServerResult) -> Option<()> {
    matches!(answer, ServerResult::EmptyResult(_)).then_some(())
}

fn acknowledged(answer: ServerResult) -> Option<()> {
    matches!(
        answer,
        ServerResult::TaskAckResult(_) | ServerResult::EmptyResult(_)
    )
    .then_some(())
}
