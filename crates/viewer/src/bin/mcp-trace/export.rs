//! `mcp-trace export`

use clap::Args;

use crate::Failure;
use crate::client::{Client, Server};
use crate::otlp;
use crate::paint::clean_json;

/// The options of `export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The trace: 32 hex digits
    trace_id: String,
    /// Write an OTLP request, as other receivers take it at `/v1/traces`, instead of the viewer's
    /// own JSON
    #[arg(long)]
    otlp: bool,
    #[command(flatten)]
    server: Server,
}

impl Export {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.server)?;
        let json = if self.otlp {
            otlp::request(&client.trace(&self.trace_id).await?).to_string()
        } else {
            client.json(&self.trace_id).await?
        };
        println!("{}", clean_json(&json));
        Ok(())
    }
}
