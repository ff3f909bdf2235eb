//! What the figures have to reach.

use self::{
    Bound::{AtLeast, AtMost},
    Measure::{Added, AddedTimes, Times, Value},
};
use crate::results::{Figure, Results};

/// One bound.
pub(crate) struct Budget {
    pub(crate) what: &'static str,
    bench: &'static str,
    table: &'static str,
    row: &'static str,
    column: &'static str,
    measure: Measure,
    bound: Bound,
    unit: &'static str,
}

enum Measure {
    /// The figure itself.
    Value,
    /// What it is above the first row of its table.
    Added,
    /// As a multiple of another row.
    Times(&'static str),
    /// As a multiple of what another row is above the first.
    AddedTimes(&'static str),
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A bound, and what was found.
pub(crate) struct Verdict {
    pub(crate) bound: String,
    pub(crate) found: String,
    pub(crate) kept: bool,
}

/// The bounds that the project has set itself: what, benchmark, table, row, column, bound, unit.
#[rustfmt::skip]
pub(crate) const BUDGETS: &[Budget] = &[
    budget("parse a traceparent", "codec", "parse", "w3c-traceparent", "ns", Value, AtMost(12.0), "ns"),
    budget("parse: allocations", "codec", "parse", "w3c-traceparent", "allocations", Value, AtMost(0.0), ""),
    budget("format a traceparent", "codec", "format", "w3c-traceparent", "ns", Value, AtMost(8.0), "ns"),
    budget("format: allocations", "codec", "format", "w3c-traceparent", "allocations", Value, AtMost(0.0), ""),
    budget("server layer, headers, recorded, of an answer in text", "server_layer", "one tools/call that is", "ours: headers, recorded", "ns", Added, AtMost(400.0), "ns"),
    budget("server layer, headers, recorded, of an answer in text: allocations", "server_layer", "one tools/call that is", "ours: headers, recorded", "allocations", Added, AtMost(4.0), ""),
    budget("server layer, headers, recorded: allocations, where an outer layer has used the extensions", "server_layer", "extensions", "ours: headers and answer, recorded", "allocations", Added, AtMost(2.0), ""),
    budget("server layer, headers, recorded, of an answer in text, beside what is written by hand", "server_layer", "one tools/call that is", "ours: headers, recorded", "ns", AddedTimes("by hand: headers, recorded"), AtMost(1.3), "times by hand"),
    budget("server layer, message and answer, recorded", "server_layer", "one tools/call of", "ours: message and answer, recorded", "ns", Added, AtMost(700.0), "ns"),
    budget("server layer, message and answer, recorded: allocations", "server_layer", "one tools/call of", "ours: message and answer, recorded", "allocations", Added, AtMost(6.0), ""),
    budget("server layer, headers, unsampled", "server_layer", "one tools/call of", "ours: headers, unsampled", "ns", Added, AtMost(200.0), "ns"),
    budget("server layer, headers, unsampled: allocations", "server_layer", "one tools/call of", "ours: headers, unsampled", "allocations", Added, AtMost(3.0), ""),
    budget("client layer, both carriers, answer watched", "client_layer", "one", "ours: both carriers, answer watched", "ns", Added, AtMost(500.0), "ns"),
    budget("client layer, both carriers, answer watched: allocations", "client_layer", "one", "ours: both carriers, answer watched", "allocations", Added, AtMost(6.0), ""),
    budget("scanner, rows of objects", "envelope", "rows of small objects", "mcp-envelope", "GB/s", Value, AtLeast(0.9), "GB/s"),
    budget("scanner, rows of numbers", "envelope", "rows of numbers", "mcp-envelope", "GB/s", Value, AtLeast(0.9), "GB/s"),
    budget("scanner, prose", "envelope", "prose", "mcp-envelope", "GB/s", Value, AtLeast(5.0), "GB/s"),
    budget("scanner, base64", "envelope", "an image as base64", "mcp-envelope", "GB/s", Times("memchr2 of nothing that is there"), AtLeast(0.9), "times memchr2"),
    budget("spans delivered per CPU second", "exporter", "a burst of 100000", "ours, room for 131 072", "delivered per CPU second", Times("opentelemetry-otlp, room for 131 072"), AtLeast(3.0), "times opentelemetry-otlp"),
    budget("spans delivered per CPU second, beside a pipe made by hand", "exporter", "a burst of 100000", "ours, room for 131 072", "delivered per CPU second", Times("by hand, no retry, no accounts"), AtLeast(0.8), "times a pipe made by hand"),
    budget("record into the queue", "exporter", "a finished span", "ours", "ns", Value, AtMost(120.0), "ns"),
    budget("200 000 spans a second", "exporter", "200000 spans a second", "ours", "lost, %", Value, AtMost(0.0), "% lost"),
    budget("a burst that fits the bound", "exporter", "a burst of 100000", "ours, room for 131 072", "delivered, %", Value, AtLeast(100.0), "%"),
    budget("crates in the tree of mcp-layer, without features", "dependencies", "crates in the tree", "mcp-layer", "crates", Value, AtMost(18.0), ""),
];

#[allow(clippy::too_many_arguments)] // a row of the table above
const fn budget(
    what: &'static str,
    bench: &'static str,
    table: &'static str,
    row: &'static str,
    column: &'static str,
    measure: Measure,
    bound: Bound,
    unit: &'static str,
) -> Budget {
    Budget {
        what,
        bench,
        table,
        row,
        column,
        measure,
        bound,
        unit,
    }
}

impl Budget {
    /// What the results say of it; nothing where its benchmark has no such case.
    pub(crate) fn verdict(&self, results: &Results) -> Option<Verdict> {
        let table = results.table(self.bench, self.table)?;
        let (row, column) = (table.row(self.row)?, table.column(self.column)?);
        let Figure { median, .. } = match self.measure {
            Value => table.figure(row, column),
            Added => table.added(row, column),
            Times(base) => table.ratio(row, table.row(base)?, column),
            AddedTimes(base) => table.added_ratio(row, table.row(base)?, column),
        };
        let (sign, bound, kept) = match self.bound {
            AtMost(bound) => ("at most", bound, median <= bound),
            AtLeast(bound) => ("at least", bound, median >= bound),
        };
        Some(Verdict {
            bound: format!("{sign} {bound} {}", self.unit)
                .trim_end()
                .to_owned(),
            found: format!("{}", (median * 100.0).round() / 100.0),
            kept,
        })
    }
}
