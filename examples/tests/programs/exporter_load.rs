//! The load generator accounts for every span in one line.

use mcp_trace_examples::Receiver;
use serde_json::Value;

use crate::program::{example, output, text};

/// The line that it prints.
async fn load(url: &str, options: &[&str]) -> Value {
    let mut load = example("exporter_load");
    load.args(["--url", url]).args(options);
    let load = output(load).await;
    assert!(load.status.success(), "{options:?}: {}", text(&load.stderr));
    let line = text(&load.stdout);
    assert_eq!(line.lines().count(), 1, "{line}");
    serde_json::from_str(&line).expect("the line is JSON")
}

#[tokio::test]
async fn what_arrives_is_exported() {
    let receiver = Receiver::start().await.expect("a port is free");
    let line = load(
        &receiver.url(),
        &["--spans", "1000", "--rate", "20000", "--concurrency", "3"],
    )
    .await;
    assert_eq!(
        (&line["recorded"], &line["exported"]),
        (&1000.into(), &1000.into()),
        "{line}"
    );
    assert_eq!(receiver.spans().len(), 1000);
    let seconds = |key: &str| line[key].as_f64().expect(key);
    assert!(
        seconds("record_seconds") >= 0.04,
        "the rate is kept: {line}"
    );
    for key in ["ns_per_record", "peak_rss_mib", "seconds"] {
        assert!(seconds(key) > 0.0, "{key}: {line}");
    }
    // Counted in ticks, of which there may be none.
    assert!(seconds("cpu_seconds") >= 0.0);
}

#[tokio::test]
async fn what_cannot_be_sent_is_spooled_or_dropped_by_reason() {
    // Nobody listens there.
    let url = "http://127.0.0.1:9";
    let options = ["--spans", "1000", "--shutdown", "1"];
    let line = load(url, &options).await;
    assert_eq!(
        line["dropped"],
        serde_json::json!({"shutdown": 1000}),
        "{line}"
    );

    let folder = std::env::temp_dir().join(format!("mcp-trace-load-{}", std::process::id()));
    let spool = folder.to_str().expect("it is text");
    let line = load(
        url,
        &[&options[..], &["--spool", spool, "--protocol", "rastir"]].concat(),
    )
    .await;
    assert_eq!(
        (&line["spooled"], &line["imbalance"]),
        (&1000.into(), &0.into()),
        "{line}"
    );
    std::fs::remove_dir_all(folder).expect("it was made");
}
