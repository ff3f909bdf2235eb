//! Reads header values and writes them as they would be sent on.
//!
//! ```sh
//! printf '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff\n' | cargo run --example codec
//! printf 'rojo=1\tcongo=2,,green=3\n' | cargo run --example codec -- --tracestate
//! ```
//!
//! Each line of the input is one value, taken as bytes and not trimmed. With `--tracestate` or
//! `--baggage`, tabs separate the values of several headers. For each line there is one of output:
//! `ok` and the value, or `error` and the kind of error. The kinds are those that the `kind` method
//! of each header's error documents.

use std::{
    error::Error,
    io::{self, BufRead, Write},
};

use clap::Parser;
use traceparent::{
    TraceParent,
    baggage::{self, Baggage, Writer},
    tracestate::{self, TraceState},
};

/// Reads header values and writes them as they would be sent on.
#[derive(Parser)]
#[command(name = "codec")]
struct Options {
    /// The lines are tracestate headers; tabs separate several
    #[arg(long, conflicts_with = "baggage")]
    tracestate: bool,
    /// The lines are baggage headers; tabs separate several
    #[arg(long)]
    baggage: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        let read = if options.tracestate {
            tracestate(&line).map_err(|error| error.kind())
        } else if options.baggage {
            baggage(&line).map_err(|error| error.kind())
        } else {
            TraceParent::parse(&line)
                .map(|parent| parent.to_string())
                .map_err(|error| error.kind())
        };
        match read {
            Ok(value) => writeln!(output, "ok {value}")?,
            Err(kind) => writeln!(output, "error {kind}")?,
        }
    }
    Ok(())
}

fn tracestate(line: &[u8]) -> Result<String, tracestate::Error> {
    // Commas take the places of the tabs, so that the values fit.
    let mut buffer = vec![0; line.len()];
    let state = TraceState::join(line.split(|byte| *byte == b'\t'), &mut buffer)?;
    Ok(state.to_string())
}

fn baggage(line: &[u8]) -> Result<String, baggage::Error> {
    let mut buffer = vec![0; line.len()];
    let received = Baggage::join(line.split(|byte| *byte == b'\t'), &mut buffer)?;
    let mut buffer = [0; baggage::MAX_BYTES];
    let mut writer = Writer::new(&mut buffer);
    for member in received {
        writer.copy(&member)?;
    }
    Ok(writer.finish().as_str().to_owned())
}
