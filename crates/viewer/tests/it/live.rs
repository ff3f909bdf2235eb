//! Traces as they arrive.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Running, span, trace};

/// The traces of the next event.
async fn next(answer: &mut reqwest::Response, buffer: &mut String) -> Value {
    loop {
        if let Some((event, rest)) = buffer.split_once("\n\n") {
            let lines: Vec<&str> = event.lines().collect();
            assert_eq!(lines[0], "event: traces");
            let data = serde_json::from_str(lines[1].strip_prefix("data: ").unwrap()).unwrap();
            *buffer = rest.to_owned();
            return data;
        }
        let chunk = tokio::time::timeout(Duration::from_secs(10), answer.chunk());
        let chunk = chunk
            .await
            .expect("an event")
            .unwrap()
            .expect("the stream goes on");
        buffer.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

#[tokio::test]
async fn new_and_changed_traces_are_told() {
    let viewer = Running::start().await;
    viewer.push(&[span(&trace(1), 1, None, 0)]).await;
    let mut live = viewer.get("/api/live").send().await.unwrap();
    assert_eq!(live.headers()["content-type"], "text/event-stream");
    let mut buffer = String::new();
    viewer.push(&[span(&trace(2), 1, None, 0)]).await;
    let event = next(&mut live, &mut buffer).await;
    assert_eq!(event.as_array().unwrap().len(), 1);
    assert_eq!(event[0]["trace_id"], trace(2));
    assert_eq!(event[0]["spans"], 1);
    viewer.push(&[span(&trace(1), 2, Some(1), 0)]).await;
    let event = next(&mut live, &mut buffer).await;
    assert_eq!(
        (&event[0]["trace_id"], &event[0]["spans"]),
        (&trace(1).into(), &2.into())
    );

    // From a change that is known on.
    let mut all = viewer.get("/api/live?after=0").send().await.unwrap();
    let event = next(&mut all, &mut String::new()).await;
    assert_eq!(event.as_array().unwrap().len(), 2);
    assert_eq!(event[0]["trace_id"], trace(1));

    // The end of the viewer is the end of its streams.
    viewer.stop().await;
    let rest = tokio::time::timeout(Duration::from_secs(2), live.chunk()).await;
    assert!(!matches!(rest.expect("no wait"), Ok(Some(_))));
}

#[tokio::test]
async fn at_most_four_times_a_second() {
    let viewer = Running::start().await;
    let mut live = viewer.get("/api/live").send().await.unwrap();
    let url = viewer.url.clone();
    let pushing = tokio::spawn(async move {
        let http = crate::support::client();
        for n in 0..400 {
            let body = crate::support::request(&[span(&trace(n), 1, None, 0)]);
            http.post(format!("{url}/v1/traces"))
                .json(&body)
                .send()
                .await
                .unwrap();
        }
    });
    let mut buffer = String::new();
    let began = Instant::now();
    let (mut events, mut traces) = (0, 0);
    while traces < 400 {
        traces += next(&mut live, &mut buffer).await.as_array().unwrap().len();
        events += 1;
    }
    let most = began.elapsed().as_secs_f64() * 4.0 + 1.0;
    assert!(
        f64::from(events) <= most,
        "{events} in {:?}",
        began.elapsed()
    );
    assert_eq!(traces, 400);
    pushing.await.unwrap();
}

#[tokio::test]
async fn what_does_not_fit_into_an_event_comes_in_the_next() {
    let viewer = Running::start().await;
    let spans: Vec<_> = (1..=1200).map(|n| span(&trace(n), 1, None, 0)).collect();
    viewer.push(&spans).await;
    let mut live = viewer.get("/api/live?after=0").send().await.unwrap();
    let mut buffer = String::new();
    let mut told = HashSet::new();
    for len in [500, 500, 200] {
        let event = next(&mut live, &mut buffer).await;
        let event = event.as_array().unwrap();
        assert_eq!(event.len(), len);
        told.extend(event.iter().map(|trace| trace["trace_id"].to_string()));
    }
    assert_eq!(told.len(), 1200);
}
