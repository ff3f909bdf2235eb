//! Hands the tables of a benchmark to the report.

use std::{env, fs::OpenOptions, io::Write};

use serde_json::json;

/// The variable that names the file to which tables are appended, one line of JSON each.
pub const FILE: &str = "MCP_TRACE_BENCH_RESULTS";

/// Appends a table, if a report asked for it.
///
/// The first row is the one that others are compared with.
pub fn keep<'a>(
    title: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = (&'a str, Vec<f64>)>,
) {
    let Some(file) = env::var_os(FILE) else {
        return;
    };
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, values)| json!({"name": name, "values": values}))
        .collect();
    let table = json!({"title": title, "columns": columns, "rows": rows});
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .and_then(|mut file| writeln!(file, "{table}"))
        .expect("a file to write results to");
}

/// Prints a table of figures whose columns have a name and so many digits behind the point, and keeps
/// it.
pub fn show(title: &str, columns: &[(&str, usize)], rows: &[(&str, Vec<f64>)]) {
    let names = rows.iter().map(|(name, _)| name.chars().count());
    let width = names.max().unwrap_or(0);
    print!("\n{title}\n\n| {:width$} |", "");
    for (column, _) in columns {
        print!(" {column:>10} |");
    }
    print!("\n|-{:-<width$}-|", "");
    for (column, _) in columns {
        print!("-{:->10}:|", "-".repeat(column.chars().count()));
    }
    println!();
    for (name, values) in rows {
        print!("| {name:width$} |");
        for ((column, digits), value) in columns.iter().zip(values) {
            let width = column.chars().count().max(10);
            print!(" {value:width$.digits$} |");
        }
        println!();
    }
    let columns: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    keep(title, &columns, rows.iter().cloned());
}
