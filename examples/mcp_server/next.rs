//! The connection to the next server.

use mcp_trace_rmcp::TracedHttpClient;
use rmcp::service::{ClientInitializeError, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceExt};

/// Connects once; all calls share the connection.
pub(crate) async fn connect(
    url: &str,
) -> Result<RunningService<RoleClient, ()>, ClientInitializeError> {
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let http = TracedHttpClient::new(reqwest::Client::new());
    let transport = StreamableHttpClientTransport::with_client(http, config);
    ().serve(transport).await
}
