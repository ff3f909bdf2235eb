//! Asking a viewer.

use std::time::Duration;

use clap::Args;
use futures_util::{Stream, StreamExt};
use mcp_trace_viewer::Span;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use sse_stream::SseStream;

use crate::Failure;

/// How long a viewer may take to answer.
const LIMIT: Duration = Duration::from_secs(30);

/// Which viewer to ask.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Where the viewer listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The viewer's token, if it has one
    #[arg(long, env = "MCP_TRACE_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// A viewer that can be asked.
pub(crate) struct Client {
    http: reqwest::Client,
    server: Server,
}

/// A trace as the viewer gives it.
#[derive(Debug, Deserialize)]
pub(crate) struct Trace {
    pub(crate) trace_id: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) truncated: u64,
}

/// What `tail` has to know of a trace that changed.
#[derive(Debug, Deserialize)]
pub(crate) struct Summary {
    pub(crate) trace_id: String,
    pub(crate) missing_parents: usize,
}

impl Client {
    pub(crate) fn new(server: Server) -> Result<Self, Failure> {
        // A viewer is near: no proxy is between.
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, server })
    }

    /// A trace as JSON.
    pub(crate) async fn json(&self, trace_id: &str) -> Result<String, Failure> {
        if trace_id.is_empty() || !trace_id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err("a trace id is 32 hex digits".into());
        }
        let request = self.get(&format!("/api/traces/{trace_id}")).timeout(LIMIT);
        Ok(answer(request).await?.text().await?)
    }

    /// A trace.
    pub(crate) async fn trace(&self, trace_id: &str) -> Result<Trace, Failure> {
        Ok(serde_json::from_str(&self.json(trace_id).await?)?)
    }

    /// Traces as they change from now on.
    pub(crate) async fn live(
        &self,
    ) -> Result<impl Stream<Item = Result<Vec<Summary>, Failure>> + use<>, Failure> {
        let answer = answer(self.get("/api/live")).await?;
        let events = SseStream::from_bytes_stream(answer.bytes_stream());
        Ok(events.filter_map(async |event| match event {
            Ok(event) => Some(Ok(serde_json::from_str(&event.data?).unwrap_or_default())),
            Err(error) => Some(Err(error.into())),
        }))
    }

    fn get(&self, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.server.url.trim_end_matches('/'));
        let request = self.http.get(url);
        match &self.server.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

async fn answer(request: RequestBuilder) -> Result<Response, Failure> {
    let answer = request.send().await?;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::NOT_FOUND => Err("the viewer does not have this trace".into()),
        StatusCode::UNAUTHORIZED => Err("the viewer wants a token: --token".into()),
        status => Err(format!("the viewer answers {status}").into()),
    }
}
