//! Runs every benchmark beside its peers and writes `benches/RESULTS.md`.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml --bin report
//! ```
//!
//! Runs every benchmark nine times, the exporter five times, in turns and in processes of their own; `--turns N` changes the nine,
//! `--only NAME` runs one of them and writes nothing. What it finds is kept in `benches/results.json` as well, so that the next
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

use crate::results::Results;

/// In the order of the page, and in which turns they run: in every so many.
const BENCHES: [(&str, usize); 7] = [
    ("codec", 1),
    ("envelope", 1),
    ("server_layer", 1),
    ("client_layer", 1),
    ("otel", 1),
    ("exporter", 2),
    ("end_to_end", 1),
];

const TURNS: usize = 9;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let turns = value("--turns").map_or(TURNS, |turns| {
        turns.parse().expect("--turns takes a number")
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));

    if let Some(only) = value("--only") {
        let bench = BENCHES.into_iter().find(|(bench, _)| *bench == only);
        let (bench, _) = bench.expect("--only takes the name of a benchmark");
        for (_, tables) in run::in_turns(&[(bench, 1)], turns)? {
            print!("{}", page::tables(&tables));
        }
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
            let results = measure(turns, earlier.as_ref())?;
            fs::write(&file, format!("{:#}\n", results.to_json()))?;
            chart::write_all(&results, &folder.join("charts"))?;
            results
        }
    };
    fs::write(folder.join("RESULTS.md"), page::render(&results))
}

fn measure(turns: usize, earlier: Option<&Results>) -> io::Result<Results> {
    let began = Instant::now();
    let mut results = Results::default();
    for (bench, tables) in run::in_turns(&BENCHES, turns)? {
        results.add(bench, tables);
    }
    // Counted, not run.
    results.add("dependencies", dependencies::table()?);
    results.head = page::head(turns, began.elapsed());
    if let Some(earlier) = earlier {
        results.compared = page::compared(&results, earlier);
    }
    Ok(results)
}
