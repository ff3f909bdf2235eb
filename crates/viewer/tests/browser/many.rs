//! More than a person looks at.

use mcp_trace_viewer::{Limits, Viewer};
use serde_json::{Value, json};

use crate::otlp::{MS, now, push, span};
use crate::webdriver::with_browser;
use crate::{LIST, TREE, rows, start};

/// Only what is in sight exists: the cost of a list does not grow with its length.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_traces_and_five_thousand_spans_are_a_screenful() {
    with_browser(async |browser| {
        let viewer = start(Viewer::new()).await;
        let start = now();
        let at = |n: u64| [start + n * MS, start + (n + 1) * MS];
        let traces: Vec<Value> = (1..=10_000)
            .map(|n| span(&format!("{n:032x}"), &format!("{n:016x}"), "", &format!("trace {n}"), at(n)))
            .collect();
        for part in traces.chunks(2_500) {
            push(&viewer, "many", part).await;
        }
        browser.open(&viewer).await;
        let first = |rows: &Value| rows[0] == "trace 10000";
        browser.until("the newest", LIST, first).await;
        let to_the_end = format!("const rows = document.getElementById('list-rows'); rows.scrollTop = rows.scrollHeight; {LIST}");
        let last = |rows: &Value| rows.as_array().is_some_and(|rows| rows.last() == Some(&json!("trace 1")));
        let rows = browser.until("the oldest", &to_the_end, last).await;
        assert!(rows.as_array().unwrap().len() < 60, "{rows}");
        let counted = browser.run("return document.getElementById('list-count').textContent").await;
        assert_eq!(counted, "10\u{202f}000 traces");

        let trace = "f".repeat(32);
        let spans: Vec<Value> = (1..=5_000)
            .map(|n| {
                let parent = if n == 1 { String::new() } else { format!("{:016x}", n / 2) };
                span(&trace, &format!("{n:016x}"), &parent, &format!("span {n}"), at(n))
            })
            .collect();
        push(&viewer, "deep", &spans).await;
        browser.open(&format!("{viewer}/#/trace/{trace}")).await;
        browser.until("the root", TREE, |tree| tree[0] == "1|span 1||").await;
        // Home and End, as the keyboard of WebDriver has them.
        browser.press("\u{e010}").await;
        let last = |tree: &Value| tree.as_array().is_some_and(|rows| rows.last() == Some(&json!("12|span 4095||")));
        let rows = browser.until("the last span", TREE, last).await;
        assert!(rows.as_array().unwrap().len() < 80, "{rows}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_viewer_let_go_leaves_the_list() {
    with_browser(async |browser| {
        let mut limits = Limits::default();
        limits.traces = 3;
        let viewer = start(Viewer::new().limits(limits)).await;
        browser.open(&viewer).await;
        let kept = "return document.getElementById('status').textContent.startsWith('0 traces')";
        browser
            .until("the limits are known", kept, |known| *known == true)
            .await;
        for n in 1..=5 {
            let start = now();
            let trace = span(
                &format!("{n:032x}"),
                &format!("{n:016x}"),
                "",
                &format!("trace {n}"),
                [start, start + MS],
            );
            push(&viewer, "busy", &[trace]).await;
        }
        rows(browser, &["trace 5", "trace 4", "trace 3"]).await;
    })
    .await;
}
