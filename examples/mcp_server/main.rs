//! A traced MCP server to try other clients and collectors with.
//!
//! ```sh
//! cargo run --example mcp_server -- --listen 127.0.0.1:8000 --otlp-endpoint http://localhost:4318
//! ```
//!
//! It prints its URL, and serves until ctrl-c or SIGTERM. With `--next URL` its tool `ask_next` calls a
//! tool of another such server: agent, first server and second server are one trace.

mod next;
mod tools;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::{Listener, ListenerExt};
use clap::{Parser, ValueEnum};
use mcp_layer::McpServerTraceLayer;
use mcp_trace_examples::{Export, show_warnings};
use mcp_trace_rmcp::{TracedHandler, wrap_mcp};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio::signal;

/// How long open connections may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A traced MCP server with a few tools, over streamable HTTP.
#[derive(Parser)]
#[command(name = "mcp_server")]
struct Options {
    /// Where to listen; port 0 is any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The name under which its spans appear
    #[arg(long, value_name = "NAME", default_value = "tool-server")]
    service: String,
    /// How clients of MCP before 2026-07-28 are served; later ones have no sessions
    #[arg(long, value_enum, default_value_t = Mode::Stateful)]
    mode: Mode,
    /// A name under which clients reach it, such as `tools.example:8000`, besides loopback
    #[arg(long = "allow-host", value_name = "HOST")]
    allow_hosts: Vec<String>,
    /// The MCP endpoint of another server, whose tools `ask_next` calls
    #[arg(long, value_name = "URL")]
    next: Option<String>,
    #[command(flatten)]
    export: Export,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// Sessions, and answers as event streams
    Stateful,
    /// No sessions, answers as event streams
    Stateless,
    /// No sessions, answers as JSON
    Json,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    show_warnings();
    let tracing = options.export.of(&options.service).install()?;

    let next = match &options.next {
        Some(url) => Some(next::connect(url).await?),
        None => None,
    };
    let config = config(&options);
    let stop = config.cancellation_token.clone();
    let tools = TracedHandler::new(tools::Tools {
        next: next.as_ref().map(|next| wrap_mcp(next.peer().clone())),
    });
    let mcp = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::<LocalSessionManager>::default(),
        config,
    );
    let app = Router::new()
        .nest_service("/mcp", mcp)
        .layer(McpServerTraceLayer::new());

    // Event streams are small writes, which TCP would hold back for 40 ms.
    let listener = TcpListener::bind(options.listen)
        .await?
        .tap_io(|io| drop(io.set_nodelay(true)));
    println!("listening on http://{}/mcp", listener.local_addr()?);

    let stopped = stop.clone();
    let serve =
        axum::serve(listener, app).with_graceful_shutdown(async move { stopped.cancelled().await });
    tokio::select! {
        done = serve => done?,
        () = async {
            asked_to_stop().await;
            // Ends the sessions with their standing streams, and the server with them.
            stop.cancel();
            tokio::time::sleep(PATIENCE).await;
        } => {}
    }

    if let Some(next) = next {
        next.cancel().await?;
    }
    let report = tracing.shutdown(PATIENCE).await;
    if report.stats.lost() > 0 || !report.complete {
        return Err(format!("not all spans were delivered: {:?}", report.stats).into());
    }
    Ok(())
}

fn config(options: &Options) -> StreamableHttpServerConfig {
    let mut config = StreamableHttpServerConfig::default();
    config.legacy_session_mode = matches!(options.mode, Mode::Stateful);
    config.json_response = matches!(options.mode, Mode::Json);
    config.allowed_hosts.extend_from_slice(&options.allow_hosts);
    config
}

/// Waits for ctrl-c or, where there is such a thing, SIGTERM.
async fn asked_to_stop() {
    let interrupted = async { drop(signal::ctrl_c().await) };
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
