//! `mcp-trace`: a local collector with a window, and the same in the terminal.

mod client;
mod export;
mod otlp;
mod paint;
mod show;
mod tail;
mod tree;
mod view;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A local collector for traces, with a window.
#[derive(Debug, Parser)]
#[command(name = "mcp-trace", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collect traces and show them in a web page
    View(view::View),
    /// Print traces as they arrive, each as a tree
    Tail(tail::Tail),
    /// Print one trace as a tree
    Show(show::Show),
    /// Write one trace as JSON
    Export(export::Export),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::View(view) => view.run().await,
        Command::Tail(tail) => tail.run().await,
        Command::Show(show) => show.run().await,
        Command::Export(export) => export.run().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mcp-trace: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}
