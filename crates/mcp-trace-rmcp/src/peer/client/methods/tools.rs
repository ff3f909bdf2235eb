//! Tools, and the tasks that a call may become.

use rmcp::RoleClient;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    CancelTaskRequest, GetTaskParams, GetTaskRequest, GetTaskResult, MetaObject, ServerResult,
    UpdateTaskParams, UpdateTaskRequest,
};

use super::Answer;
use crate::TracedPeer;

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

/// As rmcp's peer reads the answer to `tools/call`: one without `content` looks like the
/// answer to something else, and counts as an empty result.
pub(in super::super) fn call_tool_response(answer: ServerResult) -> Option<CallToolResponse> {
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

fn acknowledged(answer: ServerResult) -> Option<()> {
    matches!(
        answer,
        ServerResult::TaskAckResult(_) | ServerResult::EmptyResult(_)
    )
    .then_some(())
}
