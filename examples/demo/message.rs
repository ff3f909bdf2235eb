//! A tool call of MCP 2026-07-28 as plain JSON over HTTP, for programs without an MCP library.

use reqwest::{Client, Request, Response};
use rmcp::model::{
    CallToolResult, ClientCapabilities, ContentBlock, Implementation, JsonObject, ProtocolVersion,
    RequestMetaObject,
};
use serde_json::{Value, json};

use crate::Failure;

/// A call of a tool.
pub(crate) struct Call {
    /// The message's `params._meta`.
    pub(crate) meta: RequestMetaObject,
    id: &'static str,
    tool: &'static str,
    arguments: JsonObject,
}

impl Call {
    pub(crate) fn new(id: &'static str, tool: &'static str, arguments: JsonObject) -> Self {
        let meta = RequestMetaObject::with_client_context(
            ProtocolVersion::V_2026_07_28,
            Implementation::new("demo", env!("CARGO_PKG_VERSION")),
            ClientCapabilities::default(),
        );
        Self {
            meta,
            id,
            tool,
            arguments,
        }
    }

    pub(crate) fn request(&self, url: &str) -> reqwest::Result<Request> {
        let message = json!({
            "jsonrpc": "2.0",
            "id": self.id,
            "method": "tools/call",
            "params": { "_meta": self.meta, "name": self.tool, "arguments": self.arguments },
        });
        Client::new()
            .post(url)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", self.tool)
            .json(&message)
            .build()
    }

    pub(crate) async fn result(response: Response) -> Result<CallToolResult, Failure> {
        let mut answer: Value = response.json().await?;
        match answer.get_mut("result") {
            Some(result) => Ok(serde_json::from_value(result.take())?),
            None => Err(format!("the server answered {answer}").into()),
        }
    }
}

/// The arguments of tools that ask for a city.
pub(crate) fn city(name: &str) -> JsonObject {
    JsonObject::from_iter([("city".to_owned(), name.into())])
}

/// What a tool answered.
pub(crate) fn text(result: &CallToolResult) -> String {
    let text = result
        .content
        .iter()
        .filter_map(ContentBlock::as_text)
        .map(|block| block.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    if result.is_error == Some(true) {
        format!("isError: {text}")
    } else {
        text
    }
}
