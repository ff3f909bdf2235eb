//! The page.

use std::{fmt::Write, time::Duration};

use crate::{
    budgets::{BUDGETS, Budget},
    chart::CHARTS,
    machine, notes,
    results::{Results, Table, short},
};

/// What is measured beside us.
const PEERS: &[&str] = &[
    "const-hex",
    "emit_traceparent",
    "faster-hex",
    "fastrace",
    "fastrace-opentelemetry",
    "fastrace-tower",
    "hex-simd",
    "memchr",
    "opentelemetry",
    "opentelemetry-instrumentation-tower",
    "opentelemetry-otlp",
    "reqwest-tracing",
    "rmcp",
    "serde_json",
    "sonic-rs",
    "tower-otel",
    "traceparent",
    "tracing-opentelemetry",
    "weida-core",
];

/// How far the ratios of two reports may lie apart.
const REPEATABLE: f64 = 0.15;

/// How and where results came to be.
pub(crate) fn head(turns: usize, took: Duration) -> String {
    let mut page = String::from("# Results\n\n");
    let minutes = took.as_secs().div_ceil(60);
    let _ = writeln!(
        page,
        "Written by `cargo run --release --manifest-path benches/Cargo.toml --bin report`, which took {minutes} minutes: {turns} turns \
         over all benchmarks, with the exporter in every second, each in a process of its own. What each case does is said at the top of its `main.rs` in `benches/benches`.\n"
    );
    for line in machine::describe() {
        let _ = writeln!(page, "- {line}");
    }
    let _ = writeln!(page, "- {}\n", machine::versions(PEERS));
    page.push_str(
        "Figures are medians of the turns. In a turn, cases are measured in rounds, one case after the other, and the fastest round of each counts, \
         since what else the machine does only ever adds; of what becomes of spans that are sent away it is the median round, and of a burst of spans \
         and of a server under load all rounds together. *Spread* is how far the turns lie apart, as a part of the median. *Times* is the ratio to the first row in the same turn; on a machine that does other things as \
         well, trust ratios and allocations.\n\n",
    );
    page
}

pub(crate) fn render(results: &Results) -> String {
    let mut page = results.head.clone();
    for chart in CHARTS {
        let _ = writeln!(page, "![{}](charts/{}.svg)\n", chart.title, chart.file);
    }
    budgets(&mut page, results);
    page.push_str(&results.compared);
    for (bench, of) in &results.benches {
        let _ = writeln!(page, "## {bench}\n");
        page.push_str(&tables(of));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn budgets(page: &mut String, results: &Results) {
    page.push_str(
        "## What the project asks of itself\n\n| | bound | found | |\n|---|--:|--:|---|\n",
    );
    for budget in BUDGETS {
        let _ = match budget.verdict(results) {
            Some(verdict) => {
                let word = if verdict.kept { "kept" } else { "**missed**" };
                let (bound, found) = (verdict.bound, verdict.found);
                writeln!(page, "| {} | {bound} | {found} | {word} |", budget.what)
            }
            None => writeln!(page, "| {} | | | **not measured** |", budget.what),
        };
    }
    page.push('\n');
    let missed = |budget: &&Budget| {
        let verdict = budget.verdict(results);
        verdict.is_some_and(|verdict| !verdict.kept)
    };
    for (at, budget) in BUDGETS.iter().filter(missed).enumerate() {
        if at == 0 {
            page.push_str("What is missed, and where the time goes:\n\n");
        }
        let note = notes::of(budget.what).unwrap_or("**not explained yet**");
        let _ = writeln!(page, "- *{}*: {}", budget.what, note.replace('\n', " "));
    }
    page.push('\n');
}

/// How far the ratios are from those of the report before.
pub(crate) fn compared(results: &Results, earlier: &Results) -> String {
    let mut page = String::new();
    let (mut all, mut within) = (0, 0);
    let mut far = Vec::new();
    let tables = results.benches.iter();
    for (bench, table) in
        tables.flat_map(|(bench, tables)| tables.iter().map(move |table| (bench, table)))
    {
        let Some(before) = earlier.table(bench, &table.title) else {
            continue;
        };
        for (row, case) in table.rows.iter().enumerate().skip(1) {
            let Some(then) = before.row(&case.name).filter(|then| *then > 0) else {
                continue;
            };
            let (now, then) = (
                table.ratio(row, 0, 0).median,
                before.ratio(then, 0, 0).median,
            );
            let apart = (now / then - 1.0).abs();
            all += 1;
            if apart <= REPEATABLE {
                within += 1;
            } else {
                far.push(format!(
                    "{}, {}: {then:.2} then, {now:.2} now",
                    table.title, case.name
                ));
            }
        }
    }
    let _ = writeln!(
        page,
        "## Compared with the report before\n\nOf {all} ratios {within} are within {:.0} % of what they were then.{}\n",
        REPEATABLE * 100.0,
        if far.is_empty() { "" } else { " The others:" },
    );
    for line in &far {
        let _ = writeln!(page, "- {line}");
    }
    if !far.is_empty() {
        page.push('\n');
    }
    page
}

pub(crate) fn tables(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        let _ = writeln!(text, "### {}\n", table.title);
        text.push_str("| |");
        for (at, column) in table.columns.iter().enumerate() {
            let _ = write!(text, " {column} |");
            if at == 0 {
                text.push_str(" spread | times |");
            }
        }
        text.push_str("\n|---|");
        text.push_str(&"--:|".repeat(table.columns.len() + 2));
        text.push('\n');
        for (row, case) in table.rows.iter().enumerate() {
            let _ = write!(text, "| {} |", case.name);
            for column in 0..table.columns.len() {
                let figure = table.figure(row, column);
                let _ = write!(text, " {} |", short(figure.median));
                if column == 0 {
                    let times = table.ratio(row, 0, 0).median;
                    let _ = write!(text, " {:.0} % | {} |", figure.spread * 100.0, short(times));
                }
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}
