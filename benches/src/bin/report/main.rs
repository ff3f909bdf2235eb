//! Runs every benchmark beside its peers and writes `benches/RESULTS.md`.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml --bin report
//! ```
//!
//! The exporter and the servers run three times, all else nine times, in processes of their own; `--runs N` changes
//! the three, `--only NAME` runs one of them and writes nothing. What it finds is kept in `benches/results.json` as well, so that the next
//! run can say how far its ratios are from this one's. What is said about bounds that are missed stands in
//! `notes.md` beside this file; `--page` writes the page anew from what was found last, without running
//! anything.

mod budgets;
mod chart;
mod dependencies;
mod machine;
mod notes;
mod page;
mod results;
mod run;

use std::{env, fs, io, path::Path, time::Instant};

use crate::results::{Results, Table};

/// In the order of the page.
const BENCHES: [&str; 8] = [
    "codec",
    "envelope",
    "server_layer",
    "client_layer",
    "otel",
    "exporter",
    "end_to_end",
    DEPENDENCIES,
];

/// How often a short benchmark runs where a long one runs once.
const SHORT_TURNS: usize = 3;

/// Counted, not run.
const DEPENDENCIES: &str = "dependencies";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let runs = value("--runs").map_or(3, |runs| runs.parse().expect("--runs takes a number"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));

    if let Some(only) = value("--only") {
        print!("{}", page::tables(&tables(only, runs)?));
        return Ok(());
    }

    let unknown = notes::of_nothing();
    assert!(
        unknown.is_empty(),
        "notes.md has no such budget: {unknown:?}"
    );
    let file = folder.join("results.json");
    let earlier = fs::read(&file)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .and_then(|json| Results::from_json(&json));
    let results = match earlier {
        Some(results) if arguments.iter().any(|argument| argument == "--page") => results,
        earlier => {
            let results = measure(runs, earlier.as_ref())?;
            fs::write(&file, format!("{:#}\n", results.to_json()))?;
            chart::write_all(&results, &folder.join("charts"))?;
            results
        }
    };
    fs::write(folder.join("RESULTS.md"), page::render(&results))
}

fn measure(runs: usize, earlier: Option<&Results>) -> io::Result<Results> {
    let began = Instant::now();
    let mut results = Results::default();
    for bench in BENCHES {
        eprintln!("{bench} ...");
        results.add(bench, tables(bench, runs * turns(bench))?);
    }
    results.head = page::head(runs, began.elapsed());
    if let Some(earlier) = earlier {
        results.compared = page::compared(&results, earlier);
    }
    Ok(results)
}

/// The short ones run more often: what else the machine does comes and goes by the minute.
fn turns(bench: &str) -> usize {
    match bench {
        "exporter" | "end_to_end" => 1,
        _ => SHORT_TURNS,
    }
}

fn tables(bench: &str, runs: usize) -> io::Result<Vec<Table>> {
    match bench {
        DEPENDENCIES => dependencies::table(),
        bench => run::bench(bench, runs),
    }
}
