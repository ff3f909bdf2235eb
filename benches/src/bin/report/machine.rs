//! Where and with what a report was made.

use std::{fs, process::Command};

/// Lines of a list: processor, memory, system, compiler, commit, date.
pub(crate) fn describe() -> Vec<String> {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal").and_then(|kib| {
        let kib: u64 = kib.split_whitespace().next()?.parse().ok()?;
        Some(format!(", {} GiB", kib.div_ceil(1 << 20)))
    });
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned();
    vec![
        format!("{cpu}, {cores} cores{}", memory.unwrap_or_default()),
        format!("Linux {}, load {load} at the end", output("uname", &["-r"])),
        output("rustc", &["--version"]),
        format!(
            "commit {}",
            output("git", &["rev-parse", "--short", "HEAD"])
        ),
        output("date", &["--utc", "+%Y-%m-%d"]),
    ]
}

/// The versions of the crates that are measured, from the lock file.
pub(crate) fn versions(names: &[&str]) -> String {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let mut found: Vec<String> = Vec::new();
    for package in lock.split("[[package]]") {
        let value = |key: &str| {
            let line = package.lines().find(|line| line.starts_with(key))?;
            line.split('"').nth(1)
        };
        if let (Some(name), Some(version)) = (value("name = "), value("version = "))
            && names.contains(&name)
        {
            found.push(format!("{name} {version}"));
        }
    }
    found.join(", ")
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| format!("{program}: unknown"))
}
