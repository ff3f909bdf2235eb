//! Starting and ending programs.

#![cfg_attr(not(unix), allow(dead_code, unused_imports))]

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

/// A program that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// The example `name`, to be run without what the environment says about tracing and proxies.
pub(crate) fn example(name: &str) -> Command {
    let mut command = Command::new(path(name));
    for (key, _) in std::env::vars_os() {
        let key = key.to_string_lossy().into_owned();
        if key.starts_with("OTEL_")
            || key.starts_with("RASTIR_")
            || key.to_lowercase().ends_with("_proxy")
        {
            command.env_remove(key);
        }
    }
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Examples are built beside the tests: in `examples/`, next to `deps/`.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test is a file");
    let built = test
        .parent()
        .and_then(Path::parent)
        .expect("a test is in `deps/`");
    let path = built
        .join("examples")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        path.exists(),
        "{} is not built; `cargo test -p mcp-trace-examples` and `cargo build --examples` do that",
        path.display()
    );
    path
}

/// Runs a program to its end.
pub(crate) async fn output(mut command: Command) -> Output {
    let output = timeout(LIMIT, command.output()).await;
    output
        .expect("the program hangs")
        .expect("the program starts")
}

/// What a program printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server among the examples.
pub(crate) struct Server {
    pub(crate) url: String,
    process: Child,
    stderr: ChildStderr,
}

impl Server {
    /// Starts it on a free port, and waits until it listens.
    pub(crate) async fn start(name: &str, options: &[&str]) -> Self {
        let mut process = example(name)
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stderr = process.stderr.take().expect("it is piped");
        let stdout = process.stdout.take().expect("it is piped");
        let line = timeout(LIMIT, BufReader::new(stdout).lines().next_line()).await;
        let line = line
            .expect("the server hangs")
            .expect("it is text")
            .unwrap_or_default();
        let url = line
            .strip_prefix("listening on ")
            .expect("it says where")
            .to_owned();
        Self {
            url,
            process,
            stderr,
        }
    }

    /// Asks it to end; how it did, and what it said on standard error.
    #[cfg(unix)]
    pub(crate) async fn stop(mut self) -> (ExitStatus, String) {
        let id = self.process.id().expect("it runs").to_string();
        let asked = Command::new("kill").arg(id).status().await;
        assert!(asked.expect("`kill` is there").success());
        let status = timeout(LIMIT, self.process.wait()).await;
        let status = status
            .expect("the server hangs")
            .expect("it can be waited for");
        let mut said = String::new();
        self.stderr
            .read_to_string(&mut said)
            .await
            .expect("it is text");
        (status, said)
    }
}
