//! What is kept at most.

use std::time::Duration;

use mcp_trace_viewer::{Limits, Viewer};
use serde_json::{Value, json};

use crate::support::{Running, TRACE, request, span, trace, with};

async fn limited(change: impl FnOnce(&mut Limits)) -> Running {
    let mut limits = Limits::default();
    change(&mut limits);
    Running::with(Viewer::new().limits(limits)).await
}

async fn ids(viewer: &Running) -> Vec<Value> {
    let list = viewer.json("/api/traces").await;
    let traces = list["traces"].as_array().unwrap();
    traces
        .iter()
        .map(|trace| trace["trace_id"].clone())
        .collect()
}

#[tokio::test]
async fn the_quietest_trace_goes_first_and_whole() {
    let viewer = limited(|limits| limits.traces = 2).await;
    let tool = |n| {
        let name = json!({"stringValue": format!("tool {n}")});
        with(span(&trace(n), 1, None, 0), "gen_ai.tool.name", name)
    };
    for n in [1, 2] {
        viewer
            .push(&[tool(n), span(&trace(n), 2, Some(1), 0)])
            .await;
    }
    // The first trace goes on, so that the second has been quiet the longest.
    viewer.push(&[span(&trace(1), 3, Some(1), 0)]).await;
    viewer.push(&[tool(3)]).await;
    assert_eq!(ids(&viewer).await, [trace(3), trace(1)]);
    // Its names went with it, as far as no other trace has them.
    let list = viewer.json("/api/traces").await;
    assert_eq!(
        (&list["services"], &list["tools"]),
        (&json!(["test"]), &json!(["tool 1", "tool 3"]))
    );
    let status = viewer.json("/api/status").await;
    assert_eq!(
        (&status["traces"], &status["spans"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(status["evicted"], json!({"traces": 1, "spans": 2}));
    let path = format!("/api/traces/{}", trace(2));
    assert_eq!(viewer.get(&path).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn bytes_are_bounded() {
    let viewer = limited(|limits| limits.bytes = 100_000).await;
    let large = json!({"stringValue": "x".repeat(10_000)});
    for n in 0..50 {
        viewer
            .push(&[with(span(&trace(n), 1, None, 0), "large", large.clone())])
            .await;
    }
    let status = viewer.json("/api/status").await;
    let kept = status["traces"].as_u64().unwrap();
    assert!((7..=9).contains(&kept), "{status}");
    assert!(status["bytes"].as_u64().unwrap() <= 100_000, "{status}");
    assert_eq!(status["evicted"]["traces"], 50 - kept);
    assert_eq!(ids(&viewer).await[0], trace(49));
}

#[tokio::test]
async fn a_trace_has_an_end() {
    let viewer = limited(|limits| limits.spans_per_trace = 3).await;
    let spans: Vec<_> = (1..=5).map(|id| span(TRACE, id, None, id)).collect();
    viewer.push(&spans).await;
    let given = viewer.json(&format!("/api/traces/{TRACE}")).await;
    assert_eq!(given["spans"].as_array().unwrap().len(), 3);
    assert_eq!(given["truncated"], 2);
    assert_eq!(viewer.json("/api/status").await["truncated"], 2);
}

#[tokio::test]
async fn what_is_old_goes() {
    let viewer = limited(|limits| limits.age = Duration::from_millis(300)).await;
    viewer.push(&[span(TRACE, 1, None, 0)]).await;
    assert_eq!(ids(&viewer).await, [TRACE]);
    viewer.eventually(|list| list["total"] == 0).await;
    assert_eq!(viewer.json("/api/status").await["evicted"]["traces"], 1);
    assert_eq!(viewer.json("/api/status").await["bytes"], 0);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let viewer = limited(|limits| limits.body = 4096).await;
    let large = with(
        span(TRACE, 1, None, 0),
        "a",
        json!({"stringValue": "x".repeat(5000)}),
    );
    let large = request(&[large]);
    let answer = viewer.post("/v1/traces").json(&large).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 3);
    let answer = viewer
        .post("/v1/telemetry")
        .json(&large)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 413);
    viewer.push(&[span(TRACE, 1, None, 0)]).await;

    // No room for any body: the sender is to try again.
    let viewer = limited(|limits| limits.bodies = 10).await;
    let body = request(&[span(TRACE, 1, None, 0)]);
    let answer = viewer.post("/v1/traces").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 14);
    let answer = viewer
        .post("/v1/telemetry")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
}

#[tokio::test]
async fn pages_of_the_list() {
    let viewer = Running::start().await;
    for n in 0..7 {
        let mut given = span(&trace(n), 1, None, 0);
        given["status"] = json!({"code": if n % 2 == 0 { 2 } else { 0 }});
        given["kind"] = json!(3);
        given["endTimeUnixNano"] = json!((1_767_225_600_000_000_000 + n * 10_000_000).to_string());
        let tool = json!({"stringValue": format!("tool {}", n % 3)});
        viewer.push(&[with(given, "gen_ai.tool.name", tool)]).await;
    }
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let page = viewer.json(&format!("/api/traces?limit=3{next}")).await;
        assert_eq!(page["total"], 7);
        let traces = page["traces"].as_array().unwrap();
        seen.extend(traces.iter().map(|trace| trace["trace_id"].clone()));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&before={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..7).rev().map(trace).collect::<Vec<_>>());
    for (query, found) in [
        ("status=error", 4),
        ("status=ok", 3),
        ("tool=tool%201", 2),
        ("tool=tool", 0),
        ("service=test", 7),
        ("service=other", 0),
        ("min_ms=30", 4),
        ("max_ms=30", 4),
        ("min_ms=20&max_ms=40&status=error", 2),
        ("service=&tool=", 7),
    ] {
        assert_eq!(
            viewer.json(&format!("/api/traces?{query}")).await["total"],
            found,
            "{query}"
        );
    }
    for query in ["limit=x", "status=maybe", "min_ms=x", "before=x"] {
        let answer = viewer
            .get(&format!("/api/traces?{query}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 400, "{query}");
    }
    let list = viewer.json("/api/traces?limit=1").await;
    assert_eq!(list["tools"], json!(["tool 0", "tool 1", "tool 2"]));
    let tools = viewer.json("/api/tools").await;
    let first = &tools["tools"][0];
    assert_eq!(
        (&first["tool"], &first["side"], &first["calls"]),
        (&json!("tool 0"), &json!("client"), &json!(3))
    );
    // 0, 30 and 60 ms.
    assert_eq!(
        (&first["p50_ms"], &first["p99_ms"]),
        (&json!(30.0), &json!(60.0))
    );
    assert_eq!(first["errors"], 2);
    assert_eq!(
        first["histogram"].as_array().unwrap()[..4],
        [json!(1), json!(0), json!(1), json!(1)]
    );
}
