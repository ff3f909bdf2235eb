//! A receiver that can be rude: raw TCP, one thread per connection, answers by script.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Counted over all connections, from 0.
    pub(crate) number: usize,
    pub(crate) at: Instant,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What the collector does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Answer(u16),
    AnswerWith {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// These bytes, whatever they are, and then the end of the connection.
    Raw(Vec<u8>),
    /// One byte of a good answer per interval.
    Drip(Duration),
    /// No answer, the connection stays open.
    Silence,
    /// The connection ends without an answer.
    Close,
    /// A good answer, after a while.
    Late(Duration),
}

type Script = dyn Fn(&Request) -> Act + Send + Sync;

pub(crate) struct Collector {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Collector {
    /// Takes everything.
    pub(crate) fn kind() -> Self {
        Self::start(|_| Act::Answer(200))
    }

    pub(crate) fn start(script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    /// As [`start`](Self::start), keeping no bodies.
    pub(crate) fn forgetful(script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::forgetful_on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn forgetful_on(
        listener: TcpListener,
        script: impl Fn(&Request) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::serve(listener, script, false)
    }

    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(&Request) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::serve(listener, script, true)
    }

    fn serve(
        listener: TcpListener,
        script: impl Fn(&Request) -> Act + Send + Sync + 'static,
        keep_bodies: bool,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let script: Arc<Script> = Arc::new(script);
        let (log, count) = (seen.clone(), connections.clone());
        thread::spawn(move || {
            let numbers = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                count.fetch_add(1, Ordering::SeqCst);
                let (log, script, numbers) = (log.clone(), script.clone(), numbers.clone());
                thread::spawn(move || serve(stream, &log, &*script, &numbers, keep_bodies));
            }
        });
        Self {
            address,
            seen,
            connections,
        }
    }

    /// Takes so many requests; after the last answer it is gone, and its port refuses.
    pub(crate) fn start_and_stop(requests: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::default());
        let log = seen.clone();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            drop(listener);
            let (mut reader, mut stream) = (BufReader::new(stream.try_clone().unwrap()), stream);
            for _ in 0..requests {
                log.lock().unwrap().push(read(&mut reader).unwrap());
                stream.write_all(&answer(200, &[], b"")).unwrap();
            }
        });
        Self {
            address,
            seen,
            connections,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// All spans in all OTLP protobuf requests, also in refused ones.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.requests()
            .iter()
            .flat_map(|request| spans(&request.body))
            .collect()
    }
}

/// The spans of an OTLP protobuf request.
pub(crate) fn spans(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    request
        .resource_spans
        .into_iter()
        .flat_map(|r| r.scope_spans)
        .flat_map(|s| s.spans)
        .collect()
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    script: &Script,
    numbers: &AtomicUsize,
    keep_bodies: bool,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(mut request) = read(&mut reader) {
        request.number = numbers.fetch_add(1, Ordering::SeqCst);
        let act = script(&request);
        if !keep_bodies {
            request.body = Vec::new();
        }
        log.lock().unwrap().push(request);
        if !perform(&mut stream, act) {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// Whether the connection goes on.
fn perform(stream: &mut TcpStream, act: Act) -> bool {
    match act {
        Act::Answer(status) => stream.write_all(&answer(status, &[], b"")).is_ok(),
        Act::AnswerWith {
            status,
            headers,
            body,
        } => stream.write_all(&answer(status, &headers, &body)).is_ok(),
        Act::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Act::Drip(interval) => {
            for byte in answer(200, &[], b"") {
                if stream.write_all(&[byte]).is_err() {
                    return false;
                }
                thread::sleep(interval);
            }
            true
        }
        Act::Silence => {
            // Until the other side leaves.
            let _ = stream.read(&mut [0]);
            false
        }
        Act::Close => false,
        Act::Late(delay) => {
            thread::sleep(delay);
            stream.write_all(&answer(200, &[], b"")).is_ok()
        }
    }
}

fn answer(status: u16, headers: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    [answer.as_bytes(), body].concat()
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let len: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        number: 0,
        at: Instant::now(),
        path,
        headers,
        body,
    })
}
