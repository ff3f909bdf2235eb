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

        // Of this one rmcp makes the message itself.
        tools.list_tools(None).await.unwrap();

        let port = server.url["http://127.0.0.1:".len()..]
            .trim_end_matches("/mcp")
            .parse()
            .ok();
        for (method, id) in [(Method::ToolsCall, "1"), (Method::ToolsList, "2")] {
            let [span] = spans(&sink, SpanKind::Client, &method).try_into().unwrap();
            let call = span.operation.as_mcp().unwrap();
            assert_eq!(call.network.transport, Some(NetworkTransport::Tcp));
            assert_eq!(call.network.http_version, Some(http::Version::HTTP_11));
            let peer = call.network.peer.as_ref().unwrap();
            assert_eq!((peer.address.as_str(), peer.port), ("127.0.0.1", port));
            assert_eq!(call.request_id.as_ref().unwrap(), id, "{mode:?} {method}");
        }
    }
}
