//! Through a proxy, or past it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use super::super::builder::configure;
use super::super::env::Env;
use crate::testing::span;
use crate::transport::Proxy;

/// What a proxy on loopback is asked by an exporter to `endpoint`: the first lines, and the byte
/// that follows its answer.
fn asked_of_a_proxy(endpoint: &str, variable: &'static str) -> (String, Option<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy: &'static str = format!("http://me:pw@127.0.0.1:{port}").leak();
    let guard = configure()
        .otlp_endpoint(endpoint)
        .flush_interval(Duration::from_millis(1))
        .timeout(Duration::from_secs(5))
        .build_in(Env::Fixed(Box::leak(Box::new([(variable, proxy)]))))
        .unwrap();
    guard.sink().unwrap().record(span("tool"));
    let (mut stream, _) = listener.accept().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let mut next = [0];
    let next = stream.read_exact(&mut next).is_ok().then_some(next[0]);
    drop(stream);
    let _ = guard.shutdown_blocking(Duration::ZERO);
    (String::from_utf8(head).unwrap().to_ascii_lowercase(), next)
}

#[test]
fn a_proxy_is_asked_for_the_receiver() {
    let (head, _) = asked_of_a_proxy("http://collector.invalid:4318", "HTTP_PROXY");
    assert!(
        head.starts_with("post http://collector.invalid:4318/v1/traces http/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nproxy-authorization: basic bwu6chc=\r\n"),
        "{head}"
    );
}

#[cfg(feature = "tls")]
#[test]
fn a_proxy_sees_nothing_of_tls() {
    let (head, next) = asked_of_a_proxy("https://collector.invalid", "HTTPS_PROXY");
    assert!(
        head.starts_with("connect collector.invalid:443 http/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nproxy-authorization: basic bwu6chc=\r\n"),
        "{head}"
    );
    // A handshake record of TLS.
    assert_eq!(next, Some(0x16));
}

#[test]
fn this_machine_and_what_is_excepted_are_reached_directly() {
    let proxied = |endpoint: &str, proxy: &'static str| {
        let variables = Box::leak(Box::new([
            ("HTTP_PROXY", proxy),
            ("HTTPS_PROXY", proxy),
            ("NO_PROXY", "inside.example"),
        ]));
        let proxies = Env::Fixed(variables).proxies();
        Proxy::find(&proxies, &endpoint.parse().unwrap()).is_some()
    };
    assert!(proxied(
        "http://collector.example:4318",
        "http://proxy:3128"
    ));
    assert!(proxied("https://collector.example", "http://proxy:3128"));
    for direct in [
        "http://localhost:4318",
        "http://127.0.0.2:4318",
        "http://[::1]:4318",
        "http://a.inside.example",
    ] {
        assert!(!proxied(direct, "http://proxy:3128"), "{direct}");
    }
    for proxy in ["https://proxy:3128", "socks5://proxy:1080", ""] {
        assert!(!proxied("http://collector.example", proxy), "{proxy}");
    }
}
