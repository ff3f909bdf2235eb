//! The inner service receives the same bytes, and the client the same answer, with and
//! without the layer: 10 000 generated requests and answers, over both versions of HTTP.

mod support;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{DiscardSink, Trust, current};
use support::generator::{Case, Rng, cut};
use support::wire::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{Layer, service_fn};

const HTTP1_CASES: u64 = 8_000;
const HTTP2_CASES: u64 = 2_000;
/// HTTP/2 gives up a connection with too many small pieces.
const HTTP2_CONNECTIONS: u64 = 250;
const PER_CONNECTION: u64 = 25;

/// What the inner service saw of each case, in the order of arrival.
type Seen = Arc<Mutex<Vec<(u64, Note)>>>;

/// What can be said in words, and bytes.
type Note = (String, Vec<u8>);

/// The bodies' frames come as they were cut; hyper's chunks show where.
struct Cut {
    pieces: VecDeque<Vec<u8>>,
    trailers: bool,
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(piece) = self.pieces.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(piece.into()))));
        }
        Poll::Ready(std::mem::take(&mut self.trailers).then(|| {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-checksum", http::HeaderValue::from_static("1"));
            Ok(Frame::trailers(trailers))
        }))
    }
}

/// Reads a request, notes it, and answers as its case says.
async fn inner<B>(request: Request<B>, seen: Seen) -> Result<Response<Body>, Infallible>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let number = request.headers()["x-case"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let case = Case::new(number);
    if case.observes.0 {
        let _ = current();
    }
    let (head, body) = request.into_parts();
    let hint = http_body::Body::size_hint(&body);
    let mut note = format!("{} {} {:?} {hint:?} ", head.method, head.uri, head.headers);
    let mut body = std::pin::pin!(body);
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => received.extend_from_slice(&data),
            Ok(Err(trailers)) => write!(note, "{:?} ", trailers.into_trailers()).unwrap(),
            // A broken request: how much of it was read first is chance.
            Err(_) => return Ok(Response::new(Body::empty())),
        }
    }
    if case.observes.1 {
        let _ = current();
    }
    seen.lock().unwrap().push((number, (note, received)));
    // An HTTP/2 client gives up the whole connection over a body where none may be.
    let bodiless =
        head.version == http::Version::HTTP_2 && [204, 304].contains(&case.answer.status);
    let mut response = Response::builder()
        .status(case.answer.status)
        .header("content-type", case.answer.content_type);
    if case.answer.declares_length && !bodiless {
        let length: usize = case.answer.body.iter().map(Vec::len).sum();
        response = response.header("content-length", length);
    } else if case.answer.trailers {
        response = response.header("trailer", "x-checksum");
    }
    let mut body = match bodiless {
        true => Cut {
            pieces: VecDeque::new(),
            trailers: false,
        },
        false => Cut {
            pieces: case.answer.body.into(),
            trailers: case.answer.trailers,
        },
    };
    if head.version == http::Version::HTTP_2 {
        body.pieces.retain(|piece| !piece.is_empty());
    }
    Ok(response.body(Body::new(body)).unwrap())
}

/// Servers without the layer, with it, and with it looking at headers only.
async fn servers(http: Http) -> [(Server, Seen); 3] {
    let seen = [(); 3].map(|()| Seen::default());
    let layer = McpServerTraceLayer::new()
        .with_sink(Arc::new(DiscardSink::default()))
        .baggage(BaggageFilter::keys(["k"]))
        .known_tools(["greet"])
        .trust_with(|head| match head.headers.contains_key("mcp-name") {
            true => Trust::RestartAndLink,
            false => Trust::Continue,
        });
    let [plain, traced, headers_only] = seen.clone();
    let plain = serve_hyper(
        http,
        service_fn(move |request| inner(request, plain.clone())),
    )
    .await;
    let service = layer.layer(service_fn(move |request| inner(request, traced.clone())));
    let traced = serve_hyper(http, service).await;
    let service = layer.headers_only().layer(service_fn(move |request| {
        inner(request, headers_only.clone())
    }));
    let headers_only = serve_hyper(http, service).await;
    let [a, b, c] = seen;
    [(plain, a), (traced, b), (headers_only, c)]
}

