//! An OTLP receiver that counts.

use std::{
    io::{BufRead, BufReader, Read, Write},
    iter, mem,
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::{
    Message,
    encoding::{WireType, decode_key, decode_varint},
};

use crate::distance;

/// Prints its URL, counts until its input ends, and prints the count. It is `delay` away.
pub(crate) fn run(delay: Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut address = listener.local_addr().expect("an address");
    if !delay.is_zero() {
        address = distance::between(address, delay);
    }
    println!("http://{address}");
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let count = count.clone();
            thread::spawn(move || serve(stream, &count));
        }
    });
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    println!("{}", counted.load(Ordering::SeqCst));
}

fn serve(mut stream: TcpStream, count: &AtomicU64) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut checked = false;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line == "\r\n" {
                break;
            }
            let line = line.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        // The first request is read in full, so that it is known to be one. Reading all of them so
        // would take longer than to send them.
        if !mem::replace(&mut checked, true) && body.first() != Some(&b'{') {
            ExportTraceServiceRequest::decode(&*body).ok()?;
        }
        let spans = match body.first() {
            Some(b'{') => memchr::memmem::find_iter(&body, b"\"startTimeUnixNano\":").count(),
            _ => {
                let scopes = messages(&body, 1).flat_map(|resource| messages(resource, 2));
                scopes.map(|scope| messages(scope, 2).count()).sum()
            }
        };
        count.fetch_add(spans as u64, Ordering::SeqCst);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .ok()?;
    }
}

/// The messages under a number, in a message that has nothing but messages and strings.
fn messages(mut message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    iter::from_fn(move || {
        loop {
            let (found, WireType::LengthDelimited) = decode_key(&mut message).ok()? else {
                return None;
            };
            let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
            let (inside, after) = message.split_at_checked(length)?;
            message = after;
            if found == number {
                return Some(inside);
            }
        }
    })
}
