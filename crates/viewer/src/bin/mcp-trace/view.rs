//! `mcp-trace view`

use std::net::SocketAddr;

use clap::Args;
use mcp_trace_viewer::Viewer;
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
        let mut viewer = Viewer::new();
        if let Some(token) = self.token {
            viewer = viewer.token(token);
        }
        let listener = TcpListener::bind(self.listen).await?;
        println!("listening on http://{}", listener.local_addr()?);
        viewer.serve(listener, interrupted()).await?;
        Ok(())
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
