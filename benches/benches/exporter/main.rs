//! Bursts of spans through exporters, beside opentelemetry-otlp, fastrace and a pipe made by hand.
//!
//! Each case makes, ends and delivers its spans in a process of its own, to a receiver in another one
//! that decodes and counts what arrives, nearby or at a distance: its CPU time is not in the figures.
//! Cases take turns, so that noise of the machine meets all alike. What it takes to hand a span over
//! is measured alone.

mod distance;
mod hand;
mod receiver;
mod record;
mod senders;

use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    time::Duration,
};

use mcp_trace_benches::{median, results};

/// What a burst came to.
struct Burst {
    nanos_per_span: f64,
    cpu_seconds: f64,
    seconds: f64,
    delivered: u64,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |text: &str| text.parse().expect("a number");
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["receive", delay] => receiver::run(Duration::from_millis(number(delay))),
        ["send", case, url, spans, rate] => {
            senders::run(case, url, number(spans), number(rate));
        }
        arguments if arguments.contains(&"--bench") => {
            record::table();
            bursts(100_000, 7);
            bursts(1_000_000, 2);
            steady(5);
            far_away(60_000, 1);
        }
        _ => {
            record::table();
            bursts(1_000, 1);
            far_away(1_000, 1);
        }
    }
}

fn bursts(spans: u64, rounds: usize) {
    let bursts = take_turns(&senders::CASES, (spans, 0), rounds, "0");
    let row = |bursts: &[Burst]| {
        let delivered = median(bursts.iter().map(|burst| burst.delivered as f64));
        vec![
            mean(bursts),
            delivered * 100.0 / spans as f64,
            median(
                bursts
                    .iter()
                    .map(|burst| burst.delivered as f64 / burst.cpu_seconds.max(0.01)),
            ),
        ]
    };
    results::show(
        &format!("a burst of {spans} spans with 11 attributes"),
        &[
            ("ns to make and record", 0),
            ("delivered, %", 1),
            ("delivered per CPU second", 0),
        ],
        &rows(&senders::CASES, &bursts, row),
    );
}

/// More than a queue holds, as fast as no server makes them.
fn steady(seconds: u64) {
    let rate = 200_000;
    let spans = rate * seconds;
    let bursts = take_turns(&senders::STEADY_CASES, (spans, rate), 1, "0");
    let row = |bursts: &[Burst]| {
        let lost = spans - bursts[0].delivered;
        vec![
            bursts[0].cpu_seconds * 1e9 / spans as f64,
            lost as f64 * 100.0 / spans as f64,
        ]
    };
    results::show(
        &format!("{rate} spans a second for {seconds} seconds"),
        &[("CPU ns per span", 0), ("lost, %", 2)],
        &rows(&senders::STEADY_CASES, &bursts, row),
    );
}

/// What a distance costs: nothing but waiting, which is no use of the machine. A burst should take the way there and back
/// many times: one more or less is chance.
fn far_away(spans: u64, rounds: usize) {
    let bursts = take_turns(&senders::FAR_CASES, (spans, 0), rounds, "50");
    let row = |bursts: &[Burst]| {
        let delivered: f64 = bursts.iter().map(|burst| burst.delivered as f64).sum();
        let seconds: f64 = bursts.iter().map(|burst| burst.seconds).sum();
        vec![
            delivered / seconds,
            delivered * 100.0 / (spans * bursts.len() as u64) as f64,
        ]
    };
    results::show(
        &format!("{spans} spans to a receiver that is 50 ms away, each way"),
        &[("delivered per second", 0), ("delivered, %", 1)],
        &rows(&senders::FAR_CASES, &bursts, row),
    );
}

fn rows<'a>(
    cases: &[&'a str],
    bursts: &[Vec<Burst>],
    row: impl Fn(&[Burst]) -> Vec<f64>,
) -> Vec<(&'a str, Vec<f64>)> {
    let bursts = bursts.iter().map(|bursts| row(bursts));
    cases.iter().copied().zip(bursts).collect()
}

fn take_turns(cases: &[&str], load: (u64, u64), rounds: usize, delay: &str) -> Vec<Vec<Burst>> {
    let mut bursts: Vec<Vec<Burst>> = cases.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (case, bursts) in cases.iter().zip(&mut bursts) {
            bursts.push(burst(case, load, delay));
        }
    }
    bursts
}

/// What a span costs changes from burst to burst by how the threads of an exporter meet: all of them together tell it
/// best.
fn mean(bursts: &[Burst]) -> f64 {
    let sum: f64 = bursts.iter().map(|burst| burst.nanos_per_span).sum();
    sum / bursts.len() as f64
}

fn burst(case: &str, (spans, rate): (u64, u64), delay: &str) -> Burst {
    let this = env::current_exe().expect("a path to this program");
    let mut receiver = Command::new(&this)
        .args(["receive", delay])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a receiver");
    let mut lines = BufReader::new(receiver.stdout.take().expect("is piped"));
    let mut url = String::new();
    lines.read_line(&mut url).expect("the receiver's address");
    let sent = Command::new(&this)
        .args(["send", case, url.trim()])
        .args([spans.to_string(), rate.to_string()])
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
        seconds: numbers.next().expect("seconds"),
        delivered: delivered.trim().parse().expect("a count"),
    }
}
