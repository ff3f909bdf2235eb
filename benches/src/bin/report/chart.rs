//! Bars, as SVG: dark on light, light on dark.

use std::{fmt::Write, fs, io, path::Path};

use crate::results::{Figure, Results, Table, short};

/// A picture of one table.
pub(crate) struct Chart {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    bench: &'static str,
    table: &'static str,
    column: &'static str,
    /// Less the first row, which has no bar then.
    added: bool,
}

pub(crate) const CHARTS: &[Chart] = &[
    Chart {
        file: "parse",
        title: "Parsing a traceparent, ns",
        bench: "codec",
        table: "parse",
        column: "ns",
        added: false,
    },
    Chart {
        file: "format",
        title: "Writing a traceparent, ns",
        bench: "codec",
        table: "format",
        column: "ns",
        added: false,
    },
    Chart {
        file: "scan",
        title: "Reading a tools/call of 300 bytes, ns",
        bench: "envelope",
        table: "tools/call of 300 bytes, `_meta` last",
        column: "ns",
        added: false,
    },
    Chart {
        file: "server",
        title: "What a server layer adds to a request, ns",
        bench: "server_layer",
        table: "one",
        column: "ns",
        added: true,
    },
    Chart {
        file: "client",
        title: "What a client layer adds to a call, ns",
        bench: "client_layer",
        table: "one",
        column: "ns",
        added: true,
    },
    Chart {
        file: "exporter",
        title: "Spans delivered per CPU second, burst of 100 000",
        bench: "exporter",
        table: "a burst of 100000",
        column: "delivered per CPU second",
        added: false,
    },
    Chart {
        file: "end_to_end",
        title: "An rmcp server, 16 connections: CPU per request, µs",
        bench: "end_to_end",
        table: "rmcp server, 16 connections",
        column: "µs of CPU per request",
        added: false,
    },
];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600;font-size:14px}\
.b{fill:#9aa4b2}.o{fill:#2f6feb}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#5b6675}.o{fill:#58a6ff}}";

const LABELS: f64 = 300.0;
const BARS: f64 = 340.0;
const LINE: f64 = 24.0;

/// Draws each chart that the results have a table for.
pub(crate) fn write_all(results: &Results, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for chart in CHARTS {
        if let Some(svg) = chart.draw(results) {
            fs::write(folder.join(chart.file).with_extension("svg"), svg)?;
        }
    }
    Ok(())
}

impl Chart {
    fn draw(&self, results: &Results) -> Option<String> {
        let table = results.table(self.bench, self.table)?;
        let column = table.column(self.column)?;
        let figure = |row: usize| -> Figure {
            if self.added {
                table.added(row, column)
            } else {
                table.figure(row, column)
            }
        };
        let rows = usize::from(self.added)..table.rows.len();
        let bars: Vec<_> = rows
            .map(|row| {
                (
                    is_ours(table, row),
                    &table.rows[row].name,
                    figure(row).median,
                )
            })
            .collect();
        let most = bars
            .iter()
            .map(|bar| bar.2)
            .fold(f64::MIN_POSITIVE, f64::max);

        let height = 44.0 + LINE * bars.len() as f64;
        let width = LABELS + BARS + 80.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\
             <title>{title}</title><style>{STYLE}</style><text class=\"t\" x=\"8\" y=\"22\">{title}</text>\n",
            title = escape(self.title)
        );
        for (at, (ours, name, value)) in bars.iter().enumerate() {
            let y = 36.0 + LINE * at as f64;
            let long = (value.max(0.0) / most * BARS).max(1.0);
            let class = if *ours { "o" } else { "b" };
            let (name, text) = (escape(name), short(*value));
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text><rect class=\"{class}\" x=\"{LABELS}\" y=\"{y}\" \
                 width=\"{long:.1}\" height=\"16\" rx=\"2\"/><text x=\"{:.1}\" y=\"{}\">{text}</text>",
                LABELS - 10.0,
                y + 13.0,
                LABELS + long + 8.0,
                y + 13.0,
            );
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }
}

fn is_ours(table: &Table, row: usize) -> bool {
    let name = &table.rows[row].name;
    ["ours", "mcp-", "w3c-traceparent"]
        .iter()
        .any(|own| name.starts_with(own))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('`', "")
}
