//! `tail`, `show` and `export`, as programs.

use std::process::Stdio;
use std::time::Duration;

use mcp_trace_viewer::Viewer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::{Running, TRACE, span, trace, with};

const LIMIT: Duration = Duration::from_secs(20);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-trace"));
    command.args(arguments).env_remove("MCP_TRACE_TOKEN");
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What it prints, if it succeeds.
async fn output(arguments: &[&str]) -> Result<String, String> {
    let output = timeout(LIMIT, program(arguments).output())
        .await
        .unwrap()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

struct Tail {
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Tail {
    async fn start(viewer: &Running, options: &[&str]) -> Self {
        let arguments = ["tail", "--url", &viewer.url, "--settle", "0.3"];
        let mut command = program(&[&arguments, options].concat());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            lines,
            _process: process,
        }
    }

    async fn line(&mut self) -> String {
        timeout(LIMIT, self.lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    }
}

/// Pushes a new trace again and again, until what was told to look sees one.
async fn pushing(
    viewer: &Running,
    mut tail: Tail,
    spans: impl Fn(&str) -> Vec<Value>,
) -> (String, Tail) {
    let mut n = 0;
    loop {
        n += 1;
        viewer.push(&spans(&trace(n))).await;
        if let Ok(line) = timeout(Duration::from_millis(500), tail.line()).await {
            return (line, tail);
        }
        assert!(n < 40, "nothing is printed");
    }
}

const EVIL: &str = "evil\u{1b}[2J\u{202e}\n\u{9b}31m";

fn calls(trace: &str) -> Vec<Value> {
    let mut failed = span(trace, 3, Some(2), 2);
    failed["kind"] = json!(2);
    failed["status"] = json!({"code": 2, "message": EVIL});
    failed = with(failed, "error.type", json!({"stringValue": "tool_error"}));
    let mut client = span(trace, 2, Some(1), 1);
    client["kind"] = json!(3);
    client["name"] = json!(EVIL);
    vec![failed, client, span(trace, 1, None, 0)]
}

#[tokio::test]
async fn tail_prints_a_tree_for_each_finished_trace() {
    let viewer = Running::start().await;
    let tail = Tail::start(&viewer, &[]).await;
    let (heading, mut tail) = pushing(&viewer, tail, calls).await;
    assert!(heading.starts_with("trace 0000"), "{heading:?}");
    assert!(
        heading.ends_with("    3.0 ms  3 spans  1 failed")
            || heading.ends_with("  3.0 ms  3 spans  1 failed"),
        "{heading:?}"
    );
    let clean = "evil\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}31m";
    let words = |line: String| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(words(tail.line().await), "span 1 INTERNAL test 1.0 ms");
    assert_eq!(
        words(tail.line().await),
        format!("└── {clean} CLIENT test 1.0 ms")
    );
    assert_eq!(
        words(tail.line().await),
        format!("└── span 3 SERVER test 1.0 ms error: tool_error {clean}")
    );
    assert_eq!(tail.line().await, "");
}

#[tokio::test]
async fn tail_prints_lines_of_json() {
    let viewer = Running::start().await;
    let tail = Tail::start(&viewer, &["--json"]).await;
    let (line, _tail) = pushing(&viewer, tail, calls).await;
    assert!(
        !line.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "{line:?}"
    );
    let given: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(given["spans"][1]["name"], EVIL);
    assert_eq!(given["spans"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn show_draws_any_shape() {
    let viewer = Running::start().await;
    let mut spans = vec![
        span(TRACE, 1, None, 0),
        span(TRACE, 2, Some(1), 1),
        span(TRACE, 2, Some(1), 2),
        span(TRACE, 3, Some(2), 3),
        span(TRACE, 4, Some(77), 4),
        span(TRACE, 5, Some(6), 5),
        span(TRACE, 6, Some(5), 6),
        span(TRACE, 7, Some(7), 7),
    ];
    // A chain that is deeper than any stack would like.
    spans.extend(
        (100..5000).map(|id| span(TRACE, id, Some(if id == 100 { 1 } else { id - 1 }), id)),
    );
    viewer.push(&spans).await;
    let text = output(&["show", TRACE, "--url", &viewer.url])
        .await
        .unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + spans.len());
    assert!(text.len() < 3 << 20, "{}", text.len());
    let row = |start: &str| *lines.iter().find(|line| line.starts_with(start)).unwrap();
    assert!(row("span 1 ").ends_with("ms"));
    assert!(row("│   └── span 3 ").ends_with("ms"));
    assert!(row("span 4 ").ends_with("(its parent 000000000000004d is missing)"));
    assert!(row("span 5 ").ends_with("(its parents go in a circle)"));
    assert!(row("└── span 6 ").ends_with("ms"));
    assert!(row("span 7 ").ends_with("(its parents go in a circle)"));
    assert!(!text.contains('\u{1b}'), "no colours for files");
}

#[tokio::test]
async fn export_gives_what_other_receivers_take() {
    let (from, to) = (Running::start().await, Running::start().await);
    let mut rich = with(span(TRACE, 2, Some(1), 1), "int", json!({"intValue": "5"}));
    rich = with(rich, "double", json!({"doubleValue": 2.0}));
    rich = with(
        rich,
        "list",
        json!({"arrayValue": {"values": [{"boolValue": true}]}}),
    );
    rich["events"] = json!([{"name": EVIL, "timeUnixNano": "17"}]);
    rich["links"] = json!([{"traceId": trace(5), "spanId": "00000000000000ff"}]);
    rich["flags"] = json!(257);
    rich["traceState"] = json!("a=b");
    let spans = [calls(TRACE), vec![rich]].concat();
    from.push(&spans).await;
    let request = output(&["export", TRACE, "--otlp", "--url", &from.url])
        .await
        .unwrap();
    assert!(!request.trim_end().contains(|c: char| c.is_control()));
    let post = to
        .post("/v1/traces")
        .header("content-type", "application/json");
    let answer = post.body(request).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "{}");
    assert_eq!(to.spans(TRACE).await, from.spans(TRACE).await);

    let own = output(&["export", TRACE, "--url", &from.url])
        .await
        .unwrap();
    let own: Value = serde_json::from_str(&own).unwrap();
    assert_eq!(own["spans"], json!(from.spans(TRACE).await));
}

#[tokio::test]
async fn what_cannot_be_had_is_said() {
    let viewer = Running::with(Viewer::new().token("secret")).await;
    let url = viewer.url.as_str();
    for (arguments, said) in [
        (&["show", TRACE, "--url", url][..], "wants a token"),
        (
            &["show", TRACE, "--url", url, "--token", "secret"],
            "does not have this trace",
        ),
        (&["show", "../status", "--url", url], "32 hex digits"),
        (
            &["show", TRACE, "--url", "http://127.0.0.1:1"],
            "error sending request",
        ),
        (&["view", "--listen", "0.0.0.0:0"], "--allow-remote"),
        (
            &["view", "--listen", "0.0.0.0:0", "--allow-remote"],
            "--token",
        ),
    ] {
        let error = output(arguments).await.unwrap_err();
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn view_ends_when_asked() {
    let mut process = program(&["view", "--listen", "127.0.0.1:0"]);
    let mut process = process.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = timeout(LIMIT, lines.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let url = line.strip_prefix("listening on ").unwrap();
    // A reader that never leaves keeps nobody.
    let live = crate::support::client()
        .get(format!("{url}/api/live"))
        .send()
        .await
        .unwrap();
    let id = process.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    let status = timeout(Duration::from_secs(2), process.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success(), "{status}");
    drop(live);
}
