//! What reads a Rastir collector reads this.

use mcp_trace_viewer::{Limits, Viewer};
use serde_json::{Value, json};

use crate::support::{Running, TRACE, span, trace, with};

/// The sample of `POST /v1/telemetry`: a remote call that failed on its server.
fn sample() -> Value {
    json!({"service": "rust-mcp-demo", "env": "test", "version": "0.1.0", "spans": [
        {
            "type": "span", "trace_id": TRACE, "span_id": "00f067aa0ba902b7", "parent_span_id": null,
            "span_type": "tool", "name": "search", "start_time": 1_795_345_655.488,
            "end_time": 1_795_345_655.488, "duration_ms": 42.5, "status": "OK",
            "attributes": {
                "tool_name": "search", "remote": "true", "agent": "qa_agent", "model": "gpt-4o",
                "provider": "openai",
            },
            "events": [],
        },
        {
            "type": "span", "trace_id": TRACE, "span_id": "b7ad6b7169203331",
            "parent_span_id": "00f067aa0ba902b7", "span_type": "tool", "name": "mcpserver:search",
            "start_time": 1_795_345_655.488, "end_time": 1_795_345_655.488, "duration_ms": 30.25,
            "status": "ERROR",
            "attributes": {
                "tool_name": "search", "remote": "false", "error.type": "TimeoutError",
                "error.message": "boom",
            },
            "events": [{
                "name": "exception", "timestamp": 1_795_345_655.488,
                "attributes": {"exception.type": "TimeoutError", "exception.message": "boom"},
            }],
        },
    ]})
}

#[tokio::test]
async fn spans_come_back_as_they_went() {
    let viewer = Running::start().await;
    let answer = viewer
        .post("/v1/telemetry")
        .json(&sample())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 202);
    for path in [
        format!("/v1/traces/{TRACE}"),
        format!("/v1/traces?trace_id={TRACE}"),
    ] {
        let given = viewer.json(&path).await;
        assert_eq!(given["trace_id"], TRACE);
        for (given, sent) in given["spans"]
            .as_array()
            .unwrap()
            .iter()
            .zip(sample()["spans"].as_array().unwrap())
        {
            for key in [
                "type",
                "trace_id",
                "span_id",
                "parent_span_id",
                "span_type",
                "name",
                "status",
                "attributes",
                "events",
                "duration_ms",
                "start_time",
            ] {
                assert_eq!(given[key], sent[key], "{key}");
            }
            assert_eq!(given["service"], "rust-mcp-demo");
        }
    }
}

