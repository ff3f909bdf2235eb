//! The middleware for reqwest-middleware.

use http::Extensions;
use mcp_trace::InTraceExt;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

use crate::failure::error_type;
use crate::{McpClientTrace, TracedResponse, reqwest_client};

#[async_trait::async_trait]
impl Middleware for McpClientTrace {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let mark = extensions.get().copied();
        let mut exchange = None;
        let request = reqwest_client::depart(request, mark, self.config(), &mut exchange);
        let Some(exchange) = exchange else {
            return next.run(request, extensions).await;
        };
        let result = next
            .run(request, extensions)
            .in_trace(exchange.span().cloned())
            .await;
        match result {
            Ok(response) => Ok(response.watch(Some(exchange))),
            Err(error) => {
                exchange.fail(error_type(&error));
                Err(error)
            }
        }
    }
}
