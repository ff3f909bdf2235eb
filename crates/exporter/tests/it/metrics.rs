//! The exporter's counts as metrics.

use mcp_trace_exporter::SelfMetric;
use prometheus_parse::{Scrape, Value};

use crate::collector::{Act, Collector};
use crate::support::*;

#[test]
fn counts_have_the_names_of_the_conventions() {
    // Refuses three spans of each request, field 1 of field 1, but for the last, which it never
    // answers.
    let collector = Collector::start(|request| match request.number {
        0 => Act::AnswerWith {
            status: 200,
            headers: Vec::new(),
            body: vec![0x0a, 2, 8, 3],
        },
        1 => Act::Answer(400),
        _ => Act::Silence,
    });
    let guard = otlp(&collector)
        .batch_size(10)
        .max_queue_spans(50)
        .flush_interval(SECONDS(60))
        .build()
        .unwrap();
    let sink = sink(&guard);
    for requests in 1..=3 {
        record(&sink, 10);
        eventually("a request", || collector.requests().len() == requests);
        eventually("settled", || {
            let stats = only(&guard);
            requests == 3 || (stats.in_flight == 0 && stats.queued == 0)
        });
    }
    record(&sink, 60);
    let stats = guard.stats();
    let value = |name: &str, error_type: Option<&str>| {
        let metrics = stats.metrics();
        let found: Vec<&SelfMetric> = metrics
            .iter()
            .filter(|metric| metric.name == name && metric.error_type == error_type)
            .collect();
        assert_eq!(found.len(), 1, "{name} {error_type:?}");
        assert_eq!(found[0].component, "mcp-trace/otlp");
        found[0].value
    };
    let wanted = [
        ("otel.sdk.processor.span.queue.capacity", None, 50),
        ("otel.sdk.processor.span.queue.size", None, 50),
        ("otel.sdk.processor.span.processed", None, 30),
        ("otel.sdk.processor.span.processed", Some("queue_full"), 10),
        ("otel.sdk.exporter.span.inflight", None, 10),
        ("otel.sdk.exporter.span.exported", None, 7),
        ("otel.sdk.exporter.span.exported", Some("rejected"), 3),
        ("otel.sdk.exporter.span.exported", Some("refused"), 10),
    ];
    for (name, error_type, want) in wanted {
        assert_eq!(value(name, error_type), want, "{name} {error_type:?}");
    }

    let page = stats.prometheus();
    let lines = page.lines().map(|line| Ok(line.to_owned()));
    let scrape = Scrape::parse(lines).unwrap();
    assert_eq!(scrape.samples.len(), stats.metrics().len(), "{page}");
    for (name, error_type, want) in wanted {
        let name = name.replace('.', "_");
        let found = scrape.samples.iter().find(|sample| {
            let title = sample.metric.trim_end_matches("_total");
            title == name && sample.labels.get("error_type") == error_type
        });
        let sample = found.unwrap_or_else(|| panic!("{name} {error_type:?} in {page}"));
        assert_eq!(
            sample.labels.get("otel_component_name"),
            Some("mcp-trace/otlp")
        );
        let monotonic = sample.metric.ends_with("_total");
        match sample.value {
            Value::Counter(value) if monotonic => assert_eq!(value, want as f64),
            Value::Gauge(value) if !monotonic => assert_eq!(value, want as f64),
            ref other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(only(&guard).recorded, 90, "reading them records nothing");
    assert_balanced(&only(&guard));
    let _ = guard.shutdown_blocking(MILLIS(0));
}
