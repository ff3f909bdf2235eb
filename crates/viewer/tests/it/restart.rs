//! Traces in a file.

use std::path::{Path, PathBuf};

use mcp_trace_viewer::{Limits, OpenError, ServeError, Viewer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Running, TRACE, span, trace, with};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn db(&self) -> PathBuf {
        self.0.join("traces.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn refusal(path: &Path) -> ServeError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let viewer = Viewer::new().db(path);
    viewer
        .serve(listener, std::future::pending())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn traces_survive() {
    let folder = Folder::new("survive");
    let start = || Running::with(Viewer::new().db(folder.db()));
    let viewer = start().await;
    assert_eq!(
        viewer.json("/api/status").await["db"],
        folder.db().to_str().unwrap()
    );
    let odd = with(
        span(TRACE, 1, None, 5),
        "odd \u{202e}",
        json!({"doubleValue": 0.1}),
    );
    viewer.push(&[odd, span(TRACE, 2, Some(1), 1)]).await;
    viewer.push(&[span(&trace(1), 1, None, 0)]).await;
    let path = format!("/api/traces/{TRACE}");
    let (before, list) = (viewer.text(&path).await, viewer.json("/api/traces").await);
    viewer.stop().await;

    let viewer = start().await;
    assert_eq!(viewer.text(&path).await, before);
    let after = viewer.json("/api/traces").await;
    assert_eq!(after["traces"], list["traces"]);
    // It goes on from there.
    viewer.push(&[span(TRACE, 3, Some(2), 2)]).await;
    viewer.stop().await;
    let viewer = start().await;
    assert_eq!(viewer.spans(TRACE).await.len(), 3);
    viewer.stop().await;
}

#[tokio::test]
async fn limits_hold_for_the_file() {
    let folder = Folder::new("limits");
    let with_traces = |traces| {
        let mut limits = Limits::default();
        limits.traces = traces;
        Running::with(Viewer::new().limits(limits).db(folder.db()))
    };
    let viewer = with_traces(5).await;
    for n in 0..9 {
        viewer
            .push(&[span(&trace(n), 1, None, 0), span(&trace(n), 2, None, 0)])
            .await;
    }
    viewer.stop().await;
    assert_eq!(rows(&folder), 10);
    // A lower limit than before.
    let viewer = with_traces(2).await;
    let list = viewer.json("/api/traces").await;
    let ids: Vec<&Value> = list["traces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trace| &trace["trace_id"])
        .collect();
    assert_eq!(ids, [&json!(trace(8)), &json!(trace(7))]);
    viewer.stop().await;
    assert_eq!(rows(&folder), 4);
}

/// The spans in the file, as SQLite itself sees them.
fn rows(folder: &Folder) -> i64 {
    let db = rusqlite::Connection::open(folder.db()).unwrap();
    db.query_row("SELECT count(*) FROM spans", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn files_of_others_are_left_alone() {
    let folder = Folder::new("others");
    std::fs::write(
        folder.0.join("text"),
        "hello, this is not a database at all",
    )
    .unwrap();
    let refused = refusal(&folder.0.join("text")).await;
    assert!(
        matches!(refused, ServeError::Db(OpenError::Sqlite(_))),
        "{refused:?}"
    );
    let other = rusqlite::Connection::open(folder.db()).unwrap();
    other.execute_batch("CREATE TABLE spans (mine)").unwrap();
    drop(other);
    let refused = refusal(&folder.db()).await;
    assert!(
        matches!(refused, ServeError::Db(OpenError::Foreign)),
        "{refused:?}"
    );
    let refused = refusal(&folder.0.join("no/such/folder")).await;
    assert!(
        matches!(refused, ServeError::Db(OpenError::Io(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_file_has_one_viewer() {
    let folder = Folder::new("one");
    let viewer = Running::with(Viewer::new().db(folder.db())).await;
    viewer.json("/api/status").await;
    let refused = refusal(&folder.db()).await;
    assert!(
        matches!(refused, ServeError::Db(OpenError::Sqlite(_))),
        "{refused:?}"
    );
    viewer.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("owner");
    let viewer = Running::with(Viewer::new().db(folder.db())).await;
    viewer.push(&[span(TRACE, 1, None, 0)]).await;
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
    viewer.stop().await;
}
