//! Metrics through an OpenTelemetry meter: every call counts, sampled or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use mcp_trace::{
    ActiveSpan, DiscardSink, EndedOperation, McpCall, Method, Network, Outcome, ProtocolVersion,
    Sessions, SpanKind, TraceContext, agent_span,
};
use mcp_trace_opentelemetry::record_metrics;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, HistogramDataPoint, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

fn call(kind: SpanKind, tool: &str, sampled: bool, outcome: Outcome) {
    let mut call = McpCall::new(Method::ToolsCall);
    call.set_target(Some(tool), None);
    call.request_id = Some("1".into());
    call.session_id = Some("s".into());
    call.network = Network::http(http::Version::HTTP_2);
    let span = ActiveSpan::builder(kind)
        .under(Some(TraceContext::new_root().with_sampled(sampled)))
        .sink(Arc::new(DiscardSink::default()))
        .start(call);
    span.set_outcome(outcome);
    span.end();
}

fn attributes(point: &HistogramDataPoint<f64>) -> BTreeMap<String, String> {
    point
        .attributes()
        .map(|a| (a.key.to_string(), a.value.to_string()))
        .collect()
}

#[test]
fn the_histograms_of_the_conventions() {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let guard = record_metrics(&provider.meter("tests"));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..250 {
                    call(
                        SpanKind::Server,
                        "weather",
                        n % 2 == thread % 2,
                        Outcome::default(),
                    );
                }
            });
        }
    });
    call(SpanKind::Server, "weather", false, Outcome::tool_error());
    call(SpanKind::Client, "weather", true, Outcome::default());
    for kind in [SpanKind::Server, SpanKind::Client] {
        let mut initialize = McpCall::new(Method::Initialize);
        initialize.session_id = Some("s".into());
        initialize.protocol_version = Some(ProtocolVersion::V2025_11_25);
        initialize.network = Network::http(http::Version::HTTP_2);
        let sessions = Sessions::new(kind);
        sessions.begin(&initialize);
        sessions.end(&"s".into(), None);
    }
    agent_span("no operation of MCP").start().end();
    drop(guard);
    call(SpanKind::Server, "weather", true, Outcome::default());

    provider.force_flush().unwrap();
    let exported = exporter.get_finished_metrics().unwrap();
    let metrics: Vec<_> = exported
        .iter()
        .flat_map(|resource| resource.scope_metrics())
        .flat_map(|scope| scope.metrics())
        .collect();
    assert_eq!(metrics.len(), 4);
    for metric in metrics {
        assert_eq!(metric.unit(), "s");
        let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
            panic!("{metric:?}");
        };
        let points: Vec<_> = histogram.data_points().collect();
        for point in &points {
            assert!(point.bounds().eq(EndedOperation::BUCKETS));
        }
        let counts = |error: Option<&str>| -> u64 {
            points
                .iter()
                .filter(|point| attributes(point).get("error.type").map(String::as_str) == error)
                .map(|point| point.count())
                .sum()
        };
        let session = metric.name().contains(".session.");
        let about = match session {
            true => &[("mcp.protocol.version", "2025-11-25")][..],
            false => &[
                ("gen_ai.operation.name", "execute_tool"),
                ("gen_ai.tool.name", "weather"),
                ("mcp.method.name", "tools/call"),
            ],
        };
        let connection = [
            ("network.protocol.name", "http"),
            ("network.protocol.version", "2"),
            ("network.transport", "tcp"),
        ];
        let good = points
            .iter()
            .find(|p| !attributes(p).contains_key("error.type"))
            .unwrap();
        let expected = about.iter().chain(&connection);
        let expected = expected.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        assert_eq!(attributes(good), expected.collect());
        match metric.name() {
            "mcp.server.operation.duration" => {
                assert_eq!((counts(None), counts(Some("tool_error"))), (1000, 1));
            }
            "mcp.server.session.duration" | "mcp.client.session.duration" => {
                assert_eq!(counts(None), 1);
            }
            "mcp.client.operation.duration" => assert_eq!(counts(None), 1),
            other => panic!("{other}"),
        }
    }
}
