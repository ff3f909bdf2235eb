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
use mcp_trace_benches::median;
use tokio::net::TcpStream;

type Connection = http1::SendRequest<Full<Bytes>>;

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
    requests: f64,
    /// Seconds of the server's processor time.
    cpu: f64,
    /// Seconds on the clock.
    took: f64,
    /// Latency in microseconds.
    p50: f64,
    /// The same, that one in a hundred exceeds.
    p99: f64,
}

impl Measured {
    /// Microseconds of processor time per request, requests per second, and both latencies. Of all rounds
    /// together: how many requests a server finds waiting, and with that what each of them costs, changes by chance
    /// from round to round.
    pub(crate) fn together(rounds: &[Self]) -> Vec<f64> {
        let sum = |of: fn(&Self) -> f64| rounds.iter().map(of).sum::<f64>();
        let requests = sum(|round| round.requests);
        vec![
            sum(|round| round.cpu) * 1e6 / requests,
            requests / sum(|round| round.took),
            median(rounds.iter().map(|round| round.p50)),
            median(rounds.iter().map(|round| round.p99)),
        ]
    }
}

/// Connections to a server, and what they ask for.
pub(crate) struct Load {
    pid: u32,
    call: Call,
    connections: Vec<Connection>,
}

impl Load {
    /// Connects to the server of process `pid`. The connections stay open.
    pub(crate) async fn on(address: &str, pid: u32, call: Call, connections: usize) -> Self {
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(connect(address).await);
        }
        Self {
            pid,
            call,
            connections: open,
        }
    }

    /// Loads the server for `time`, after a tenth of that to warm up.
    pub(crate) async fn run(&mut self, time: Duration) -> Measured {
        let _ = self.round(time / 10).await;
        let (before, start) = (cpu_seconds(self.pid), Instant::now());
        let mut latencies = self.round(time).await;
        let (cpu, took) = (cpu_seconds(self.pid) - before, start.elapsed());
        latencies.sort_unstable();
        let micros = |part: f64| {
            let at = (latencies.len() as f64 * part) as usize;
            latencies[at.min(latencies.len() - 1)].as_nanos() as f64 / 1e3
        };
        Measured {
            requests: latencies.len() as f64,
            cpu,
            took: took.as_secs_f64(),
            p50: micros(0.5),
            p99: micros(0.99),
        }
    }

    /// All connections at once.
    async fn round(&mut self, time: Duration) -> Vec<Duration> {
        let end = Instant::now() + time;
        let call = &self.call;
        let tasks = self.connections.iter_mut().enumerate();
        let tasks = tasks.map(|(n, connection)| {
            // As many requests as there is time for, each of another tool.
            let requests = (n * 1_000..)
                .map(|n| call.request(n))
                .take_while(|_| Instant::now() < end);
            one_after_the_other(connection, requests)
        });
        futures_util::future::join_all(tasks).await.concat()
    }
}

async fn connect(address: &str) -> Connection {
    let stream = TcpStream::connect(address).await.expect("the server");
    stream.set_nodelay(true).expect("a socket");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    sender
}

async fn one_after_the_other(
    connection: &mut Connection,
    requests: impl Iterator<Item = Request<Full<Bytes>>>,
) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for request in requests {
        let start = Instant::now();
        let answer = connection.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.into_body().collect().await.expect("a body");
        latencies.push(start.elapsed());
    }
    latencies
}

/// Of all threads, to the nanosecond: time on a processor is what the kernel writes first. Those of the servers stay.
fn cpu_seconds(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("Linux");
    let nanos = threads.map(|thread| {
        let path = thread.expect("a thread").path().join("schedstat");
        let stat = fs::read_to_string(path).expect("a kernel that counts (CONFIG_SCHED_INFO)");
        let first = stat.split_whitespace().next().expect("three numbers");
        first.parse::<f64>().expect("a number")
    });
    nanos.sum::<f64>() / 1e9
}
