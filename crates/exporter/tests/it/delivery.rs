//! The way of a span to its receiver.

use std::sync::{Arc, Mutex};

use mcp_trace::{
    ActiveSpan, Attribute, McpCall, Method, Outcome, Sampler, SpanKind, agent_span, set_llm,
};
use mcp_trace_exporter::{ConsoleSink, DropReason, Health, Protocol, configure};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use crate::collector::{Act, Collector};
use crate::support::*;

#[test]
fn every_span_arrives_once() {
    let collector = Collector::kind();
    let guard = otlp(&collector).build().unwrap();
    let ids = record(&sink(&guard), 2000);
    let report = guard.shutdown_blocking(SECONDS(5));
    assert!(report.complete, "{report:?}");
    let stats = &report.stats.destinations[0];
    assert_eq!(
        (stats.recorded, stats.exported, stats.dropped.total()),
        (2000, 2000, 0)
    );
    assert_eq!(stats.health, Health::Stopped);
    assert_balanced(stats);
    assert_eq!(collector.spans().len(), 2000);
    assert_arrived(&collector, &ids);
}

#[test]
fn the_request_says_what_it_is() {
    let collector = Collector::kind();
    let guard = otlp(&collector)
        .env("test-bed")
        .version("1.2.3")
        .resource_attribute("host.name", "h")
        .headers([("Authorization", "Bearer x")])
        .build()
        .unwrap();
    record(&sink(&guard), 1);
    assert!(guard.shutdown_blocking(SECONDS(5)).complete);
    let request = &collector.requests()[0];
    assert_eq!(request.path, "/v1/traces");
    assert_eq!(request.headers["content-type"], "application/x-protobuf");
    assert_eq!(request.headers["authorization"], "Bearer x");
    assert!(request.headers["user-agent"].starts_with("mcp-trace-exporter/"));
    let body: ExportTraceServiceRequest = prost::Message::decode(&*request.body).unwrap();
    let resource = body.resource_spans[0].resource.clone().unwrap();
    let attribute = |key: &str| {
        let found = resource
            .attributes
            .iter()
            .find(|attribute| attribute.key == key)?;
        match found.value.clone()?.value? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    };
    assert_eq!(attribute("service.name").as_deref(), Some("test"));
    assert_eq!(attribute("service.version").as_deref(), Some("1.2.3"));
    assert_eq!(
        attribute("deployment.environment.name").as_deref(),
        Some("test-bed")
    );
    assert_eq!(attribute("host.name").as_deref(), Some("h"));
    assert_eq!(attribute("telemetry.sdk.language").as_deref(), Some("rust"));
}

#[test]
fn otlp_json_is_read_by_the_official_types() {
    let collector = Collector::kind();
    let guard = otlp(&collector)
        .otlp_protocol(Protocol::HttpJson)
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 3);
    assert!(guard.shutdown_blocking(SECONDS(5)).complete);
    let requests = collector.requests();
    assert_eq!(requests[0].headers["content-type"], "application/json");
    let arrived: Vec<Vec<u8>> = requests
        .iter()
        .flat_map(|request| {
            serde_json::from_slice::<ExportTraceServiceRequest>(&request.body)
                .unwrap()
                .resource_spans
        })
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .map(|span| span.span_id)
        .collect();
    assert_eq!(arrived, ids.map_to_vecs());
}

trait MapToVecs {
    fn map_to_vecs(&self) -> Vec<Vec<u8>>;
}

impl MapToVecs for Vec<[u8; 8]> {
    fn map_to_vecs(&self) -> Vec<Vec<u8>> {
        self.iter().map(|id| id.to_vec()).collect()
    }
}

