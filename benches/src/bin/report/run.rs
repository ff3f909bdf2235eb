//! Runs benchmarks several times.

use std::{env, fs, io, process::Command};

use mcp_trace_benches::results::FILE;
use serde_json::Value;

use crate::results::{Row, Table};

/// The tables of each of the `benches`, over so many turns. Every turn runs all of them, but those that take long only
/// every so often: what else the machine does comes and goes by the minute, and is to meet all of them alike.
pub(crate) fn in_turns(
    benches: &[(&'static str, usize)],
    turns: usize,
) -> io::Result<Vec<(&'static str, Vec<Table>)>> {
    let mut found: Vec<_> = benches
        .iter()
        .map(|(bench, _)| (*bench, Vec::new()))
        .collect();
    for turn in 0..turns {
        for ((bench, tables), (_, every)) in found.iter_mut().zip(benches) {
            if turn % every == 0 {
                eprintln!("{} of {turns}: {bench}", turn + 1);
                merge(tables, once(bench)?);
            }
        }
    }
    Ok(found)
}

fn once(bench: &str) -> io::Result<Vec<Value>> {
    let file = env::temp_dir().join(format!("mcp-trace-{bench}-{}.json", std::process::id()));
    let _ = fs::remove_file(&file);
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "bench",
            "--quiet",
            "--manifest-path",
            manifest,
            "--bench",
            bench,
        ])
        .env(FILE, &file)
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("{bench} failed: {message}")));
    }
    let lines = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    let tables = lines.lines().map(serde_json::from_str);
    tables.collect::<Result<_, _>>().map_err(io::Error::other)
}

/// Adds what another run found.
fn merge(tables: &mut Vec<Table>, run: Vec<Value>) {
    for json in run {
        let title = json["title"].as_str().unwrap_or_default();
        let at = tables.iter().position(|table| table.title == title);
        let at = at.unwrap_or_else(|| {
            let columns = json["columns"].as_array().into_iter().flatten();
            let columns = columns.filter_map(Value::as_str).map(str::to_owned);
            tables.push(Table {
                title: title.to_owned(),
                columns: columns.collect(),
                rows: Vec::new(),
            });
            tables.len() - 1
        });
        for row in json["rows"].as_array().into_iter().flatten() {
            let name = row["name"].as_str().unwrap_or_default();
            let values = row["values"].as_array().into_iter().flatten();
            let values = values.filter_map(Value::as_f64).collect();
            match tables[at].row(name) {
                Some(row) => tables[at].rows[row].runs.push(values),
                None => tables[at].rows.push(Row {
                    name: name.to_owned(),
                    runs: vec![values],
                }),
            }
        }
    }
}
