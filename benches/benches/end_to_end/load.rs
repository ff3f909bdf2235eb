//! The load: connections that send one call after the other.

use std::{
    fs,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

/// Calls to choose from.
pub(crate) struct Call {
    bodies: Vec<(String, Bytes)>,
    parent: String,
}

impl Call {
    /// Calls with so many bytes more of arguments, of so many tools.
    pub(crate) fn new(bytes: usize, names: usize, sampled: bool) -> Self {
        let parent = format!("{TRACE}-0{}", u8::from(sampled));
        let filler = "a sentence that a model has written. ".repeat(bytes.div_ceil(37));
        let bodies = (0..names).map(|n| {
            let tool = if names == 1 { "get_weather".to_owned() } else { format!("tool_{n}") };
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"city":"Berlin","note":"{}"}},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}},"traceparent":"{parent}"}}}}}}"#,
                &filler[..bytes]
            );
            (tool, Bytes::from(body))
        });
        let bodies = bodies.collect();
        Self { bodies, parent }
    }

    fn request(&self, n: usize) -> Request<Full<Bytes>> {
        let (tool, body) = &self.bodies[n % self.bodies.len()];
        Request::post("/mcp")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool)
            .header("traceparent", &self.parent)
            .body(Full::new(body.clone()))
            .expect("constant parts")
    }
}

/// What a load came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Microseconds of the server's processor time per request.
    pub(crate) cpu: f64,
    /// Requests per second.
    pub(crate) rate: f64,
    /// Latency in microseconds.
    pub(crate) p50: f64,
    /// The same, that one in a hundred exceeds.
    pub(crate) p99: f64,
}

impl Measured {
    /// The round that took the least processor time per request: what else the machine does only ever
    /// adds.
    pub(crate) fn quietest(rounds: Vec<Self>) -> Self {
        let least = rounds.into_iter().min_by(|a, b| a.cpu.total_cmp(&b.cpu));
        least.expect("at least one round")
    }
}

/// Loads the server of process `pid` for `time`, after a tenth of that to warm up.
pub(crate) async fn run(
    address: &str,
    pid: u32,
    call: &Call,
    connections: usize,
    time: Duration,
) -> Measured {
    let _ = round(address, call, connections, time / 10).await;
    let (before, start) = (cpu_seconds(pid), Instant::now());
    let mut latencies = round(address, call, connections, time).await;
    let (cpu, took) = (cpu_seconds(pid) - before, start.elapsed());
    latencies.sort_unstable();
    let micros = |part: f64| {
        let at = (latencies.len() as f64 * part) as usize;
        latencies[at.min(latencies.len() - 1)].as_nanos() as f64 / 1e3
    };
    Measured {
        cpu: cpu * 1e6 / latencies.len() as f64,
        rate: latencies.len() as f64 / took.as_secs_f64(),
        p50: micros(0.5),
        p99: micros(0.99),
    }
}

async fn round(address: &str, call: &Call, connections: usize, time: Duration) -> Vec<Duration> {
    let mut senders = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.expect("the server");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        senders.push(sender);
    }
    let end = Instant::now() + time;
    let tasks = senders.into_iter().enumerate().map(|(n, sender)| {
        // As many requests as there is time for, each of another tool.
        let requests = (n * 1_000..)
            .map(|n| call.request(n))
            .take_while(|_| Instant::now() < end);
        one_after_the_other(sender, requests)
    });
    futures_util::future::join_all(tasks).await.concat()
}

async fn one_after_the_other(
    mut sender: http1::SendRequest<Full<Bytes>>,
    requests: impl Iterator<Item = Request<Full<Bytes>>>,
) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for request in requests {
        let start = Instant::now();
        let answer = sender.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.into_body().collect().await.expect("a body");
        latencies.push(start.elapsed());
    }
    latencies
}

/// User and system time, which the kernel counts in hundredths of a second.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
