//! Calls that take several rounds, because the server asks for input.

use std::ops::Deref;

use mcp_trace::{Method, Outcome};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult, ClientRequest,
    DEFAULT_MRTR_MAX_ROUNDS, GetPromptRequest, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, InputRequiredResult, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, RequestParamsMeta,
};
use rmcp::service::{PeerRequestOptions, RunningService, Service};
use rmcp::{RoleClient, ServiceError};

use super::input::{Input, Rounds};
use super::methods::{call_tool_response, get_prompt_response};
use crate::peer::TracedPeer;
use crate::peer::call::Call;

type Answer<T> = Result<T, ServiceError>;

/// A [`TracedPeer`] with the client's handler, which gives the server the input that it asks for
/// in the middle of a call; made by [`TracedPeer::with_handler`].
///
/// As rmcp's `RunningService`, it repeats a call until the server has what it needs (MCP
/// 2026-07-28, [multi round-trip
/// requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)). However
/// many rounds that takes, it is one CLIENT span, with an event `mcp_trace.input_required` for each
/// round in which the server asked; the SERVER spans of all rounds are below it, and so are those
/// of a handler in [`TracedHandler`](crate::TracedHandler). `jsonrpc.request.id` is that of the last
/// round; the events have the others.
///
/// It derefs to [`TracedPeer`] for the rest.
#[derive(Debug)]
#[must_use]
pub struct TracedClient<'a, S: Service<RoleClient>> {
    peer: TracedPeer<RoleClient>,
    client: &'a RunningService<RoleClient, S>,
}

impl TracedPeer<RoleClient> {
    /// Lets `client`'s handler answer what the server asks for in the middle of a call.
    ///
    /// ```
    /// use mcp_trace_rmcp::wrap_mcp;
    /// use rmcp::model::CallToolRequestParams;
    /// use rmcp::service::{RunningService, Service};
    /// use rmcp::{RoleClient, ServiceError};
    ///
    /// async fn book<S>(client: &RunningService<RoleClient, S>) -> Result<(), ServiceError>
    /// where
    ///     S: Service<RoleClient>,
    /// {
    ///     let tools = wrap_mcp(client.peer().clone()).with_handler(client);
    ///     tools.call_tool(CallToolRequestParams::new("book_flight")).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn with_handler<S: Service<RoleClient>>(
        self,
        client: &RunningService<RoleClient, S>,
    ) -> TracedClient<'_, S> {
        TracedClient { peer: self, client }
    }
}

