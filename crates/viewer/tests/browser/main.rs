//! The page in a real Chromium: what a person sees, and what a hostile peer cannot do.

mod agent;
mod otlp;
mod screenshots;
mod webdriver;

use std::future::pending;

use mcp_trace_viewer::{Limits, Viewer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::agent::ask_for_the_weather;
use crate::otlp::{MS, now, push, span, text};
use crate::webdriver::{Browser, with_browser};

/// The rows of the list, from the top.
const LIST: &str = "return [...document.querySelectorAll('#list-rows [role=row]')]
    .filter((row) => row.checkVisibility())
    .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
    .map((row) => row.querySelector('.title').textContent)";

/// The rows of the waterfall: level, name, kind, marks.
const TREE: &str = "return [...document.querySelectorAll('#waterfall-rows [role=row]')]
    .filter((row) => row.checkVisibility())
    .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
    .map((row) => [row.ariaLevel, ...['.span-name', '.kind', '.marks'].map((part) => row.querySelector(part).textContent)].join('|'))";

/// A viewer in this process, and its URL.
async fn start(viewer: Viewer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(viewer.serve(listener, pending()));
    url
}

async fn rows(browser: &Browser, expected: &[&str]) {
    let expected = json!(expected);
    browser
        .until(&format!("{expected} is listed"), LIST, |rows| {
            *rows == expected
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_is_found_opened_filtered_and_arrives_live() {
    with_browser(async |browser| {
        let viewer = start(Viewer::new()).await;
        browser.open(&viewer).await;
        let empty = "return document.getElementById('empty').textContent";
        let told = |text: &Value| text.as_str().is_some_and(|text| text.contains(&viewer));
        browser.until("an empty page says how to push", empty, told).await;

        // All that follows arrives while the page is open, and is never loaded again.
        ask_for_the_weather(&viewer, "Tokyo").await;
        rows(browser, &["weather_agent"]).await;

        browser.click("#list-rows [role=row]").await;
        let three_levels = ["1|weather_agent||", "2|get_weather|client|", "3|mcpserver:get_weather|server|"];
        let tree = browser
            .until("the tree has three levels", TREE, |tree| {
                tree.as_array().is_some_and(|rows| rows.len() == 3)
            })
            .await;
        assert_eq!(tree, json!(three_levels));

        // The server's span, by the keyboard.
        browser.press("jjj\u{e007}").await;
        let details = "return document.getElementById('details').innerText";
        browser
            .until("the details of the server's span", details, |text| {
                let text = text.as_str().unwrap_or_default();
                ["tool-server", "server", "mcp.method.name\ntools/call", "traceparent\n00-"]
                    .iter()
                    .all(|part| text.contains(part))
            })
            .await;
        browser.allow_clipboard().await;
        browser.press("y").await;
        let copied = browser.run("return navigator.clipboard.readText()").await;
        let copied = traceparent::TraceParent::parse(copied.as_str().unwrap().as_bytes()).unwrap();
        let address = browser.run("return location.hash").await;
        let address = address.as_str().unwrap();
        let (trace, span) = (copied.trace_id(), copied.parent_id());
        assert!(copied.flags().is_sampled());
        assert_eq!(address, format!("#/trace/{trace}?span={span}"));

        // Esc closes the details, and then the trace.
        browser.press("\u{e00c}").await;
        browser.press("\u{e00c}").await;
        rows(browser, &["weather_agent"]).await;

        ask_for_the_weather(&viewer, "Atlantis").await;
        let failed = "weather_agent2 errors";
        rows(browser, &[failed, "weather_agent"]).await;

        browser.click("#filters input[value=error] + span").await;
        rows(browser, &[failed]).await;
        assert_eq!(browser.run("return location.hash.includes('status=error')").await, true);
        ask_for_the_weather(&viewer, "Oslo").await;
        ask_for_the_weather(&viewer, "Atlantis").await;
        rows(browser, &[failed, failed]).await;
        browser.click("#clear-filters").await;
        rows(browser, &[failed, "weather_agent", failed, "weather_agent"]).await;

        // A traceparent, as it stands in a log, into the search: it has the focus by now.
        browser.press(&format!("{copied}\u{e007}")).await;
        let address = "return location.hash";
        let opened = format!("#/trace/{trace}?span={span}");
        browser
            .until("the span is opened", address, |now| *now == opened)
            .await;
        browser.press("\u{e00c}").await;
        browser.press("\u{e00c}").await;

        browser.click("#filters [name=min_ms]").await;
        browser.press("1.5 s").await;
        rows(browser, &[]).await;
        assert_eq!(browser.run(address).await, "#/?min_ms=1500");

        browser.open(&format!("{viewer}/#/tools")).await;
        let tools = "return [...document.querySelectorAll('.tools-table tbody tr')].map((row) => row.innerText.split(/\\s+/).slice(0, 5).join(' ')).sort()";
        browser
            .until("the tools", tools, |tools| {
                *tools == json!(["get_weather my-agent client 4 50.0", "get_weather tool-server server 4 50.0"])
            })
            .await;
        assert_eq!(browser.complaints().await, [""; 0]);
    })
    .await;
}

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_critical_path_is_what_was_waited_for() {
    with_browser(async |browser| {
        let viewer = start(Viewer::new()).await;
        let trace = "a".repeat(32);
        let start = now();
        let step = |id: &str, parent: &str, name: &str, [from, to]: [u64; 2]| {
            let times = [start + from * MS, start + to * MS];
            span(&trace, &id.repeat(16), &parent.repeat(16), name, times)
        };
        let spans = [
            step("1", "", "root", [0, 100]),
            step("2", "1", "beside", [10, 40]),
            step("3", "1", "waited for", [30, 60]),
            step("4", "1", "last", [70, 90]),
            step("5", "4", "goes on alone", [80, 150]),
        ];
        push(&viewer, "steps", &spans).await;
        let expected = [
            ["1", "100 ms", "30 ms", "50 ms · 33 %"],
            ["2", "30 ms", "30 ms", "not on it"],
            ["3", "30 ms", "30 ms", "30 ms · 20 %"],
            ["4", "20 ms", "10 ms", "10 ms · 7 %"],
            ["5", "70 ms", "70 ms", "10 ms · 7 %"],
        ];
        for [id, length, own, path] in expected {
            let id = id.repeat(16);
            browser.open(&format!("{viewer}/#/trace/{trace}?span={id}")).await;
            let times = "const [length, , own, path] = [...document.querySelectorAll('#details .times dd')].map((value) => value.textContent);
                return [document.querySelector('#details .ids div:nth-child(3) button')?.textContent, length, own, path]";
            browser
                .until("the times", times, |times| *times == json!([id, length, own, path]))
                .await;
        }
        // What still arrives of the trace that is open, joins it.
        push(&viewer, "steps", &[step("6", "2", "late", [20, 30])]).await;
        browser
            .until("the late span", TREE, |tree| *tree == json!([
                "1|root||", "2|beside||", "3|late||", "2|waited for||", "2|last||", "3|goes on alone||",
            ]))
            .await;
    })
    .await;
}

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_asked_for_and_kept_in_the_tab() {
    with_browser(async |browser| {
        let viewer = start(Viewer::new().token("a long secret")).await;
        browser.open(&viewer).await;
        let asks = "return document.getElementById('token').open && !!document.activeElement.form";
        browser
            .until("the page asks", asks, |open| *open == true)
            .await;
        browser.press("wrong\u{e007}").await;
        let refused = "return !document.getElementById('token-error').hidden";
        browser
            .until("a wrong token is refused", refused, |said| *said == true)
            .await;
        browser.press("a long secret\u{e007}").await;
        let live = "return document.getElementById('live').dataset.state";
        browser
            .until("the page is live", live, |state| *state == "live")
            .await;
        // Another visit in the same tab is not asked.
        browser.open(&format!("{viewer}/?")).await;
        browser
            .until("the page is live", live, |state| *state == "live")
            .await;
        assert_eq!(
            browser
                .run("return document.getElementById('token').open")
                .await,
            false
        );
    })
    .await;
}
