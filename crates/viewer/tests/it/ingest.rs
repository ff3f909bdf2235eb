//! What senders get for an answer.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Running, TRACE, request, span, with};

const PROTOBUF: &str = "application/x-protobuf";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn protobuf(spans: Vec<Span>) -> Vec<u8> {
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource::default()),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    request.encode_to_vec()
}

fn good(id: u8) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![id; 8],
        name: "good".to_owned(),
        ..Span::default()
    }
}

#[tokio::test]
async fn protobuf_answers_in_protobuf() {
    let viewer = Running::start().await;
    let bad = Span {
        span_id: vec![0; 8],
        ..good(1)
    };
    let short = Span {
        trace_id: vec![1; 15],
        ..good(1)
    };
    let body = protobuf(vec![good(1), bad, good(2), short]);
    for encoding in [None, Some("gzip"), Some("identity")] {
        let mut post = viewer.post("/v1/traces").header("content-type", PROTOBUF);
        post = match encoding {
            Some("gzip") => post.header("content-encoding", "gzip").body(gzip(&body)),
            Some(other) => post.header("content-encoding", other).body(body.clone()),
            None => post.body(body.clone()),
        };
        let answer = post.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], PROTOBUF);
        let answer = ExportTraceServiceResponse::decode(answer.bytes().await.unwrap()).unwrap();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_spans, 2);
        assert_eq!(partial.error_message, "a span id is not 8 bytes, or zero");
    }
    let status = viewer.json("/api/status").await;
    // The same span sent again is not kept again.
    assert_eq!(
        (&status["spans"], &status["repeated"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(status["rejected"], json!({"requests": 0, "spans": 6}));

    let answer = viewer.post("/v1/traces").header("content-type", PROTOBUF);
    let answer = answer.body(protobuf(vec![good(1)])).send().await.unwrap();
    assert!(answer.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn json_is_read_tolerantly() {
    let viewer = Running::start().await;
    let odd = json!({
        "traceId": TRACE.to_uppercase(),
        "spanId": "00000000000000AB",
        "parentSpanId": null,
        "name": "odd",
        "kind": "3",
        "startTimeUnixNano": 1_000_000_000_u64,
        "endTimeUnixNano": "1000000007",
        "unknown": {"deep": [1, {"x": null}]},
        "status": null,
        "events": null,
        "links": [{"traceId": "no"}, {"traceId": TRACE, "spanId": "00000000000000cd"}],
        "attributes": [
            {"key": "int", "value": {"intValue": 7}},
            {"key": "big", "value": {"intValue": "9007199254740993"}},
            {"key": "double", "value": {"doubleValue": "NaN"}},
            {"key": "bytes", "value": {"bytesValue": "AQI="}},
            {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"boolValue": true}]}}},
            {"key": "tree", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}}},
            {"key": "future", "value": {"futureValue": 1}},
            {"key": "none"},
            {},
        ],
    });
    let hopeless = [json!(1), json!(null), json!({}), json!({"traceId": "xyz"})];
    let wrong_parent = json!({"traceId": TRACE, "spanId": "00000000000000ab", "parentSpanId": "z"});
    let mut spans = vec![odd, wrong_parent];
    spans.extend(hopeless);
    let answer = viewer
        .post("/v1/traces")
        .json(&request(&spans))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "5");
    let spans = viewer.spans(TRACE).await;
    assert_eq!(spans.len(), 1);
    let span = &spans[0];
    assert_eq!(span["span_id"], "00000000000000ab");
    assert_eq!(span["kind"], "client");
    assert_eq!(span["duration_ns"], 7);
    assert_eq!(span["links"].as_array().unwrap().len(), 1);
    assert_eq!(
        span["attributes"],
        json!({
            "int": 7, "big": "9007199254740993", "double": "NaN", "bytes": "AQI=",
            "list": [1, true], "tree": "{\"a\":\"b\"}", "future": null, "none": null, "": null,
        })
    );
}