/// Whether the framing of a case over HTTP/1.1 is broken: nothing can follow it.
fn breaks_off(number: u64, case: &Case) -> bool {
    number % PER_CONNECTION == PER_CONNECTION - 1
        && number % if case.declares_length { 2 } else { 3 } == 0
}

/// One request as it goes over HTTP/1.1.
fn on_the_wire(number: u64) -> Vec<u8> {
    let case = Case::new(number);
    let breaks_off = breaks_off(number, &case);
    let mut wire =
        format!("POST /mcp?case={number} HTTP/1.1\r\nhost: localhost\r\nx-case: {number}\r\n");
    for (name, value) in &case.headers {
        write!(wire, "{name}: {value}\r\n").unwrap();
    }
    wire.push_str("te: trailers\r\n");
    if number % PER_CONNECTION == PER_CONNECTION - 1 {
        wire.push_str("connection: close\r\n");
    }
    let mut wire = wire.into_bytes();
    if case.declares_length {
        let body = case.body.concat();
        let missing = usize::from(breaks_off);
        wire.extend_from_slice(
            format!("content-length: {}\r\n\r\n", body.len() + missing).as_bytes(),
        );
        wire.extend_from_slice(&body);
    } else {
        wire.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
        for piece in case.body.iter().filter(|piece| !piece.is_empty()) {
            wire.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            wire.extend_from_slice(piece);
            wire.extend_from_slice(b"\r\n");
        }
        let end: &[u8] = match number % 3 {
            _ if breaks_off => b"zz\r\n",
            1 => b"0\r\nx-trailer: 1\r\n\r\n",
            _ => b"0\r\n\r\n",
        };
        wire.extend_from_slice(end);
    }
    wire
}

/// Writes to a socket in pieces and reads what comes until the server closes.
async fn talk(address: SocketAddr, wire: Vec<Vec<u8>>, breaks_off: bool) -> Vec<u8> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut from, mut to) = stream.into_split();
    let write = async {
        for piece in wire {
            if to.write_all(&piece).await.is_err() {
                break; // the server has had enough
            }
        }
        if breaks_off {
            let _ = to.shutdown().await;
        }
        to
    };
    let read = async {
        let mut answer = Vec::new();
        let _ = from.read_to_end(&mut answer).await;
        answer
    };
    tokio::join!(write, read).1
}

