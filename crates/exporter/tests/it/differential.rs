//! Our encodings against the official types: random spans, equal field by field.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_trace::carrier::{BaggageFilter, extract_values};
use mcp_trace::{
    ActiveSpan, Attribute, AttributeVisitor, End, McpCall, MemorySink, Method, Network,
    NetworkPeer, Operation, Outcome, ProtocolVersion, SpanKind, SpanRecord, Text, TraceContext,
    Value,
};
use mcp_trace_exporter::{Encoder, OtlpJson, OtlpProtobuf, Resource};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use prost::Message;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let attribute = (any::<String>(), value()).prop_map(|(key, value)| Attribute::new(key, value));
    prop::collection::vec(attribute, 0..6)
}

fn context() -> impl Strategy<Value = TraceContext> {
    let state = prop_oneof![
        Just(""),
        Just("vendor=1"),
        Just("ot=th:8,rojo=00f067aa0ba902b7")
    ];
    (1..u128::MAX, 1..u64::MAX, any::<bool>(), state).prop_map(|(trace, span, random, state)| {
        let flags = if random { 3 } else { 1 };
        let parent = format!("00-{trace:032x}-{span:016x}-{flags:02x}");
        let state = Some(state.as_bytes()).filter(|state| !state.is_empty());
        extract_values(parent.as_bytes(), state, None, &BaggageFilter::none())
            .into_context()
            .unwrap()
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    let method = (0..Method::KNOWN.len() + 1).prop_map(|n| {
        Method::KNOWN
            .get(n)
            .cloned()
            .unwrap_or(Method::parse("x/y"))
    });
    let call = (
        method,
        any::<Option<String>>(),
        any::<Option<String>>(),
        any::<Option<u16>>(),
    )
        .prop_map(|(method, target, id, port)| {
            let mut call = McpCall::new(method);
            call.set_target(target.as_deref(), target.as_deref());
            call.request_id = id.as_deref().map(Text::new);
            call.protocol_version = port.map(|_| ProtocolVersion::V2026_07_28);
            call.network = Network::http(http::Version::HTTP_2);
            call.network.peer = Some(NetworkPeer::new("peer.example", port));
            Operation::Mcp(call)
        });
    prop_oneof![
        3 => call,
        1 => any::<String>().prop_map(|name| Operation::Agent { name: Text::new(&name) }),
        1 => any::<String>().prop_map(|name| Operation::Internal { name: Text::new(&name) }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::default()),
        any::<String>().prop_map(|message| Outcome::tool_error().with_message(&message)),
        (any::<i64>(), any::<String>()).prop_map(|(code, message)| Outcome::rpc_error(
            SpanKind::Server,
            code,
            &message
        )),
        Just(Outcome::cancelled()),
    ]
}

fn moment() -> impl Strategy<Value = SystemTime> {
    (-100_000_000_i64..5_000_000_000, 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| {
        let at = match u64::try_from(seconds) {
            Ok(after) => UNIX_EPOCH + Duration::from_secs(after),
            Err(_) => UNIX_EPOCH - Duration::from_secs(seconds.unsigned_abs()),
        };
        at + Duration::from_nanos(nanos.into())
    })
}

prop_compose! {
    fn record()(
        operation in operation(),
        kind in prop_oneof![Just(SpanKind::Client), Just(SpanKind::Server), Just(SpanKind::Internal)],
        parent in prop::option::of(context()),
        local in any::<bool>(),
        attributes in attributes(),
        events in prop::collection::vec((any::<String>(), attributes()), 0..3),
        links in prop::collection::vec(context(), 0..3),
        outcome in outcome(),
        start in moment(),
        duration in any::<u32>(),
        end in prop_oneof![Just(End::Complete), Just(End::Detached)],
    ) -> SpanRecord {
        let sink = Arc::new(MemorySink::default());
        let span = ActiveSpan::builder(kind).under(parent).sink(sink.clone()).start(operation);
        for attribute in attributes {
            span.set_attribute(attribute.key, attribute.value);
        }
        for (name, attributes) in events {
            span.add_event(&name, attributes);
        }
        for link in links {
            span.add_link(link);
        }
        span.set_outcome(outcome);
        span.end_as(end);
        let mut record = sink.take().remove(0);
        if let (true, Some(parent)) = (local, record.parent.as_mut()) {
            parent.remote = false;
        }
        record.start = start;
        record.duration = Duration::from_micros(duration.into());
        record
    }
}

#[derive(Default)]
struct Official(Vec<KeyValue>);

impl Official {
    fn push(&mut self, key: &str, value: any_value::Value) {
        let value = Some(AnyValue { value: Some(value) });
        self.0.push(KeyValue {
            key: key.to_owned(),
            value,
            ..KeyValue::default()
        });
    }

    fn of(attributes: &[Attribute]) -> Vec<KeyValue> {
        let mut official = Self::default();
        for attribute in attributes {
            official.value(&attribute.key, &attribute.value);
        }
        official.0
    }
}

impl AttributeVisitor for Official {
    fn text(&mut self, key: &str, value: &str) {
        self.push(key, any_value::Value::StringValue(value.to_owned()));
    }

    fn int(&mut self, key: &str, value: i64) {
        self.push(key, any_value::Value::IntValue(value));
    }

    fn float(&mut self, key: &str, value: f64) {
        self.push(key, any_value::Value::DoubleValue(value));
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.push(key, any_value::Value::BoolValue(value));
    }
}

/// What the official types say about a record, written independently of the encoders.
fn official(record: &SpanRecord) -> Span {
    let mut attributes = Official::default();
    record.visit_attributes(&mut attributes);
    let start = record
        .start
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64);
    let flags = |context: &TraceContext, remote: bool| {
        u32::from(context.flags().to_u8()) + 0x100 + if remote { 0x200 } else { 0 }
    };
    let state = |context: &TraceContext| context.tracestate().unwrap_or_default().to_owned();
    Span {
        trace_id: record.trace_id().to_bytes().to_vec(),
        span_id: record.span_id().to_bytes().to_vec(),
        trace_state: state(&record.context),
        parent_span_id: record
            .parent_id()
            .map(|id| id.to_bytes().to_vec())
            .unwrap_or_default(),
        flags: flags(
            &record.context,
            record.parent.is_some_and(|parent| parent.remote),
        ),
        name: record.name().into_owned(),
        kind: match record.kind {
            SpanKind::Server => 2,
            SpanKind::Client => 3,
            _ => 1,
        },
        start_time_unix_nano: start,
        end_time_unix_nano: start + record.duration.as_nanos() as u64,
        attributes: attributes.0,
        dropped_attributes_count: record.dropped(),
        events: record
            .events()
            .iter()
            .map(|event| Event {
                time_unix_nano: start + event.at.as_nanos() as u64,
                name: event.name.as_str().to_owned(),
                attributes: Official::of(&event.attributes),
                dropped_attributes_count: 0,
            })
            .collect(),
        dropped_events_count: 0,
        links: record
            .links()
            .iter()
            .map(|link| Link {
                trace_id: link.trace_id().to_bytes().to_vec(),
                span_id: link.span_id().to_bytes().to_vec(),
                trace_state: state(link),
                flags: flags(link, link.is_remote()),
                ..Link::default()
            })
            .collect(),
        dropped_links_count: 0,
        status: record.outcome.is_error().then(|| Status {
            message: record
                .outcome
                .message
                .as_ref()
                .map(|text| text.as_str().to_owned())
                .unwrap_or_default(),
            code: 2,
        }),
    }
}

fn resource() -> Resource {
    let mut resource = Resource::new("svc \"quoted\" é");
    resource.env = Some("prod".to_owned());
    resource
        .attributes
        .push(("answer".to_owned(), Value::from(42_i64)));
    resource
}

fn check(request: &ExportTraceServiceRequest, records: &[SpanRecord]) -> Result<(), TestCaseError> {
    let [
        ResourceSpans {
            resource: Some(resource),
            scope_spans,
            ..
        },
    ] = &request.resource_spans[..]
    else {
        return Err(TestCaseError::fail("not one resource"));
    };
    let mut expected = Official::default();
    for (key, value) in [
        ("service.name", Value::from("svc \"quoted\" é")),
        ("deployment.environment.name", Value::from("prod")),
        ("telemetry.sdk.language", Value::from("rust")),
        ("telemetry.sdk.name", Value::from("mcp-trace")),
        (
            "telemetry.sdk.version",
            Value::from(env!("CARGO_PKG_VERSION")),
        ),
        ("answer", Value::from(42_i64)),
    ] {
        expected.value(key, &value);
    }
    prop_assert_eq!(&resource.attributes, &expected.0);
    let [
        ScopeSpans {
            scope: Some(scope),
            spans,
            ..
        },
    ] = &scope_spans[..]
    else {
        return Err(TestCaseError::fail("not one scope"));
    };
    prop_assert_eq!(
        (&*scope.name, &*scope.version),
        ("mcp-trace", env!("CARGO_PKG_VERSION"))
    );
    let expected: Vec<Span> = records.iter().map(official).collect();
    prop_assert_eq!(spans, &expected);
    Ok(())
}

/// Lengths are written in one byte or in more.
#[test]
fn texts_of_every_length_say_the_same() {
    let sink = Arc::new(MemorySink::default());
    let span = ActiveSpan::builder(SpanKind::Server)
        .sink(sink.clone())
        .start(McpCall::new(Method::Ping));
    for len in (0..6).chain(110..=140) {
        span.set_attribute(format!("k{len}"), "v".repeat(len));
        span.set_attribute("k".repeat(len), "v");
        if len % 10 == 0 {
            span.add_event(&"n".repeat(len), vec![Attribute::new("k", "v".repeat(len))]);
        }
    }
    span.end();
    let records = sink.take();
    let body = OtlpProtobuf::new(&resource()).request(&records);
    check(
        &ExportTraceServiceRequest::decode(&*body).unwrap(),
        &records,
    )
    .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn protobuf_says_the_same(records in prop::collection::vec(record(), 1..5)) {
        let body = OtlpProtobuf::new(&resource()).request(&records);
        check(&ExportTraceServiceRequest::decode(&*body).unwrap(), &records)?;
    }

    #[test]
    fn json_says_the_same(records in prop::collection::vec(record(), 1..5)) {
        let body = OtlpJson::new(&resource()).request(&records);
        check(&serde_json::from_slice(&body).unwrap(), &records)?;
    }
}
