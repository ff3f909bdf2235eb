//! Reading and editing messages, beside a scanner by hand, `serde_json` and `sonic-rs`, which read
//! the same members into borrowed structs.

mod bodies;
mod peers;

use mcp_envelope::{AnswerWatcher, Id, Outgoing, RequestScanner};
use mcp_trace_benches::{
    alloc::Counting,
    table::{Row, Table},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
const MEMBERS: [(&str, &str); 2] = [("traceparent", PARENT), ("tracestate", "vendor=1")];

fn main() {
    let rust = bodies::requests(bodies::rust);
    let python = bodies::requests(bodies::python);
    let bare = bodies::requests(bodies::bare);
    let mut scans = Vec::new();
    for (title, requests) in [
        ("tools/call of 300 bytes, `_meta` first", &rust),
        ("tools/call of 300 bytes, `_meta` last", &python),
        ("tools/call of 300 bytes, no `_meta`", &bare),
    ] {
        scans.push(scan(title, requests));
    }
    let spliced = splice(&bare);
    let watched = watch();

    println!();
    for rows in &scans {
        budget("scan", rows, 0, 1.0);
    }
    budget("scan and splice", &spliced, 2, 0.2);
    budget("watch", &watched, 0, 1.0);

    for (name, body, least) in bodies::large() {
        throughput(name, &body, least);
    }
}

fn scan(title: &str, requests: &[Vec<u8>]) -> Vec<Row> {
    for request in requests {
        let message = mcp_envelope::inspect(request);
        let (serde, sonic) = (peers::serde_request(request), peers::sonic_request(request));
        assert_eq!(message.name(), serde.params.name);
        assert_eq!(message.name(), sonic.params.name);
    }
    Table::new(title)
        .case("by hand: brackets and strings only", requests, |body| {
            peers::by_hand(body)
        })
        .case("mcp-envelope", requests, |body| {
            let mut scanner = RequestScanner::new();
            scanner.push(body);
            scanner
        })
        .case("mcp-envelope, cut in two", requests, |body| {
            let mut scanner = RequestScanner::new();
            let (front, back) = body.split_at(body.len() / 2);
            scanner.push(front);
            scanner.push(back);
            scanner
        })
        .case("serde_json", requests, |body| peers::serde_request(body))
        .case("sonic-rs", requests, |body| peers::sonic_request(body))
        .run()
}

fn splice(requests: &[Vec<u8>]) -> Vec<Row> {
    Table::new("two members into a tools/call of 300 bytes")
        .case("by hand: one copy, no look", requests, |body| {
            let mut out = Vec::with_capacity(body.len() + 128);
            out.extend_from_slice(&body[..60]);
            out.extend_from_slice(PARENT.as_bytes());
            out.extend_from_slice(&body[60..]);
            out
        })
        .case("mcp-envelope", requests, |body| {
            Outgoing::scan(body)
                .splice(&MEMBERS)
                .map(|splice| splice.apply())
        })
        .case("serde_json, through a tree", requests, |body| {
            peers::serde_splice(body, &MEMBERS)
        })
        .run()
}

fn watch() -> Vec<Row> {
    let json = bodies::requests(bodies::answer);
    let events: Vec<Vec<u8>> = json.iter().map(|json| bodies::event(json)).collect();
    Table::new("answer of 130 bytes")
        .case("by hand: brackets and strings only", &json, |body| {
            peers::by_hand(body)
        })
        .case("mcp-envelope", &json, |body| {
            let mut watcher = AnswerWatcher::json(Some(Id::Number(1)));
            assert!(watcher.push(body).is_some());
        })
        .case("mcp-envelope, as an event", &events, |body| {
            let mut watcher = AnswerWatcher::sse(Some(Id::Number(1)));
            assert!(watcher.push(body).is_some());
        })
        .case("serde_json", &json, |body| peers::serde_answer(body))
        .case("sonic-rs", &json, |body| peers::sonic_answer(body))
        .run()
}

/// A large answer, whole and as it comes from a socket.
fn throughput(name: &str, json: &[u8], least: Least) {
    const CHUNK: usize = 16 * 1024;

    let event = bodies::event(json);
    let rows = Table::new(name)
        .bytes(json.len())
        .case("by hand: brackets and strings only", &[json], |body| {
            peers::by_hand(body)
        })
        .case("memchr2 of nothing that is there", &[json], |body| {
            memchr::memchr2(1, 2, body)
        })
        .case("mcp-envelope", &[json], |body| {
            let mut watcher = AnswerWatcher::json(Some(Id::Number(1)));
            assert!(watcher.push(body).is_some());
        })
        .case("mcp-envelope, chunks of 16 KiB", &[json], |body| {
            let mut watcher = AnswerWatcher::json(Some(Id::Number(1)));
            assert!(
                body.chunks(CHUNK)
                    .any(|chunk| watcher.push(chunk).is_some())
            );
        })
        .case(
            "mcp-envelope, event in chunks of 16 KiB",
            &[&event[..]],
            |body| {
                let mut watcher = AnswerWatcher::sse(Some(Id::Number(1)));
                assert!(
                    body.chunks(CHUNK)
                        .any(|chunk| watcher.push(chunk).is_some())
                );
            },
        )
        .case("serde_json", &[json], |body| peers::serde_answer(body))
        .case("sonic-rs", &[json], |body| peers::sonic_answer(body))
        .run();
    println!();
    let speed = |row: &Row| json.len() as f64 / row.best;
    for row in &rows {
        println!("{:42} {:6.2} GB/s", row.name, speed(row));
    }
    let (bound, ours) = match least {
        Least::Speed(speed) => (speed, speed_of(&rows, 2, json)),
        Least::OfMemchr(part) => (part * speed_of(&rows, 1, json), speed_of(&rows, 2, json)),
    };
    println!(
        "budget: at least {bound:.2} GB/s, {}",
        if ours >= bound { "kept" } else { "MISSED" }
    );
}

fn speed_of(rows: &[Row], row: usize, json: &[u8]) -> f64 {
    json.len() as f64 / rows[row].best
}

/// What a throughput has to reach.
pub enum Least {
    /// Gigabytes per second.
    Speed(f64),
    /// A part of what `memchr2` reaches.
    OfMemchr(f64),
}

/// Ours is the second row; it is held against another one of the same run.
fn budget(name: &str, rows: &[Row], other: usize, most: f64) {
    let (ours, other) = (&rows[1], &rows[other]);
    let ratio = ours.best / other.best;
    let verdict = if ratio <= most { "kept" } else { "MISSED" };
    println!(
        "{name}: {:.0} ns, {} allocations, {ratio:.2} times \"{}\"; budget {most}, {verdict}",
        ours.best, ours.allocations, other.name,
    );
}