/// `date` is the only header that differs from one second to the next.
fn without_dates(mut answer: Vec<u8>) -> Vec<u8> {
    let mut at = 0;
    while let Some(found) = find(&answer[at..], b"\r\ndate: ") {
        at += found + 8;
        let end = find(&answer[at..], b"\r\n").unwrap_or(0);
        answer[at..at + end].fill(b'-');
    }
    answer
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn sorted(seen: &Seen) -> Vec<(u64, Note)> {
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    seen.sort();
    seen
}

#[track_caller]
fn assert_same<T: PartialEq + std::fmt::Debug>(expected: &[T], got: &[T], what: &str) {
    for (expected, got) in expected.iter().zip(got) {
        assert!(got == expected, "{what}: {got:?} is not {expected:?}");
    }
    assert_eq!(got.len(), expected.len(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn http1() {
    let began = Instant::now();
    let servers = servers(Http::One).await;
    let connections: Vec<u64> = (0..HTTP1_CASES / PER_CONNECTION).collect();
    let mut answers = Vec::new();
    for (server, _) in &servers {
        let address = server.address;
        let all: Vec<Vec<u8>> = futures_util::stream::iter(connections.clone())
            .map(|connection| async move {
                let mut rng = Rng::new(connection);
                let mut wire = Vec::new();
                for number in 0..PER_CONNECTION {
                    wire.extend(on_the_wire(connection * PER_CONNECTION + number));
                }
                let last = connection * PER_CONNECTION + PER_CONNECTION - 1;
                let breaks_off = breaks_off(last, &Case::new(last));
                without_dates(talk(address, cut(&mut rng, wire), breaks_off).await)
            })
            .buffered(16)
            .collect()
            .await;
        answers.push(all);
    }
    let seen: Vec<_> = servers.iter().map(|(_, seen)| sorted(seen)).collect();
    let whole = (0..HTTP1_CASES).filter(|&number| !breaks_off(number, &Case::new(number)));
    assert_eq!(
        seen[0].len(),
        whole.count(),
        "every whole request reaches the inner service"
    );
    let bytes: usize = answers[0].iter().map(Vec::len).sum();
    for layered in [1, 2] {
        assert_same(
            &seen[0],
            &seen[layered],
            "the inner service saw something else",
        );
        assert_same(
            &answers[0],
            &answers[layered],
            "the client saw something else",
        );
    }
    println!(
        "HTTP/1.1: {HTTP1_CASES} cases, {bytes} answer bytes, {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn http2() {
    let began = Instant::now();
    let servers = servers(Http::Two).await;
    let mut answers = Vec::new();
    for (server, _) in &servers {
        let address = server.address;
        let all: Vec<Vec<Note>> = futures_util::stream::iter(0..HTTP2_CONNECTIONS)
            .map(|connection| async move {
                let client = Client::connect(Http::Two, address).await;
                let cases = HTTP1_CASES..HTTP1_CASES + HTTP2_CASES;
                let mut notes = Vec::new();
                for number in cases.filter(|number| number % HTTP2_CONNECTIONS == connection) {
                    notes.push(client.answer(number).await);
                }
                notes
            })
            .buffered(16)
            .collect()
            .await;
        let all = all.concat();
        answers.push(all);
    }
    let seen: Vec<_> = servers.iter().map(|(_, seen)| sorted(seen)).collect();
    assert_eq!(
        seen[0].len() as u64,
        HTTP2_CASES,
        "every case reaches the inner service"
    );
    let bytes: usize = answers[0].iter().map(|(_, body)| body.len()).sum();
    for layered in [1, 2] {
        assert_same(
            &seen[0],
            &seen[layered],
            "the inner service saw something else",
        );
        assert_same(
            &answers[0],
            &answers[layered],
            "the client saw something else",
        );
    }
    println!(
        "HTTP/2: {HTTP2_CASES} cases, {bytes} answer bytes, {:?}",
        began.elapsed()
    );
}

trait Answers {
    async fn answer(&self, number: u64) -> Note;
}

impl Answers for Client {
    /// Head, body, trailers and error of an answer, as text.
    async fn answer(&self, number: u64) -> Note {
        let case = Case::new(number);
        let frames = case
            .body
            .into_iter()
            .filter(|piece| !piece.is_empty())
            .map(|piece| Ok::<_, io::Error>(Frame::data(Bytes::from(piece))));
        let mut request =
            Request::post(format!("http://localhost/mcp?case={number}")).header("x-case", number);
        for (name, value) in &case.headers {
            request = request.header(*name, value);
        }
        let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
        let response = match self
            .clone_sender()
            .send_request(request.body(body).unwrap())
            .await
        {
            Ok(response) => response,
            Err(error) => return (error.to_string(), Vec::new()),
        };
        let mut told = format!("{number} {} ", response.status());
        for (name, value) in response
            .headers()
            .iter()
            .filter(|(name, _)| *name != "date")
        {
            write!(told, "{name}: {value:?} ").unwrap();
        }
        let mut body = response.into_body();
        let mut received = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => received.extend_from_slice(&data),
                Ok(Err(trailers)) => write!(told, "{:?} ", trailers.into_trailers()).unwrap(),
                Err(error) => {
                    write!(told, "{error} ").unwrap();
                    break;
                }
            }
        }
        (told, received)
    }
}