#[tokio::test]
async fn rastir_gets_its_own_dialect() {
    let collector = Collector::start(|_| Act::Answer(202));
    let guard = configure()
        .service("svc")
        .push_url(collector.url())
        .api_key("k")
        .flush_interval(MILLIS(10))
        .build()
        .unwrap();
    let sink = sink(&guard);
    let tool = |kind| ActiveSpan::builder(kind).sink(sink.clone());
    let mut search = McpCall::new(Method::ToolsCall);
    search.set_target(Some("search"), None);
    agent_span("planner")
        .with_sink(sink.clone())
        .run(async {
            set_llm("openai", "gpt-4o");
            let client = tool(SpanKind::Client).start(search.clone());
            let server = tool(SpanKind::Server)
                .under(client.context().cloned())
                .start(search);
            server.set_outcome(Outcome::failed("tool_error").with_message("boom"));
            server.end();
            client.end();
            ActiveSpan::builder(SpanKind::Client)
                .start(McpCall::new(Method::ToolsList))
                .end();
        })
        .await;
    let report = guard.shutdown(SECONDS(5)).await;
    assert!(report.complete);
    let requests = collector.requests();
    assert_eq!(requests[0].path, "/v1/telemetry");
    assert_eq!(requests[0].headers["x-api-key"], "k");
    assert_eq!(requests[0].headers["content-type"], "application/json");
    let bodies: Vec<serde_json::Value> = requests
        .iter()
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect();
    assert_eq!(bodies[0]["service"], "svc");
    let spans: Vec<&serde_json::Value> = bodies
        .iter()
        .flat_map(|body| body["spans"].as_array().unwrap())
        .collect();
    let find = |name: &str| *spans.iter().find(|span| span["name"] == name).unwrap();
    let (client, server, list, agent) = (
        find("search"),
        find("mcpserver:search"),
        find("tools/list"),
        find("planner"),
    );
    for span in &spans {
        assert_eq!(span["type"], "span");
        assert_eq!(span["service"], "svc");
        assert_eq!(span["trace_id"], agent["trace_id"]);
        assert_eq!(span["span_id"].as_str().unwrap().len(), 16);
        assert!(
            span["attributes"]
                .as_object()
                .unwrap()
                .values()
                .all(serde_json::Value::is_string)
        );
        let (start, end) = (
            span["start_time"].as_f64().unwrap(),
            span["end_time"].as_f64().unwrap(),
        );
        assert!(end >= start && start > 1.6e9);
        assert!(span["duration_ms"].as_f64().unwrap() >= 0.0);
    }
    assert_eq!(client["span_type"], "tool");
    assert_eq!(client["status"], "OK");
    assert_eq!(client["events"], serde_json::json!([]));
    assert_eq!(client["parent_span_id"], agent["span_id"]);
    for (key, value) in [
        ("tool_name", "search"),
        ("remote", "true"),
        ("agent", "planner"),
        ("provider", "openai"),
        ("model", "gpt-4o"),
    ] {
        assert_eq!(client["attributes"][key], value, "{key}");
    }
    assert_eq!(server["span_type"], "tool");
    assert_eq!(server["attributes"]["remote"], "false");
    assert_eq!(server["parent_span_id"], client["span_id"]);
    assert_eq!(server["status"], "ERROR");
    assert_eq!(server["attributes"]["error.message"], "boom");
    let event = &server["events"][0];
    assert_eq!(event["name"], "exception");
    assert_eq!(event["attributes"]["exception.type"], "tool_error");
    assert_eq!(event["attributes"]["exception.message"], "boom");
    assert_eq!(list["span_type"], "system");
    assert_eq!(
        (&agent["span_type"], &agent["parent_span_id"]),
        (&"agent".into(), &serde_json::Value::Null)
    );
    assert_eq!(agent["attributes"]["agent"], "planner");
}

#[test]
fn requests_are_compressed_where_the_protocol_allows_it() {
    let (collector, rastir) = (Collector::kind(), Collector::start(|_| Act::Answer(202)));
    let guard = otlp(&collector)
        .push_url(rastir.url())
        .gzip(true)
        .build()
        .unwrap();
    record(&sink(&guard), 100);
    assert!(guard.shutdown_blocking(SECONDS(5)).complete);
    let request = collector.requests().remove(0);
    assert_eq!(request.headers["content-encoding"], "gzip");
    let mut body = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&*request.body);
    std::io::Read::read_to_end(&mut decoder, &mut body).unwrap();
    assert!(!crate::collector::spans(&body).is_empty());
    assert!(request.body.len() * 3 < body.len());
    let request = rastir.requests().remove(0);
    assert!(!request.headers.contains_key("content-encoding"));
    assert!(serde_json::from_slice::<serde_json::Value>(&request.body).is_ok());
}

