//! Runs every benchmark beside its peers and writes `benches/RESULTS.md`.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml --bin report
//! ```
//!
//! Each benchmark runs three times, in processes of their own; `--runs N` changes that, `--only NAME` runs
//! one of them and writes nothing. What it finds is kept in `benches/results.json` as well, so that the next
//! run can say how far its ratios are from this one's.

mod budgets;
mod chart;
mod machine;
mod page;
mod results;
mod run;

use std::{env, fs, io, path::Path, time::Instant};

use crate::results::Results;

/// In the order of the page.
const BENCHES: [&str; 7] = [
    "codec",
    "envelope",
    "server_layer",
    "client_layer",
    "otel",
    "exporter",
    "end_to_end",
];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let runs = value("--runs").map_or(3, |runs| runs.parse().expect("--runs takes a number"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));

    if let Some(only) = value("--only") {
        print!("{}", page::tables(&run::bench(only, runs)?));
        return Ok(());
    }

    let began = Instant::now();
    let mut results = Results::default();
    for bench in BENCHES {
        eprintln!("{bench} ...");
        results.add(bench, run::bench(bench, runs)?);
    }
    let file = folder.join("results.json");
    let earlier = fs::read(&file)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .and_then(|json| Results::from_json(&json));
    fs::write(&file, format!("{:#}\n", results.to_json()))?;
    chart::write_all(&results, &folder.join("charts"))?;
    let page = page::render(&results, earlier.as_ref(), runs, began.elapsed());
    fs::write(folder.join("RESULTS.md"), page)
}
