//! The project's own exporter, over each of its protocols.

use std::time::Duration;

use mcp_trace::{ActiveSpan, McpCall, Method, Outcome, SpanKind, SpanSink};
use mcp_trace_exporter::{ExporterBuilder, Protocol, configure};
use serde_json::Value;

use crate::support::Running;

/// Records a failed call of a tool, CLIENT and SERVER span, and gives the trace id.
async fn record(viewer: &Running, exporter: ExporterBuilder) -> String {
    let guard = exporter.service("test").build().unwrap();
    let sink = guard.sink().unwrap();
    let trace = call(&sink);
    let report = guard.shutdown(Duration::from_secs(10)).await;
    let stats = &report.stats.destinations[0];
    assert_eq!(
        (stats.recorded, stats.exported, stats.rejected),
        (2, 2, 0),
        "{stats:?}"
    );
    let list = viewer
        .eventually(|list| list["traces"][0]["spans"] == 2)
        .await;
    let summary = &list["traces"][0];
    assert_eq!(summary["trace_id"], trace);
    assert_eq!(summary["service"], "test");
    assert_eq!(summary["tools"][0], "get_weather");
    assert_eq!(summary["errors"], 2);
    assert_eq!(summary["missing_parents"], 0);
    trace
}

fn call(sink: &std::sync::Arc<dyn SpanSink>) -> String {
    let start = |kind, parent| {
        let mut call = McpCall::new(Method::ToolsCall);
        call.set_target(Some("get_weather"), None);
        let span = ActiveSpan::builder(kind).under(parent).sink(sink.clone());
        let span = span.start(call);
        span.set_outcome(Outcome::tool_error().with_message("no such city"));
        span
    };
    let client = start(SpanKind::Client, None);
    let context = client.context().unwrap();
    start(SpanKind::Server, Some(context.clone())).end();
    client.end();
    context.trace_id().to_string()
}

fn find<'a>(spans: &'a [Value], kind: &str) -> &'a Value {
    spans.iter().find(|span| span["kind"] == kind).unwrap()
}

#[tokio::test]
async fn otlp() {
    for (protocol, gzip) in [
        (Protocol::HttpProtobuf, false),
        (Protocol::HttpProtobuf, true),
        (Protocol::HttpJson, false),
        (Protocol::HttpJson, true),
    ] {
        let viewer = Running::start().await;
        let exporter = configure().otlp_endpoint(&viewer.url);
        let exporter = exporter.otlp_protocol(protocol).gzip(gzip);
        let trace = record(&viewer, exporter).await;
        let spans = viewer.spans(&trace).await;
        let (client, server) = (find(&spans, "client"), find(&spans, "server"));
        assert_eq!(client["name"], "tools/call get_weather");
        assert_eq!(client["source"], "otlp");
        assert_eq!(client["status"], "error");
        assert_eq!(client["message"], "no such city");
        assert_eq!(client["attributes"]["error.type"], "tool_error");
        assert_eq!(client["resource"]["service.name"], "test");
        assert_eq!(client["parent_id"], Value::Null);
        assert_eq!(server["parent_id"], client["span_id"]);
        assert_eq!(client["cut"], false);
    }
}

#[tokio::test]
async fn rastir() {
    let viewer = Running::start().await;
    let trace = record(&viewer, configure().push_url(&viewer.url)).await;
    let spans = viewer.spans(&trace).await;
    let (client, server) = (find(&spans, "client"), find(&spans, "server"));
    assert_eq!(client["name"], "get_weather");
    assert_eq!(server["name"], "mcpserver:get_weather");
    assert_eq!(server["parent_id"], client["span_id"]);
    assert_eq!(client["source"], "rastir");
    assert_eq!(client["status"], "error");
    assert_eq!(client["message"], "no such city");
    assert_eq!(client["attributes"]["span_type"], "tool");
    assert_eq!(client["events"][0]["name"], "exception");
    assert_eq!(
        client["resource"]["deployment.environment.name"],
        "development"
    );
    // Times survive seconds as doubles to less than a microsecond.
    let start: u64 = client["start_ns"].as_str().unwrap().parse().unwrap();
    let event: u64 = client["events"][0]["time_ns"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let end = start + client["duration_ns"].as_u64().unwrap();
    assert!(event.abs_diff(end) < 1000, "{event} and {end}");
}