#[test]
fn two_destinations_get_everything_and_do_not_wait_for_each_other() {
    let healthy = Collector::kind();
    let dead = Collector::start(|_| Act::Answer(503));
    let guard = otlp(&healthy)
        .push_url(dead.url())
        .max_queue_spans(100_000)
        .batch_size(100)
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 5000);
    eventually("the healthy one has all", || {
        guard.stats().destination("otlp").unwrap().exported == 5000
    });
    assert_arrived(&healthy, &ids);
    let report = guard.shutdown_blocking(MILLIS(500));
    assert!(!report.complete);
    let rastir = report.stats.destination("rastir").unwrap();
    assert_eq!(
        (rastir.exported, rastir.dropped.count(DropReason::Shutdown)),
        (0, 5000)
    );
    report.stats.destinations.iter().for_each(assert_balanced);
}

#[test]
fn a_full_queue_drops_the_newest_and_counts() {
    let collector = Collector::start(|_| Act::Silence);
    let guard = otlp(&collector)
        .max_queue_spans(50)
        .batch_size(10)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    let sink = sink(&guard);
    record(&sink, 10);
    eventually("a request under way", || collector.requests().len() == 1);
    record(&sink, 990);
    let stats = only(&guard);
    assert_eq!((stats.in_flight, stats.queued), (10, 50));
    assert_eq!(stats.dropped.count(DropReason::QueueFull), 940);
    let report = guard.shutdown_blocking(MILLIS(100));
    assert_balanced(&report.stats.destinations[0]);
    assert_eq!(report.stats.destinations[0].recorded, 1000);
}

#[test]
fn batches_grow_with_the_backlog() {
    let collector = Collector::start(|request| {
        if request.number == 0 {
            Act::Late(MILLIS(300))
        } else {
            Act::Answer(200)
        }
    });
    let guard = otlp(&collector)
        .batch_size(10)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    let sink = sink(&guard);
    record(&sink, 10);
    eventually("the first request", || !collector.requests().is_empty());
    record(&sink, 5000);
    assert!(guard.shutdown_blocking(SECONDS(5)).complete);
    assert_eq!(collector.requests().len(), 2);
    assert_eq!(collector.spans().len(), 5010);
}

#[test]
fn a_span_does_not_wait_longer_than_the_interval() {
    let collector = Collector::kind();
    let guard = otlp(&collector).flush_interval(MILLIS(50)).build().unwrap();
    let sink = sink(&guard);
    // At once after the one before, while the worker counts on more, and when it does no longer.
    for (n, pause) in (1..).zip([0, 0, 20, 200, 20, 200]) {
        std::thread::sleep(MILLIS(pause));
        record(&sink, 1);
        eventually("a lone span", || only(&guard).exported == n);
    }
}

#[test]
fn a_flush_delivers_what_was_recorded_before_it() {
    let collector = Collector::kind();
    let guard = otlp(&collector)
        .flush_interval(SECONDS(600))
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 7);
    let report = guard.force_flush_blocking(SECONDS(5));
    assert!(report.complete);
    assert_eq!(report.stats.destinations[0].exported, 7);
    assert_arrived(&collector, &ids);
}

#[test]
fn a_dropped_guard_delivers() {
    let collector = Collector::kind();
    let guard = otlp(&collector)
        .flush_interval(SECONDS(600))
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 7);
    drop(guard);
    assert_arrived(&collector, &ids);
}

