//! Bursts of spans through exporters, beside opentelemetry-otlp and fastrace.
//!
//! Each case makes, ends and delivers its spans in a process of its own, to a receiver in another one
//! that decodes and counts what arrives. Cases take turns, so that noise of the machine meets all alike.

mod receiver;
mod senders;

use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

/// What a burst came to.
#[derive(Default)]
struct Burst {
    nanos_per_span: f64,
    cpu_seconds: f64,
    delivered: u64,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["receive"] => receiver::run(),
        ["send", case, url, spans] => senders::run(case, url, spans.parse().expect("a number")),
        arguments => table(if arguments.contains(&"--bench") {
            (100_000, 5)
        } else {
            (1_000, 1)
        }),
    }
}

fn table((spans, rounds): (u64, usize)) {
    let mut bursts: Vec<Vec<Burst>> = senders::CASES.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (case, bursts) in senders::CASES.iter().zip(&mut bursts) {
            bursts.push(burst(case, spans));
        }
    }
    println!("\na burst of {spans} spans with 11 attributes; medians of {rounds}\n");
    println!(
        "| {:36} | ns to make and record | delivered | delivered per CPU second |",
        ""
    );
    println!(
        "|-{:-<36}-|----------------------:|----------:|-------------------------:|",
        ""
    );
    for (case, bursts) in senders::CASES.iter().zip(bursts) {
        let median = |value: fn(&Burst) -> f64| {
            let mut values: Vec<f64> = bursts.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        println!(
            "| {case:36} | {:21.0} | {:8.1}% | {:24.0} |",
            median(|burst| burst.nanos_per_span),
            median(|burst| burst.delivered as f64) * 100.0 / spans as f64,
            median(|burst| burst.delivered as f64 / burst.cpu_seconds.max(0.01)),
        );
    }
}

fn burst(case: &str, spans: u64) -> Burst {
    let this = env::current_exe().expect("a path to this program");
    let mut receiver = Command::new(&this)
        .arg("receive")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a receiver");
    let mut lines = BufReader::new(receiver.stdout.take().expect("is piped"));
    let mut url = String::new();
    lines.read_line(&mut url).expect("the receiver's address");
    let sent = Command::new(&this)
        .args(["send", case, url.trim(), &spans.to_string()])
        .stderr(Stdio::null())
        .output()
        .expect("a sender");
    let sent = String::from_utf8(sent.stdout).expect("text");
    let mut numbers = sent
        .split_whitespace()
        .map(|number| number.parse().expect("a number"));
    // The receiver ends with its input.
    drop(receiver.stdin.take());
    let mut delivered = String::new();
    lines
        .read_to_string(&mut delivered)
        .expect("the receiver's count");
    receiver.wait().expect("the receiver's end");
    Burst {
        nanos_per_span: numbers.next().expect("nanoseconds"),
        cpu_seconds: numbers.next().expect("seconds"),
        delivered: delivered.trim().parse().expect("a count"),
    }
}
