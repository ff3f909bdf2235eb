//! `mcp-trace show`

use clap::Args;

use crate::Failure;
use crate::client::{Client, Server};
use crate::paint::{Paint, clean_json};
use crate::tree;

/// The options of `show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The trace: 32 hex digits
    trace_id: String,
    /// Print JSON instead of a tree
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

impl Show {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.server)?;
        if self.json {
            println!("{}", clean_json(&client.json(&self.trace_id).await?));
        } else {
            let trace = client.trace(&self.trace_id).await?;
            print!("{}", tree::render(&trace, Paint::from_environment()));
        }
        Ok(())
    }
}