impl<S: Service<RoleClient>> TracedClient<'_, S> {
    /// Calls a tool; as `RunningService::call_tool`.
    ///
    /// # Errors
    /// As the method of rmcp's service. A tool that failed is no error here, but `is_error` in
    /// its result.
    pub async fn call_tool(&self, params: CallToolRequestParams) -> Answer<CallToolResult> {
        self.call_tool_with_mrtr_max_rounds(params, DEFAULT_MRTR_MAX_ROUNDS)
            .await
    }

    /// Calls a tool, in at most so many rounds; as
    /// `RunningService::call_tool_with_mrtr_max_rounds`.
    ///
    /// # Errors
    /// As the method of rmcp's service.
    pub async fn call_tool_with_mrtr_max_rounds(
        &self,
        params: CallToolRequestParams,
        max_rounds: usize,
    ) -> Answer<CallToolResult> {
        let name = params.name.clone();
        let once = async |call: &Call, params| {
            let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
            let answer = self
                .peer
                .round_trip(call, request, PeerRequestOptions::no_options());
            match call_tool_response(answer.await?) {
                Some(CallToolResponse::Complete(result)) => Ok(Round::Complete(result)),
                Some(CallToolResponse::InputRequired(asked)) => Ok(Round::InputRequired(asked)),
                _ => Err(ServiceError::UnexpectedResponse),
            }
        };
        let outcome = |result: &CallToolResult| match result.is_error {
            Some(true) => Outcome::tool_error(),
            _ => Outcome::default(),
        };
        self.drive(Method::ToolsCall, &name, params, max_rounds, once, outcome)
            .await
    }

    /// Gets a prompt; as `RunningService::get_prompt`.
    ///
    /// # Errors
    /// As the method of rmcp's service.
    pub async fn get_prompt(&self, params: GetPromptRequestParams) -> Answer<GetPromptResult> {
        self.get_prompt_with_mrtr_max_rounds(params, DEFAULT_MRTR_MAX_ROUNDS)
            .await
    }

    /// Gets a prompt, in at most so many rounds; as
    /// `RunningService::get_prompt_with_mrtr_max_rounds`.
    ///
    /// # Errors
    /// As the method of rmcp's service.
    pub async fn get_prompt_with_mrtr_max_rounds(
        &self,
        params: GetPromptRequestParams,
        max_rounds: usize,
    ) -> Answer<GetPromptResult> {
        let name = params.name.clone();
        let once = async |call: &Call, params| {
            let request = ClientRequest::GetPromptRequest(GetPromptRequest::new(params));
            let answer = self
                .peer
                .round_trip(call, request, PeerRequestOptions::no_options());
            match get_prompt_response(answer.await?) {
                Some(GetPromptResponse::Complete(result)) => Ok(Round::Complete(result)),
                Some(GetPromptResponse::InputRequired(asked)) => Ok(Round::InputRequired(asked)),
                _ => Err(ServiceError::UnexpectedResponse),
            }
        };
        let outcome = |_: &GetPromptResult| Outcome::default();
        self.drive(Method::PromptsGet, &name, params, max_rounds, once, outcome)
            .await
    }

    /// Reads a resource; as `RunningService::read_resource`.
    ///
    /// # Errors
    /// As the method of rmcp's service.
    pub async fn read_resource(
        &self,
        params: ReadResourceRequestParams,
    ) -> Answer<ReadResourceResult> {
        self.read_resource_with_mrtr_max_rounds(params, DEFAULT_MRTR_MAX_ROUNDS)
            .await
    }

    /// Reads a resource, in at most so many rounds; as
    /// `RunningService::read_resource_with_mrtr_max_rounds`.
    ///
    /// # Errors
    /// As the method of rmcp's service.
    pub async fn read_resource_with_mrtr_max_rounds(
        &self,
        params: ReadResourceRequestParams,
        max_rounds: usize,
    ) -> Answer<ReadResourceResult> {
        let uri = params.uri.clone();
        // By rmcp's own peer, and so with its cache.
        let once = async |call: &Call, params| match call
            .inside(self.client.peer().read_resource_once(params))
            .await?
        {
            ReadResourceResponse::Complete(result) => Ok(Round::Complete(result)),
            ReadResourceResponse::InputRequired(asked) => Ok(Round::InputRequired(asked)),
            _ => Err(ServiceError::UnexpectedResponse),
        };
        let outcome = |_: &ReadResourceResult| Outcome::default();
        self.drive(
            Method::ResourcesRead,
            &uri,
            params,
            max_rounds,
            once,
            outcome,
        )
        .await
    }

    /// Repeats a call until it is answered. All rounds carry the context of its one span.
    async fn drive<P: Params, T>(
        &self,
        method: Method,
        target: &str,
        mut params: P,
        max_rounds: usize,
        once: impl AsyncFn(&Call, P) -> Answer<Round<T>>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Answer<T> {
        let call = self
            .peer
            .open(method, Some(target), params.meta_or_default());
        let rounds = async {
            let mut rounds = Rounds::new(self.client);
            for round in 1..=max_rounds {
                match once(&call, params.clone()).await? {
                    Round::Complete(answer) => return Ok(answer),
                    Round::InputRequired(asked) => {
                        let requests = asked.input_requests.as_ref().map_or(0, |r| r.len());
                        call.input_required(round, requests);
                        params.set_input(rounds.next(asked).await?);
                    }
                }
            }
            Err(ServiceError::InputRequiredRoundsExceeded { max_rounds })
        };
        let result = call.scope(rounds).await;
        call.end(result.as_ref().map(outcome));
        result
    }
}

/// What one round brought.
enum Round<T> {
    Complete(T),
    InputRequired(InputRequiredResult),
}

/// The parameters of a request that may take several rounds.
trait Params: Clone + RequestParamsMeta {
    fn set_input(&mut self, input: Input);
}

macro_rules! params {
    ($($params:ident),+) => {$(
        impl Params for $params {
            fn set_input(&mut self, input: Input) {
                (self.input_responses, self.request_state) = input;
            }
        }
    )+};
}

params!(
    CallToolRequestParams,
    GetPromptRequestParams,
    ReadResourceRequestParams
);

impl<S: Service<RoleClient>> Deref for TracedClient<'_, S> {
    type Target = TracedPeer<RoleClient>;

    fn deref(&self) -> &TracedPeer<RoleClient> {
        &self.peer
    }
}
