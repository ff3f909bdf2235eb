//! `mcp-trace view`

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use mcp_trace_viewer::{Limits, Viewer};
use tokio::net::TcpListener;

use crate::Failure;

/// The options of `view`.
#[derive(Debug, Args)]
pub(crate) struct View {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Listen to other machines as well; needs a token
    #[arg(long, requires = "token")]
    allow_remote: bool,
    /// What everybody has to show, as `Authorization: Bearer` or `X-API-Key`
    #[arg(long, env = "MCP_TRACE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Keep traces in this file
    #[cfg(feature = "sqlite")]
    #[arg(long, value_name = "FILE")]
    db: Option<std::path::PathBuf>,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Traces that are kept
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().traces)]
    max_traces: usize,
    /// What kept traces may take, in MiB
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().bytes >> 20)]
    max_memory: usize,
    /// How long a quiet trace is kept, in hours
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    max_age: u32,
}

impl View {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(format!(
                "{} can be reached by other machines: say --allow-remote and give a --token",
                self.listen
            )
            .into());
        }
        let mut limits = Limits::default();
        limits.traces = self.max_traces;
        limits.bytes = self.max_memory.saturating_mul(1 << 20);
        limits.age = Duration::from_secs(60 * 60) * self.max_age;
        let mut viewer = Viewer::new().limits(limits);
        #[cfg(feature = "sqlite")]
        if let Some(file) = self.db {
            viewer = viewer.db(file);
        }
        if let Some(token) = self.token {
            viewer = viewer.token(token);
        }
        let listener = TcpListener::bind(self.listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        println!("listening on {url}");
        if self.open {
            open(&url);
        }
        viewer.serve(listener, interrupted()).await?;
        Ok(())
    }
}

/// Asks the desktop for a browser. Where there is none, the address has been printed.
fn open(url: &str) {
    let (program, arguments) = if cfg!(target_os = "macos") {
        ("open", &[][..])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""][..])
    } else {
        ("xdg-open", &[][..])
    };
    let mut browser = Command::new(program);
    browser.args(arguments).arg(url).stdin(Stdio::null());
    browser.stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = browser.spawn() {
        eprintln!("mcp-trace: no browser opens: {error}");
    }
}

/// Ctrl-C, or the polite way in which a service is ended.
async fn interrupted() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = ctrl_c => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    ctrl_c.await;
}
