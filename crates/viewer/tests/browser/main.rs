//! The page in a real Chromium: what a person sees, and what a hostile peer cannot do.

mod agent;
mod many;
mod odd;
mod otlp;
mod screenshots;
mod webdriver;

use std::future::pending;

use mcp_trace_viewer::Viewer;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::agent::ask_for_the_weather;
use crate::otlp::{MS, now, push, span};
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
