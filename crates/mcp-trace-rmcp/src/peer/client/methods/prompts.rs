//! Prompts, and the completion of arguments.

use rmcp::RoleClient;
use rmcp::model::{
    ArgumentInfo, CompleteRequest, CompleteRequestParams, CompleteResult, CompletionContext,
    CompletionInfo, GetPromptRequest, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
    Reference, ServerResult,
};

use super::Answer;
use crate::TracedPeer;

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

pub(in super::super) fn get_prompt_response(answer: ServerResult) -> Option<GetPromptResponse> {
    match answer {
        ServerResult::GetPromptResult(result) => Some(GetPromptResponse::Complete(result)),
        ServerResult::InputRequiredResult(result) => Some(GetPromptResponse::InputRequired(result)),
        _ => None,
    }
}