#[test]
fn a_span_after_the_shutdown_is_counted() {
    let collector = Collector::kind();
    let guard = otlp(&collector).build().unwrap();
    let (sink, handle) = (sink(&guard), guard.handle());
    drop(guard);
    record(&sink, 3);
    let stats = only(&handle);
    assert_eq!(
        (
            stats.recorded,
            stats.dropped.count(DropReason::AlreadyShutdown)
        ),
        (3, 3)
    );
    assert_balanced(&stats);
}

#[test]
fn the_sampler_changes_while_the_program_runs() {
    let collector = Collector::kind();
    let guard = otlp(&collector).build().unwrap();
    let (handle, sink) = (guard.handle(), sink(&guard));
    let mut recorded = 0;
    for (ratio, kept) in [(1.0, 50), (0.0, 0), (1.0, 50)] {
        handle.set_sampler(Sampler::ratio(ratio).unwrap());
        record(&sink, 50);
        recorded += kept;
        assert_eq!(only(&guard).recorded, recorded, "{ratio}");
    }
    handle.set_sampler(Sampler::ratio(0.25).unwrap());
    record(&sink, 2000);
    let kept = only(&guard).recorded - recorded;
    assert!((350..650).contains(&kept), "{kept} of 2000");
}

#[test]
fn without_a_destination_nothing_is_recorded() {
    let guard = configure().service("test").build().unwrap();
    assert!(guard.sink().is_none());
    assert!(guard.force_flush_blocking(SECONDS(1)).complete);
    assert!(guard.shutdown_blocking(SECONDS(1)).complete);
}

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Paper {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_console_draws_a_tree() {
    let paper = Paper::default();
    let guard = configure()
        .service("test")
        .sink(ConsoleSink::new(paper.clone()))
        .build()
        .unwrap();
    let sink = sink(&guard);
    agent_span("planner")
        .with_sink(sink)
        .run(async {
            for (tool, failed) in [("search", false), ("book", true)] {
                let mut call = McpCall::new(Method::ToolsCall);
                call.set_target(Some(tool), None);
                let span = ActiveSpan::builder(SpanKind::Client).start(call);
                if failed {
                    span.set_outcome(Outcome::tool_error().with_message("full"));
                }
                span.end();
            }
        })
        .await;
    let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].ends_with(": 3 spans"));
    assert!(lines[1].starts_with("└─ invoke_agent planner  "));
    assert!(lines[2].starts_with("   ├─ tools/call search CLIENT  "));
    assert!(
        lines[3].starts_with("   └─ tools/call book CLIENT  ")
            && lines[3].ends_with("ERROR tool_error: full")
    );
}

#[test]
fn a_span_that_is_too_large_arrives_without_what_the_program_added() {
    for protocol in [Protocol::HttpProtobuf, Protocol::HttpJson] {
        let collector = Collector::kind();
        let guard = otlp(&collector).otlp_protocol(protocol).build().unwrap();
        let mut call = McpCall::new(Method::ToolsCall);
        call.set_target(Some("search"), None);
        let span = ActiveSpan::builder(SpanKind::Client)
            .under(None)
            .sink(sink(&guard))
            .start(call);
        let long = "x".repeat(1000);
        span.set_attribute("own", "gone");
        for _ in 0..100 {
            let attributes = (0..60)
                .map(|n| Attribute::new(format!("key{n}"), long.as_str()))
                .collect();
            span.add_event("many", attributes);
        }
        span.end();
        assert!(guard.force_flush_blocking(SECONDS(5)).complete);
        assert_eq!(only(&guard).exported, 1);
        assert_balanced(&only(&guard));
        let body = collector.requests().remove(0).body;
        let request: ExportTraceServiceRequest = match protocol {
            Protocol::HttpJson => serde_json::from_slice(&body).unwrap(),
            _ => prost::Message::decode(&*body).unwrap(),
        };
        let span = &request.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!(
            (span.name.as_str(), span.events.len()),
            ("tools/call search", 0)
        );
        assert_eq!(span.dropped_attributes_count, 101);
        assert!(span.attributes.iter().any(|a| a.key == "gen_ai.tool.name"));
        assert!(span.attributes.iter().all(|a| a.key != "own"));
    }
}