#[tokio::test]
async fn lists_of_traces() {
    let viewer = Running::start().await;
    viewer
        .post("/v1/telemetry")
        .json(&sample())
        .send()
        .await
        .unwrap();
    for n in 0..30 {
        viewer.push(&[span(&trace(n), 1, None, 0)]).await;
    }
    let list = viewer.json("/v1/traces").await;
    assert_eq!(list["traces"].as_array().unwrap().len(), 20);
    assert_eq!(
        list["traces"][0],
        json!({"trace_id": trace(29), "span_count": 1})
    );
    let list = viewer.json("/v1/traces?limit=2").await;
    assert_eq!(list["traces"].as_array().unwrap().len(), 2);
    let list = viewer.json("/v1/traces?service=rust-mcp-demo").await;
    assert_eq!(
        list["traces"],
        json!([{"trace_id": TRACE, "span_count": 2}])
    );
    for path in [
        "/v1/traces/0",
        "/v1/traces?trace_id=x",
        "/v1/traces/ffffffffffffffffffffffffffffffff",
    ] {
        let answer = viewer.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        assert_eq!(
            answer.json::<Value>().await.unwrap(),
            json!({"detail": "Trace not found"})
        );
    }
    assert_eq!(viewer.json("/health").await, json!({"status": "ok"}));
    assert_eq!(viewer.get("/ready").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn otlp_comes_back_in_rastirs_words() {
    let viewer = Running::start().await;
    let mut server = with(
        span(TRACE, 2, Some(1), 0),
        "gen_ai.tool.name",
        json!({"stringValue": "search"}),
    );
    server["kind"] = json!(2);
    server["status"] = json!({"code": 2});
    viewer
        .push(&[with(server, "server.port", json!({"intValue": "80"}))])
        .await;
    let given = viewer.json(&format!("/v1/traces/{TRACE}")).await;
    let span = &given["spans"][0];
    assert_eq!(span["name"], "mcpserver:search");
    assert_eq!(span["span_type"], "tool");
    assert_eq!(span["status"], "ERROR");
    assert_eq!(span["parent_span_id"], "0000000000000001");
    let attributes = json!({
        "gen_ai.tool.name": "search", "tool_name": "search", "remote": "false", "server.port": "80",
    });
    assert_eq!(span["attributes"], attributes);
    assert_eq!(span["duration_ms"], 1.0);
}

#[tokio::test]
async fn what_is_sent_twice_is_counted_once() {
    let mut limits = Limits::default();
    limits.spans_per_trace = 2;
    let viewer = Running::with(Viewer::new().limits(limits)).await;
    let ingested = async || {
        let page = viewer.text("/metrics").await;
        let mut lines = page.lines();
        let line = lines.find(|line| line.starts_with("rastir_spans_ingested_total{"));
        line.unwrap().rsplit(' ').next().unwrap().to_owned()
    };
    let [a, b, c] = [1, 2, 3].map(|id| span(TRACE, id, None, 0));
    // Within a request, and from request to request.
    viewer.push(&[a.clone(), a.clone()]).await;
    assert_eq!(ingested().await, "1");
    viewer.push(&[b.clone(), a.clone()]).await;
    assert_eq!(ingested().await, "2");
    // One that finds no room has come in all the same.
    viewer.push(&[c, a, b]).await;
    assert_eq!(ingested().await, "3");
    let status = viewer.json("/api/status").await;
    assert_eq!(
        (&status["repeated"], &status["truncated"]),
        (&json!(4), &json!(1))
    );
}

#[tokio::test]
async fn metrics_have_rastirs_names_and_those_of_the_conventions() {
    let viewer = Running::start().await;
    viewer
        .post("/v1/telemetry")
        .json(&sample())
        .send()
        .await
        .unwrap();
    let mut call = with(
        span(TRACE, 9, None, 0),
        "mcp.method.name",
        json!({"stringValue": "tools/call"}),
    );
    call["kind"] = json!(3);
    viewer
        .push(&[with(
            call,
            "gen_ai.tool.name",
            json!({"stringValue": "a\"b\\c\nd"}),
        )])
        .await;
    let page = viewer.text("/metrics").await;
    let e = "service=\"rust-mcp-demo\",env=\"test\"";
    for line in [
        format!("rastir_spans_ingested_total{{{e},span_type=\"tool\",status=\"OK\"}} 1"),
        format!("rastir_spans_ingested_total{{{e},span_type=\"tool\",status=\"ERROR\"}} 1"),
        format!("rastir_tool_calls_total{{{e},tool_name=\"search\",agent=\"qa_agent\",model=\"gpt-4o\",provider=\"openai\"}} 1"),
        format!("rastir_tool_calls_total{{{e},tool_name=\"mcpserver:search\",agent=\"unknown\",model=\"\",provider=\"\"}} 1"),
        format!("rastir_errors_total{{{e},span_type=\"tool\",error_type=\"timeout\",model=\"\",provider=\"\",agent=\"\"}} 1"),
        format!("rastir_duration_seconds_sum{{{e},span_type=\"tool\",model=\"gpt-4o\",provider=\"openai\"}} 0.0425"),
        format!("rastir_duration_seconds_bucket{{{e},span_type=\"tool\",model=\"gpt-4o\",provider=\"openai\",le=\"0.05\"}} 1"),
        "mcp_client_operation_duration_seconds_count{service=\"test\",env=\"\",mcp_method_name=\"tools/call\",gen_ai_tool_name=\"a\\\"b\\\\c\\nd\"} 1".to_owned(),
        "rastir_trace_store_size 3".to_owned(),
        "rastir_active_traces 1".to_owned(),
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
}
