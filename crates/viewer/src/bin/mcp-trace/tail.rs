//! `mcp-trace tail`

use std::collections::HashMap;
use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior};

use crate::Failure;
use crate::client::{Client, Server, Summary};
use crate::paint::{Paint, clean_json};
use crate::tree;

/// How often is looked whether a trace is finished.
const LOOK: Duration = Duration::from_millis(100);
/// How long until the viewer is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// A trace with a missing parent is given so many times as long.
const PATIENCE: u32 = 5;
/// Traces that are waited for at most; more of them are not printed.
const WAITING: usize = 10_000;

/// The options of `tail`.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// Print a line of JSON for each trace instead of a tree
    #[arg(long)]
    json: bool,
    /// Take a trace for finished when it has been quiet for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    settle: f64,
    #[command(flatten)]
    server: Server,
}

impl Tail {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let settle = Duration::try_from_secs_f64(self.settle)?;
        let client = Client::new(self.server)?;
        let paint = Paint::from_environment();
        let mut told = false;
        loop {
            match follow(&client, settle, self.json, paint).await {
                Ok(()) => told = false,
                // The reader of our output has left.
                Err(Stopped::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(());
                }
                Err(Stopped::Output(error)) => return Err(error.into()),
                Err(Stopped::Viewer(error)) if !told => {
                    eprintln!("mcp-trace: {error}; trying again");
                    told = true;
                }
                Err(Stopped::Viewer(_)) => {}
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Why nothing more is printed.
enum Stopped {
    Viewer(Failure),
    Output(io::Error),
}

impl From<Failure> for Stopped {
    fn from(error: Failure) -> Self {
        Self::Viewer(error)
    }
}

/// Prints finished traces until the viewer ends.
async fn follow(
    client: &Client,
    settle: Duration,
    json: bool,
    paint: Paint,
) -> Result<(), Stopped> {
    let mut live = pin!(client.live().await?);
    let mut waiting: HashMap<String, Instant> = HashMap::new();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = live.next() => match changed {
                None => return Ok(()),
                Some(changed) => {
                    for Summary { trace_id, missing_parents } in changed? {
                        let wait = if missing_parents == 0 { settle } else { settle * PATIENCE };
                        if waiting.len() < WAITING || waiting.contains_key(&trace_id) {
                            waiting.insert(trace_id, Instant::now() + wait);
                        }
                    }
                }
            },
            _ = look.tick() => {
                let now = Instant::now();
                let mut finished: Vec<_> = waiting.extract_if(|_, due| *due <= now).collect();
                finished.sort_by_key(|(_, due)| *due);
                for (trace_id, _) in finished {
                    // It may be gone again.
                    if let Some(text) = text(client, &trace_id, json, paint).await {
                        print(&text).map_err(Stopped::Output)?;
                    }
                }
            }
        }
    }
}

async fn text(client: &Client, trace_id: &str, json: bool, paint: Paint) -> Option<String> {
    if json {
        let json = client.json(trace_id).await.ok()?;
        return Some(clean_json(&json) + "\n");
    }
    let trace = client.trace(trace_id).await.ok()?;
    Some(tree::render(&trace, paint) + "\n")
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
