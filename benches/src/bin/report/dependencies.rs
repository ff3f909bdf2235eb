//! How many crates a package brings along.

use std::{env, fs, io, path::Path, process::Command};

use crate::results::{Row, Table};

/// Each as the only dependency of an empty package, with the versions of the benchmarks' lock file.
const PACKAGES: [(&str, &str); 5] = [
    ("mcp-layer", ""),
    ("tower-http", "trace"),
    ("opentelemetry-instrumentation-tower", ""),
    ("tower-otel", ""),
    ("fastrace-tower", ""),
];

/// The crates that are compiled into a program on this machine: the package itself and what it needs
/// with its default features, without what only its build scripts and tests need.
pub(crate) fn table() -> io::Result<Vec<Table>> {
    let folder = env::temp_dir().join(format!("mcp-trace-tree-{}", std::process::id()));
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let rows = PACKAGES.map(|(package, feature)| {
        let name = match feature {
            "" => package.to_owned(),
            feature => format!("{package}, feature {feature}"),
        };
        Ok(Row {
            name,
            runs: vec![vec![count(&folder, package, feature)? as f64]],
        })
    });
    let rows: io::Result<Vec<Row>> = rows.into_iter().collect();
    fs::remove_dir_all(&folder)?;
    Ok(vec![Table {
        title: "crates in the tree, itself included, where it is the only dependency \
                (`cargo tree --edges normal`, versions of `benches/Cargo.lock`)"
            .to_owned(),
        columns: vec!["crates".to_owned()],
        rows: rows?,
    }])
}

fn count(folder: &Path, package: &str, feature: &str) -> io::Result<usize> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = match package {
        "mcp-layer" => format!("path = {:?}", benches.join("../crates").join(package)),
        _ => "version = \"*\"".to_owned(),
    };
    let features = match feature {
        "" => String::new(),
        feature => format!(", features = [{feature:?}]"),
    };
    let manifest = format!(
        "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         {package} = {{ {source}{features} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(benches.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "tree",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--no-dedupe",
            "--offline",
        ])
        .current_dir(folder)
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("cargo tree failed: {message}")));
    }
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut crates: Vec<&str> = tree.lines().collect();
    crates.sort_unstable();
    crates.dedup();
    // Without the empty package.
    Ok(crates.len() - 1)
}
