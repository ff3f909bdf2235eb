//! Traces that no well-behaved program makes, pushed as OTLP in JSON.

use serde_json::{Value, json};

/// Nanoseconds in a millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// A span as OTLP writes it; all but the ids can be changed afterwards.
pub(crate) fn span(
    trace: &str,
    id: &str,
    parent: &str,
    name: &str,
    [start, end]: [u64; 2],
) -> Value {
    json!({"traceId": trace, "spanId": id, "parentSpanId": parent, "name": name, "kind": 1,
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": end.to_string()})
}

/// An attribute that is text.
pub(crate) fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// Pushes spans of one service.
pub(crate) async fn push(viewer: &str, service: &str, spans: &[Value]) {
    let request = json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", service)]},
        "scopeSpans": [{"spans": spans}],
    }]});
    let answer = reqwest::Client::new()
        .post(format!("{viewer}/v1/traces"))
        .json(&request)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let body = answer.text().await.unwrap();
    assert!(
        status.is_success() && !body.contains("partialSuccess"),
        "{status} {body}"
    );
}

/// Now, by this machine's clock.
pub(crate) fn now() -> u64 {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}
