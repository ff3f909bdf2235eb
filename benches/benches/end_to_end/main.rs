//! An rmcp server under load on loopback: bare, with our layers, and with tower-otel.
//!
//! Each case is a server in a process of its own: rmcp without sessions, JSON answers, one tool that returns at once, two
//! threads. Those that export send OTLP to a receiver in the process of the load, which takes turns over the cases. The
//! load sends the same `tools/call`, with a `traceparent` in the header and in `_meta`, over connections that stay open. Processor time is that of
//! the server's process, its exporter included.
//!
//! The servers' allocator is told to keep what it has got (glibc; others do not know the variables): else what a body of
//! megabytes costs depends on how often its pages are given back and taken anew, which differs from process to process
//! and from minute to minute by a half.

mod load;
mod receiver;
mod server;

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use load::{Call, Load, Measured};
use mcp_trace_benches::results;
use server::Case;

const CONNECTIONS: [usize; 3] = [1, 16, 256];
const BODIES: [(&str, usize); 4] = [
    ("300 B", 0),
    ("16 KiB", 16 << 10),
    ("1 MiB", 1 << 20),
    ("8 MiB", 8 << 20),
];
const NAMES: [usize; 3] = [1, 100, 10_000];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", case, receiver] => server::run(Case::named(case), receiver),
        arguments if !arguments.contains(&"--bench") => measure(1, Duration::from_millis(20)),
        // A report runs it several times.
        _ if env::var_os(results::FILE).is_some() => measure(9, Duration::from_millis(200)),
        _ => measure(9, Duration::from_millis(400)),
    }
}

/// Rounds of so long each.
fn measure(rounds: usize, time: Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let receiver = runtime.block_on(receiver::start());
    let servers: Vec<Server> = Case::ALL.map(|case| Server::start(case, &receiver)).into();
    let load = |server: &Server, call, connections| {
        let pid = server.process.id();
        runtime.block_on(Load::on(&server.address, pid, call, connections))
    };
    let take_turns = |mut loads: Vec<(String, Load)>| -> Vec<(String, Vec<f64>)> {
        let mut found: Vec<Vec<Measured>> = loads.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for ((_, load), found) in loads.iter_mut().zip(&mut found) {
                found.push(runtime.block_on(load.run(time)));
            }
        }
        let names = loads.into_iter().map(|(name, _)| name);
        names
            .zip(found.iter().map(|rounds| Measured::together(rounds)))
            .collect()
    };

    for connections in CONNECTIONS {
        let loads = servers.iter().map(|server| {
            let call = Call::new(0, 1, server.case.is_sampled());
            let name = server.case.name().to_owned();
            (name, load(server, call, connections))
        });
        print(
            &format!("rmcp server, {connections} connections"),
            &take_turns(loads.collect()),
        );
    }
    for (size, bytes) in BODIES {
        let compared =
            |server: &&Server| matches!(server.case, Case::Bare | Case::Exported | Case::TowerOtel);
        let loads = servers.iter().filter(compared).map(|server| {
            let name = server.case.name().to_owned();
            (name, load(server, Call::new(bytes, 1, true), 4))
        });
        print(
            &format!("rmcp server, arguments of {size}, 4 connections"),
            &take_turns(loads.collect()),
        );
    }
    let ours = servers.iter().find(|server| server.case == Case::Exported);
    let loads = NAMES.iter().zip(ours.into_iter().cycle());
    let loads = loads.map(|(names, server)| {
        let name = format!("ours, {names} names");
        (name, load(server, Call::new(0, *names, true), 4))
    });
    print(
        "rmcp server, calls of so many different tools, 4 connections",
        &take_turns(loads.collect()),
    );
}

fn print(title: &str, rows: &[(String, Vec<f64>)]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, found)| (name.as_str(), found.clone()))
        .collect();
    results::show(
        title,
        &[
            ("µs of CPU per request", 1),
            ("requests/s", 0),
            ("p50, µs", 0),
            ("p99, µs", 0),
        ],
        &rows,
    );
}

/// A server's process; it ends with the value.
struct Server {
    case: Case,
    process: Child,
    address: String,
}

impl Server {
    fn start(case: Case, receiver: &str) -> Self {
        let mut process = Command::new(env::current_exe().expect("a path to this program"))
            .args(["serve", case.name(), receiver])
            .env("MALLOC_MMAP_THRESHOLD_", (32 << 20).to_string())
            .env("MALLOC_TRIM_THRESHOLD_", (1 << 30).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut address = String::new();
        BufReader::new(process.stdout.take().expect("is piped"))
            .read_line(&mut address)
            .expect("the server's address");
        let address = address.trim().to_owned();
        Self {
            case,
            process,
            address,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
