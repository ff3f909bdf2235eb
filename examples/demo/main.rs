//! One call, one trace: an agent, a tool server and a collector in one process.
//!
//! ```sh
//! cargo run --example demo                       # what a trace looks like
//! cargo run --example demo -- --break handler    # and what is missing without `TracedHandler`
//! cargo run --example demo -- --otlp-endpoint http://localhost:4318
//! cargo run --example demo -- --push-url http://127.0.0.1:8080    # to `mcp-trace view`
//! ```
//!
//! `server.rs` is a tool server as one would write it, `agent.rs` calls its tools in four ways.
//! What both export arrives at a receiver, which decodes it with the types of the
//! OpenTelemetry project; `tree.rs` prints it and `check.rs` says whether it is one trace of the
//! right shape. If not, the exit code is 1.

mod agent;
mod check;
mod message;
mod plan;
mod server;
mod tree;

use std::error::Error;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mcp_trace_examples::{Export, Receiver, Span, show_warnings};
use mcp_trace_exporter::Guard;
use tokio::runtime::Builder;

use crate::plan::{AGENT, Link, SERVER};

type Failure = Box<dyn Error + Send + Sync>;

/// Runs an agent and a tool server in one process, and prints the trace that arrives.
#[derive(Parser)]
#[command(name = "demo")]
struct Options {
    /// Leave out one hand-over of the trace, and see what is missing then
    #[arg(long = "break", value_enum, value_name = "LINK")]
    broken: Option<Link>,
    /// Run on one thread
    #[arg(long)]
    current_thread: bool,
    #[command(flatten, next_help_heading = "Instead of the demo's own receiver")]
    export: Export,
}

fn main() -> ExitCode {
    let options = Options::parse();
    show_warnings();
    let mut runtime = if options.current_thread {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let done = runtime
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(demo(&options)));
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(options: &Options) -> Result<ExitCode, Failure> {
    let mut export = options.export.clone();
    let receiver = if export.is_given() {
        None
    } else {
        let receiver = Receiver::start().await?;
        export.otlp_endpoint = Some(receiver.url());
        Some(receiver)
    };

    // Two programs in one process: the agent's exporter is the process's own, the server's
    // is given to the layer by hand.
    let agent_spans = export.of(AGENT).install()?;
    let server_spans = export.of(SERVER).build()?;

    let sink = server_spans
        .sink()
        .ok_or("the environment turns tracing off (OTEL_SDK_DISABLED)")?;

    let url = server::start(sink, options.broken).await?;
    println!("A tool server at {url}, and an agent that calls its tools:\n");
    let trace_id = agent::run(&url, options.broken).await?;

    deliver(agent_spans).await?;
    deliver(server_spans).await?;
    Ok(match receiver {
        Some(receiver) => verdict(&receiver.spans()),
        None => {
            if let Some(trace_id) = trace_id {
                println!("\nDelivered. The trace is {trace_id}.");
                if let Some(url) = &options.export.push_url {
                    // Where the page of `mcp-trace view` shows it.
                    println!("{}/#/trace/{trace_id}", url.trim_end_matches('/'));
                }
            }
            ExitCode::SUCCESS
        }
    })
}

/// Ends an exporter once all has been delivered.
async fn deliver(spans: Guard) -> Result<(), Failure> {
    let report = spans.shutdown(Duration::from_secs(5)).await;
    for destination in &report.stats.destinations {
        if destination.exported < destination.recorded {
            return Err(format!(
                "{} of {} spans delivered to {}: {}",
                destination.exported,
                destination.recorded,
                destination.name,
                destination.last_error.as_deref().unwrap_or("no error")
            )
            .into());
        }
    }
    Ok(())
}

fn verdict(spans: &[Span]) -> ExitCode {
    println!(
        "\nWhat both exported, as it arrived ({} spans):\n",
        spans.len()
    );
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print!("{}", tree::render(spans, colour));

    let problems = check::problems(spans);
    if problems.is_empty() {
        println!("\nOne trace, every hand-over in place.");
        return ExitCode::SUCCESS;
    }
    println!("\nNot one trace of the right shape:");
    for problem in &problems {
        println!("  {problem}");
    }
    ExitCode::FAILURE
}
