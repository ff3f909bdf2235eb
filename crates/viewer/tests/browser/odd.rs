//! What hostile and broken programs send.

use mcp_trace_viewer::Viewer;
use serde_json::{Value, json};

use crate::otlp::{MS, now, push, span, text};
use crate::webdriver::with_browser;
use crate::{TREE, rows, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_spans_stay_text_and_odd_ones_are_said() {
    with_browser(async |browser| {
        let viewer = start(Viewer::new()).await;
        let trace = "c".repeat(32);
        push_odd_spans(&viewer, &trace).await;
        browser.open(&format!("{viewer}/#/trace/{trace}")).await;
        let tree = browser
            .until("the whole tree", TREE, |tree| {
                tree.as_array().is_some_and(|rows| rows.len() == 12)
            })
            .await;
        let tree: Vec<&str> = tree.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(
            tree,
            [
                // It started before its parent: by its own clock.
                "1|<script>alert(1)</script>|server|!1 link",
                "2|early||clock",
                "2|‹U+202E›txt‹NUL›||",
                "2|twin||same id",
                "2|twin||same id",
                "1|circle a||circle",
                "2|circle b||",
                "1|its own parent||circle",
                "1|missing parent eeeeeeeeeeeeeeee||",
                "2|orphan||",
                "2|orphan||",
                "2|(no name)||",
            ]
        );
        let notices = browser
            .run("return document.getElementById('trace-notices').innerText")
            .await;
        for notice in ["3 spans without the parent", "differ by up to 30 ms", "back to themselves", "2 spans share an id"] {
            assert!(notices.as_str().unwrap().contains(notice), "{notice}: {notices}");
        }

        browser.press("j\u{e007}").await;
        let details = "return document.getElementById('details').innerText";
        browser
            .until("the details show markup as text", details, |text| {
                let text = text.as_str().unwrap_or_default();
                text.contains("<img src=x onerror=alert(2)>") && text.contains("‹ESC›[31mred")
            })
            .await;
        browser.open(&format!("{viewer}/#/tools")).await;
        let tools = "return document.getElementById('view-tools').innerText";
        browser
            .until("the tool's name as text", tools, |text| {
                text.as_str().is_some_and(|text| text.contains("<img src=x"))
            })
            .await;
        // Only the server knows of attributes.
        browser.open(&format!("{viewer}/#/?text=alert(4)")).await;
        rows(browser, &["<script>alert(1)</script>1 errorgap"]).await;
        browser.open(&format!("{viewer}/#/?text=alert(5)")).await;
        rows(browser, &[]).await;
        let made = "return document.querySelectorAll('img, iframe, object, embed, body script:not([type=module]), [onerror], [onload]').length";
        assert_eq!(browser.run(made).await, 0);
        assert_eq!(browser.dialog().await, None);
        assert_eq!(browser.complaints().await, [""; 0]);
    })
    .await;
}

async fn push_odd_spans(viewer: &str, trace: &str) {
    let start = now();
    let at = |from: u64, to: u64| [start + from * MS, start + to * MS];
    let odd = |id: &str, parent: &str, name: &str, [from, to]: [u64; 2]| {
        span(
            trace,
            &id.repeat(16),
            &parent.repeat(16),
            name,
            at(from, to),
        )
    };
    let image = "<img src=x onerror=alert(2)>";
    let mut root = odd("1", "", "<script>alert(1)</script>", [100, 200]);
    root["kind"] = json!(2);
    root["status"] = json!({"code": 2, "message": image});
    root["attributes"] = json!([
        text("gen_ai.tool.name", image),
        text(image, "\u{1b}[31mred\u{7}"),
        text("search", "<img src=x onerror=alert(4)>"),
        text("long", &"<b>".repeat(350_000)),
    ]);
    root["events"] = json!([{"name": image, "timeUnixNano": start.to_string(), "attributes": [text(image, image)]}]);
    root["links"] = json!([{"traceId": "d".repeat(32), "spanId": "d".repeat(16), "attributes": [text(image, image)]}]);
    push(
        viewer,
        image,
        &[
            root,
            odd("2", "1", "\u{202e}txt\0", [110, 120]),
            odd("3", "1", "twin", [130, 140]),
            odd("3", "1", "twin", [131, 141]),
            odd("4", "5", "circle a", [210, 290]),
            odd("5", "4", "circle b", [220, 280]),
            odd("6", "6", "its own parent", [230, 240]),
            odd("7", "e", "orphan", [300, 310]),
            odd("8", "e", "orphan", [310, 320]),
            odd("9", "e", "", [320, 330]),
        ],
    )
    .await;
    push(viewer, "another clock", &[odd("a", "1", "early", [70, 90])]).await;
}