#[tokio::test]
async fn what_is_not_otlp_is_an_error_of_otlp() {
    let viewer = Running::start().await;
    let json = "application/json";
    for (content_type, encoding, body, status) in [
        (json, "", &b"{"[..], 400),
        (json, "", b"[]", 400),
        (json, "", b"{\"resourceSpans\": 1}", 400),
        (json, "", b"{\"resourceSpans\": [1]}", 400),
        (json, "", b"\xff\xfe", 400),
        (json, "gzip", b"{}", 400),
        (json, "br", b"{}", 415),
        ("text/plain", "", b"{}", 415),
        (PROTOBUF, "", b"\x0a\xff", 400),
        (PROTOBUF, "", b"\x0a\x02\x12\x05", 400),
        (PROTOBUF, "", b"{}", 400),
    ] {
        let mut post = viewer
            .post("/v1/traces")
            .header("content-type", content_type);
        if !encoding.is_empty() {
            post = post.header("content-encoding", encoding);
        }
        let answer = post.body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{content_type} {body:?}");
        let expected = if content_type == PROTOBUF {
            PROTOBUF
        } else {
            json
        };
        assert_eq!(answer.headers()["content-type"], expected);
        if expected == json {
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["code"], 3);
            assert!(!answer["message"].as_str().unwrap().is_empty());
        } else {
            // `google.rpc.Status`: field 1 is the code 3, field 2 the message.
            assert!(answer.bytes().await.unwrap().starts_with(&[0x08, 3, 0x12]));
        }
    }
    assert_eq!(viewer.json("/api/status").await["rejected"]["requests"], 11);
    // Nothing of a broken request is kept, however much stood before the break.
    let mut broken = protobuf((1..=3000).map(|n| good((n % 250 + 1) as u8)).collect());
    broken.push(0xff);
    let answer = viewer.post("/v1/traces").header("content-type", PROTOBUF);
    assert_eq!(answer.body(broken).send().await.unwrap().status(), 400);
    assert_eq!(viewer.json("/api/status").await["spans"], 0);
    // Empty is fine, as OTLP says.
    for (content_type, body) in [(json, &b"{}"[..]), (PROTOBUF, b"")] {
        let post = viewer
            .post("/v1/traces")
            .header("content-type", content_type);
        assert_eq!(post.body(body).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn an_odd_span_costs_no_other_in_protobuf() {
    let viewer = Running::start().await;
    // A span whose own bytes are no message: its name is not UTF-8.
    let bad = [0x2a, 1, 0xff];
    let mut scope = vec![0x12, u8::try_from(bad.len()).unwrap()];
    scope.extend(bad);
    for span in [good(1), good(2)] {
        let span = span.encode_to_vec();
        scope.extend([0x12, u8::try_from(span.len()).unwrap()]);
        scope.extend(span);
    }
    let mut resource = vec![0x12, u8::try_from(scope.len()).unwrap()];
    resource.extend(scope);
    let mut body = vec![0x0a, u8::try_from(resource.len()).unwrap()];
    body.extend(resource);
    let answer = viewer
        .post("/v1/traces")
        .header("content-type", PROTOBUF)
        .body(body);
    let answer = answer.send().await.unwrap().bytes().await.unwrap();
    let answer = ExportTraceServiceResponse::decode(answer).unwrap();
    assert_eq!(answer.partial_success.unwrap().rejected_spans, 1);
    assert_eq!(viewer.json("/api/status").await["spans"], 2);
}

#[tokio::test]
async fn rastir_answers_as_its_collector_does() {
    let viewer = Running::start().await;
    let good = json!({
        "type": "span", "trace_id": TRACE, "span_id": "00f067aa0ba902b7f067aa0ba902b700",
        "parent_span_id": null, "span_type": "tool", "name": "search",
        "start_time": 1_795_345_655.488, "duration_ms": 42.5, "status": "OK",
        "attributes": {"tool_name": "search", "remote": "true"}, "events": [],
    });
    let mut child = good.clone();
    child["span_id"] = json!("b7ad6b7169203331");
    child["parent_span_id"] = json!("00f067aa0ba902b7");
    child["attributes"] = json!(null);
    child["events"] = json!(null);
    child["status"] = json!(7);
    for (body, status, answer) in [
        (
            json!({"service": "a", "spans": [good, child]}),
            202,
            json!({"status": "accepted", "spans_received": 2}),
        ),
        (
            json!({"service": null, "spans": [{}, 1, good, {"trace_id": "x"}]}),
            202,
            json!({"status": "accepted", "spans_received": 1, "spans_rejected": 3}),
        ),
        (
            json!([]),
            400,
            json!({"detail": "Payload must be a JSON object"}),
        ),
        (
            json!({"spans": []}),
            400,
            json!({"detail": "'spans' must be a non-empty array"}),
        ),
        (
            json!({"spans": 1}),
            400,
            json!({"detail": "'spans' must be a non-empty array"}),
        ),
        (
            json!({}),
            400,
            json!({"detail": "'spans' must be a non-empty array"}),
        ),
        (
            json!({"spans": [1]}),
            400,
            json!({"detail": "a span is not an object"}),
        ),
    ] {
        // Any content type will do.
        let post = viewer.post("/v1/telemetry").body(body.to_string());
        let given = post.send().await.unwrap();
        assert_eq!(given.status(), status, "{body}");
        assert_eq!(given.json::<Value>().await.unwrap(), answer, "{body}");
    }
    let given = viewer.post("/v1/telemetry").body("{").send().await.unwrap();
    assert_eq!(given.status(), 400);
    assert_eq!(
        given.json::<Value>().await.unwrap(),
        json!({"detail": "Invalid JSON"})
    );

    let spans = viewer.spans(TRACE).await;
    assert_eq!(spans.len(), 3);
    assert_eq!(spans[0]["span_id"], "00f067aa0ba902b7");
    // As exact as seconds in a double are.
    let start: u64 = spans[0]["start_ns"].as_str().unwrap().parse().unwrap();
    assert!(start.abs_diff(1_795_345_655_488_000_000) < 240, "{start}");
    assert_eq!(spans[0]["duration_ns"], 42_500_000);
    assert_eq!(spans[0]["service"], "a");
    assert_eq!(spans[1]["parent_id"], "00f067aa0ba902b7");
    assert_eq!(spans[1]["status"], "unset");
    assert_eq!(
        viewer.json("/api/traces").await["traces"][0]["missing_parents"],
        0
    );
}

#[tokio::test]
async fn searches_find_values_and_nothing_else() {
    let viewer = Running::start().await;
    let told = with(
        span(TRACE, 1, None, 0),
        "city",
        json!({"stringValue": "Tromsø \"north\""}),
    );
    let other = span(&"5".repeat(32), 0xabc, None, 0);
    viewer.push(&[told, other]).await;
    for (text, found) in [
        ("tromsø", 1),
        ("TROMS", 1),
        ("\"north\"", 1),
        ("span 1", 1),
        ("span", 2),
        ("test", 2),
        (&TRACE[4..12], 1),
        ("0abc", 1),
        // Names of keys and words of the format.
        ("city", 0),
        ("duration_ns", 0),
        ("internal", 0),
        ("nowhere", 0),
    ] {
        let query = [("text", text)];
        let list = viewer
            .get("/api/traces")
            .query(&query)
            .send()
            .await
            .unwrap();
        let list: Value = list.json().await.unwrap();
        assert_eq!(list["total"], found, "{text}");
    }
}
