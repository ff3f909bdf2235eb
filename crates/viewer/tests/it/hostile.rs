//! Spans that lie or attack: they are kept as text, within bounds, and harm no other.

use serde_json::{Value, json};

use crate::support::{Running, TRACE, span, with};

fn text(value: &str) -> Value {
    json!({"stringValue": value})
}

#[tokio::test]
async fn text_stays_what_it_is() {
    let viewer = Running::start().await;
    let evil = "</script><script>alert(1)</script>\u{1b}[2J\u{202e}\u{0}\u{2028}'\"`${x}";
    let mut given = with(span(TRACE, 1, None, 0), evil, text(evil));
    given["name"] = json!(evil);
    given["status"] = json!({"code": 2, "message": evil});
    viewer.push(&[with(given, "__proto__", text("x"))]).await;
    let answer = viewer
        .get(&format!("/api/traces/{TRACE}"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let span = &viewer.spans(TRACE).await[0];
    assert_eq!(span["name"], evil);
    assert_eq!(span["message"], evil);
    assert_eq!(span["attributes"][evil], evil);
    assert_eq!(span["attributes"]["__proto__"], "x");
    assert_eq!(viewer.json("/api/traces").await["traces"][0]["root"], evil);
}

#[tokio::test]
async fn long_values_are_cut() {
    let viewer = Running::start().await;
    let long = "ä".repeat(1 << 19);
    let mut given = with(span(TRACE, 1, None, 0), "long", text(&long));
    given["name"] = json!(long);
    for n in 0..300 {
        given = with(given, &format!("key {n}"), text("value"));
    }
    given["events"] = (0..300).map(|n| json!({"name": n.to_string()})).collect();
    let many = json!({"arrayValue": {"values": vec![json!({"intValue": "1"}); 5000]}});
    let second = with(span(TRACE, 2, None, 1), "many", many);
    let mut twice = with(span(TRACE, 3, None, 2), "a", text("first"));
    twice = with(twice, "a", text("second"));
    viewer
        .push(&[given, second, twice, span(TRACE, 4, None, 3)])
        .await;
    let spans = viewer.spans(TRACE).await;
    assert_eq!(
        spans
            .iter()
            .map(|span| span["cut"] == true)
            .collect::<Vec<_>>(),
        [true, true, true, false]
    );
    assert_eq!(
        spans[0]["attributes"]["long"].as_str().unwrap().len(),
        16 << 10
    );
    assert_eq!(spans[0]["name"].as_str().unwrap().len(), 1024);
    assert_eq!(spans[0]["attributes"].as_object().unwrap().len(), 128);
    assert_eq!(spans[0]["events"].as_array().unwrap().len(), 128);
    assert_eq!(
        spans[1]["attributes"]["many"].as_array().unwrap().len(),
        128
    );
    assert_eq!(spans[2]["attributes"], json!({"a": "first"}));
}

#[tokio::test]
async fn one_span_cannot_be_large_by_many_values() {
    let viewer = Running::start().await;
    let mut given = span(TRACE, 1, None, 0);
    for n in 0..100 {
        given = with(given, &format!("key {n}"), text(&"x".repeat(20_000)));
    }
    viewer.push(&[given]).await;
    let status = viewer.json("/api/status").await;
    assert!(status["bytes"].as_u64().unwrap() < 300 << 10, "{status}");
    assert_eq!(viewer.spans(TRACE).await[0]["cut"], true);
}

#[tokio::test]
async fn deep_values_are_no_trouble() {
    let viewer = Running::start().await;
    for depth in [50, 5000] {
        let mut value = String::from("{\"stringValue\":\"x\"}");
        for _ in 0..depth {
            value = format!("{{\"arrayValue\":{{\"values\":[{value}]}}}}");
        }
        let good = span(TRACE, 2, None, 0).to_string();
        let bad = span(TRACE, 1, None, 0).to_string();
        let bad = bad.trim_end_matches('}');
        let body = format!(
            "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{bad},\"attributes\":\
             [{{\"key\":\"deep\",\"value\":{value}}}]}},{good}]}}]}}]}}"
        );
        let post = viewer
            .post("/v1/traces")
            .header("content-type", "application/json");
        let status = post.body(body).send().await.unwrap().status();
        assert!([200, 400].contains(&status.as_u16()), "{status}");
    }
    assert_eq!(viewer.text("/health").await, "{\"status\":\"ok\"}");
}

#[tokio::test]
async fn shapes_that_are_no_trees() {
    let viewer = Running::start().await;
    // A circle of two, a span below itself, an orphan, two with one id, and a clock that is off.
    let mut early = span(TRACE, 7, Some(6), 0);
    early["startTimeUnixNano"] = json!("5");
    early["endTimeUnixNano"] = json!("1");
    let spans = [
        span(TRACE, 1, Some(2), 10),
        span(TRACE, 2, Some(1), 20),
        span(TRACE, 3, Some(3), 30),
        span(TRACE, 4, Some(99), 40),
        span(TRACE, 6, None, 50),
        with(span(TRACE, 6, None, 50), "second", text("yes")),
        early,
    ];
    viewer.push(&spans).await;
    let given = viewer.spans(TRACE).await;
    let ids: Vec<_> = given
        .iter()
        .map(|span| span["span_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids.iter().map(|id| &id[15..]).collect::<String>(),
        "7123466"
    );
    assert_eq!(given[5]["attributes"], json!({}));
    assert_eq!(given[6]["attributes"], json!({"second": "yes"}));
    assert_eq!(given[0]["duration_ns"], 0);
    let summary = &viewer.json("/api/traces").await["traces"][0];
    assert_eq!(summary["root"], "span 6");
    assert_eq!(summary["missing_parents"], 1);
    assert_eq!(summary["spans"], 7);
}

#[tokio::test]
async fn times_at_the_end_of_numbers() {
    let viewer = Running::start().await;
    let mut last = span(TRACE, 1, None, 0);
    last["startTimeUnixNano"] = json!(u64::MAX.to_string());
    last["endTimeUnixNano"] = json!(u64::MAX.to_string());
    let mut long = span(TRACE, 2, None, 0);
    long["startTimeUnixNano"] = json!("0");
    long["endTimeUnixNano"] = json!(u64::MAX.to_string());
    viewer.push(&[last, long]).await;
    let rastir = json!({"spans": [
        {"trace_id": TRACE, "span_id": "0000000000000003", "start_time": 1e300, "duration_ms": 1e300},
        {"trace_id": TRACE, "span_id": "0000000000000004", "start_time": -5, "duration_ms": -5},
    ]});
    let answer = viewer
        .post("/v1/telemetry")
        .json(&rastir)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 202);
    let spans = viewer.spans(TRACE).await;
    assert_eq!(spans.len(), 4);
    for path in ["/api/traces", "/api/tools", "/metrics", "/v1/traces"] {
        assert_eq!(
            viewer.get(path).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
    let path = format!("/v1/traces/{TRACE}");
    assert_eq!(
        viewer.json(&path).await["spans"].as_array().unwrap().len(),
        4
    );
}
