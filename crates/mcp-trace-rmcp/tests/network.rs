//! The way a call took, on its CLIENT span.

mod support;

use mcp_trace::{Method, NetworkTransport, SpanKind};
use mcp_trace_rmcp::{TracedHttpClient, wrap_mcp};
use rmcp::model::CallToolRequestParams;
use support::{Mode, Tools, connect, serve, sink, spans};

#[tokio::test]
async fn the_http_client_tells_where_a_call_went() {
    for mode in Mode::ALL {
        let sink = sink();
        let server = serve(mode, Tools, |router| router).await;
        let http = TracedHttpClient::new(reqwest::Client::new());
        let client = connect(mode, &server, http).await;
        let tools = wrap_mcp(client.peer().clone()).with_sink(sink.clone());
        tools
            .call_tool(CallToolRequestParams::new("get_weather"))
            .await
            .unwrap();

        let [span] = spans(&sink, SpanKind::Client, &Method::ToolsCall)
            .try_into()
            .unwrap();
        let network = &span.operation.as_mcp().unwrap().network;
        assert_eq!(network.transport, Some(NetworkTransport::Tcp));
        assert_eq!(network.http_version, Some(http::Version::HTTP_11));
        let peer = network.peer.as_ref().unwrap();
        let port = server.url["http://127.0.0.1:".len()..]
            .trim_end_matches("/mcp")
            .parse()
            .ok();
        assert_eq!((peer.address.as_str(), peer.port), ("127.0.0.1", port));
    }
}
