//! Tables of several runs.

use serde_json::{Value, json};

/// What all benchmarks found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    /// What the page says of how they came to be.
    pub(crate) head: String,
    /// The same of how far they are from those before.
    pub(crate) compared: String,
    pub(crate) benches: Vec<(String, Vec<Table>)>,
}

/// One table of a benchmark.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// One case, and what each run found: a list of values for each run.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) runs: Vec<Vec<f64>>,
}

/// The median of several runs, and how far they lie apart, as a part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) spread: f64,
}

impl Figure {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let median = values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
        let range = values.last().unwrap_or(&median) - values.first().unwrap_or(&median);
        let spread = if median == 0.0 { 0.0 } else { range / median };
        Self { median, spread }
    }
}

impl Table {
    /// The value of a row in a column.
    pub(crate) fn figure(&self, row: usize, column: usize) -> Figure {
        let runs = self.rows.get(row).map_or(&[][..], |row| &row.runs);
        let values = runs.iter().filter_map(|run| run.get(column).copied());
        Figure::of(values.collect())
    }

    /// The same, as a multiple of the row `base` in the same run.
    pub(crate) fn ratio(&self, row: usize, base: usize, column: usize) -> Figure {
        let pairs = self.rows[row].runs.iter().zip(&self.rows[base].runs);
        Figure::of(
            pairs
                .map(|(own, base)| own[column] / base[column])
                .collect(),
        )
    }

    /// The same, less the first row of the same run.
    pub(crate) fn added(&self, row: usize, column: usize) -> Figure {
        let pairs = self.rows[row].runs.iter().zip(&self.rows[0].runs);
        Figure::of(
            pairs
                .map(|(own, base)| own[column] - base[column])
                .collect(),
        )
    }

    /// The same, as a multiple of what the row `base` is above the first.
    pub(crate) fn added_ratio(&self, row: usize, base: usize, column: usize) -> Figure {
        let first = &self.rows[0].runs;
        let pairs = self.rows[row].runs.iter().zip(&self.rows[base].runs);
        let ratio = |((own, base), first): ((&Vec<f64>, &Vec<f64>), &Vec<f64>)| {
            (own[column] - first[column]) / (base[column] - first[column])
        };
        Figure::of(pairs.zip(first).map(ratio).collect())
    }

    pub(crate) fn row(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.name == name)
    }

    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

impl Results {
    pub(crate) fn add(&mut self, bench: &str, tables: Vec<Table>) {
        self.benches.push((bench.to_owned(), tables));
    }

    /// The table of a benchmark whose title begins so.
    pub(crate) fn table(&self, bench: &str, title: &str) -> Option<&Table> {
        let (_, tables) = self.benches.iter().find(|(name, _)| name == bench)?;
        tables.iter().find(|table| table.title.starts_with(title))
    }

    pub(crate) fn to_json(&self) -> Value {
        let benches = self.benches.iter().map(|(name, tables)| {
            let tables = tables.iter().map(|table| {
                let rows = table.rows.iter();
                let rows = rows.map(|row| json!({"name": row.name, "runs": row.runs}));
                let rows: Vec<_> = rows.collect();
                json!({"title": table.title, "columns": table.columns, "rows": rows})
            });
            json!({"name": name, "tables": tables.collect::<Vec<_>>()})
        });
        let benches: Value = benches.collect();
        json!({"head": self.head, "compared": self.compared, "benches": benches})
    }

    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut results = Self {
            head: text(&json["head"])?,
            compared: text(&json["compared"])?,
            benches: Vec::new(),
        };
        for bench in json["benches"].as_array()? {
            let mut tables = Vec::new();
            for table in bench["tables"].as_array()? {
                let mut rows = Vec::new();
                for row in table["rows"].as_array()? {
                    let runs = serde_json::from_value(row["runs"].clone()).ok()?;
                    let name = text(&row["name"])?;
                    rows.push(Row { name, runs });
                }
                tables.push(Table {
                    title: text(&table["title"])?,
                    columns: serde_json::from_value(table["columns"].clone()).ok()?,
                    rows,
                });
            }
            results.add(bench["name"].as_str()?, tables);
        }
        Some(results)
    }
}

/// Three digits, as far as they are behind the point.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
