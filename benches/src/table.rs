//! A table of cases that are measured in turns.
//!
//! Every round runs each case once over all of its inputs, so that noise of the machine meets all
//! cases alike and their ratios hold where single times do not. Best is the fastest round, typical
//! the median of all. A report keeps the best: what else the machine does only ever adds, and to
//! cases that do much more than to those that do little.

use std::{
    env,
    hint::black_box,
    time::{Duration, Instant},
};

use crate::{alloc, results};

/// Rounds of a benchmark; as a test, when `cargo bench` is not what runs it, one round is enough.
const ROUNDS: usize = 600;

/// For a report, which runs a benchmark several times, at least; and how long a table takes there at
/// least: what takes nanoseconds would be through before the machine has got quiet once.
const ROUNDS_FOR_REPORT: usize = 400;
const TIME_FOR_REPORT: Duration = Duration::from_millis(1500);

/// Cases, the first of which is the floor that the others are compared with.
#[derive(Default)]
pub struct Table<'a> {
    title: &'a str,
    bytes: Option<usize>,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: &'a str,
    operations: usize,
    pass: Box<dyn FnMut() + 'a>,
}

/// What a case took.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case's name.
    pub name: String,
    /// Nanoseconds per operation in the fastest round.
    pub best: f64,
    /// Nanoseconds per operation in the median round.
    pub typical: f64,
    /// Allocations per operation.
    pub allocations: f64,
}

impl<'a> Table<'a> {
    /// An empty table.
    pub fn new(title: &'a str) -> Self {
        Self {
            title,
            bytes: None,
            cases: Vec::new(),
        }
    }

    /// How many bytes each operation reads, for a report that tells a speed as well.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Adds a case: an operation, and the inputs of one round.
    pub fn case<I, R>(
        mut self,
        name: &'a str,
        inputs: &'a [I],
        mut operation: impl FnMut(&'a I) -> R + 'a,
    ) -> Self {
        let pass = move || {
            for input in inputs {
                black_box(operation(black_box(input)));
            }
        };
        self.cases.push(Case {
            name,
            operations: inputs.len(),
            pass: Box::new(pass),
        });
        self
    }

    /// Measures, prints and returns the rows.
    pub fn run(mut self) -> Vec<Row> {
        let (rounds, time) = if !env::args().any(|argument| argument == "--bench") {
            (1, Duration::ZERO)
        } else if env::var_os(results::FILE).is_some() {
            (ROUNDS_FOR_REPORT, TIME_FOR_REPORT)
        } else {
            (ROUNDS, Duration::ZERO)
        };
        let mut times = vec![Vec::with_capacity(rounds); self.cases.len()];
        let mut allocations = vec![0; self.cases.len()];
        for (case, allocations) in self.cases.iter_mut().zip(&mut allocations) {
            (case.pass)();
            let before = alloc::count();
            (case.pass)();
            *allocations = alloc::count() - before;
        }
        let begin = Instant::now();
        let mut round = 0;
        while round < rounds || begin.elapsed() < time {
            round += 1;
            for (case, times) in self.cases.iter_mut().zip(&mut times) {
                let start = Instant::now();
                (case.pass)();
                times.push(start.elapsed().as_nanos() as f64 / case.operations as f64);
            }
        }
        let rows = self.cases.iter().zip(times).zip(allocations);
        let rows = rows.map(|((case, mut times), allocations)| {
            times.sort_by(f64::total_cmp);
            Row {
                name: case.name.to_owned(),
                best: times[0],
                typical: times[times.len() / 2],
                allocations: allocations as f64 / case.operations as f64,
            }
        });
        let rows: Vec<Row> = rows.collect();
        print(self.title, &rows);
        keep(self.title, self.bytes, &rows);
        rows
    }
}

fn keep(title: &str, bytes: Option<usize>, rows: &[Row]) {
    let mut columns = vec!["ns", "allocations"];
    columns.extend(bytes.map(|_| "GB/s"));
    let values = rows.iter().map(|row| {
        let mut values = vec![row.best, row.allocations];
        values.extend(bytes.map(|bytes| bytes as f64 / row.best));
        (row.name.as_str(), values)
    });
    results::keep(title, &columns, values);
}

fn print(title: &str, rows: &[Row]) {
    let width = rows
        .iter()
        .map(|row| row.name.chars().count())
        .max()
        .unwrap_or(0);
    println!("\n{title}, ns per operation\n");
    println!(
        "| {:width$} |    best | typical | best / floor | typical / floor | allocations |",
        ""
    );
    println!(
        "|-{:-<width$}-|--------:|--------:|-------------:|----------------:|------------:|",
        ""
    );
    for row in rows {
        println!(
            "| {:width$} | {:7.1} | {:7.1} | {:12.2} | {:15.2} | {:11} |",
            row.name,
            row.best,
            row.typical,
            row.best / rows[0].best,
            row.typical / rows[0].typical,
            row.allocations,
        );
    }
}
