//! Answers what a server asks for in the middle of a call, by the client's own handler.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use rmcp::model::{
    ClientResult, ErrorData, GetExtensions, GetMeta, InputRequest, InputRequiredResult,
    InputResponses, NumberOrString, ServerRequest,
};
use rmcp::service::{RequestContext, RunningService, Service};
use rmcp::{RoleClient, ServiceError};
use serde_json::Value;

/// What the next round of a call takes along.
pub(super) type Input = (Option<InputResponses>, Option<String>);

/// How the server is asked again that only wants to be asked again: soon, then less often.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The rounds of one call ([MRTR](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)),
/// as rmcp's `RunningService` drives them.
pub(super) struct Rounds<'a, S: Service<RoleClient>> {
    client: &'a RunningService<RoleClient, S>,
    pause: Duration,
}

impl<'a, S: Service<RoleClient>> Rounds<'a, S> {
    pub(super) fn new(client: &'a RunningService<RoleClient, S>) -> Self {
        Self {
            client,
            pause: FIRST_PAUSE,
        }
    }

    /// Prepares the next round.
    pub(super) async fn next(&mut self, asked: InputRequiredResult) -> Result<Input, ServiceError> {
        let requests = asked.input_requests.unwrap_or_default();
        if requests.is_empty() {
            if asked.request_state.is_none() {
                return Err(ServiceError::UnexpectedResponse);
            }
            tokio::time::sleep(self.pause).await;
            self.pause = LONGEST_PAUSE.min(self.pause * 2);
            return Ok((None, asked.request_state));
        }
        self.pause = FIRST_PAUSE;
        let answers = requests
            .into_iter()
            .map(|(key, request)| self.answer(key, request));
        let answers = try_join_all(answers).await?;
        Ok((Some(answers.into_iter().collect()), asked.request_state))
    }

    async fn answer(
        &self,
        key: String,
        request: InputRequest,
    ) -> Result<(String, Value), ServiceError> {
        let mut request = match request {
            InputRequest::CreateMessage(request) => ServerRequest::CreateMessageRequest(request),
            InputRequest::Elicitation(request) => ServerRequest::ElicitRequest(request),
            InputRequest::ListRoots(request) => ServerRequest::ListRootsRequest(request),
            _ => return Err(ServiceError::UnexpectedResponse),
        };
        let id = NumberOrString::String(Arc::from(key.as_str()));
        let mut context = RequestContext::new(id, self.client.peer().clone());
        context.meta = std::mem::take(request.get_meta_mut());
        context.extensions = std::mem::take(request.extensions_mut());
        let handler = self.client.service();
        let answer = handler.handle_request(request, context).await;
        let value = match answer.map_err(ServiceError::McpError)? {
            ClientResult::CreateMessageResult(result) => serde_json::to_value(result),
            ClientResult::ElicitResult(result) => serde_json::to_value(result),
            ClientResult::ListRootsResult(result) => serde_json::to_value(result),
            _ => return Err(ServiceError::UnexpectedResponse),
        };
        let failed = |error| {
            let message = format!("failed to serialize MRTR input response: {error}");
            ServiceError::McpError(ErrorData::internal_error(message, None))
        };
        Ok((key, value.map_err(failed)?))
    }
}
