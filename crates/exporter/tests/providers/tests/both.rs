//! Both providers of rustls in one program, none of them named as the default: rustls panics where it
//! has to choose. The exporter names its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use mcp_trace::agent_span;
use mcp_trace_exporter::configure;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A receiver on aws-lc-rs that takes one request and gives its length.
fn receive(listener: &TcpListener, config: ServerConfig) -> usize {
    let (tcp, _) = listener.accept().unwrap();
    let tls = ServerConnection::new(Arc::new(config)).unwrap();
    let mut stream: BufReader<StreamOwned<_, TcpStream>> =
        BufReader::new(StreamOwned::new(tls, tcp));
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    stream.get_mut().write_all(answer).unwrap();
    stream.get_mut().flush().unwrap();
    length
}

#[test]
fn an_exporter_beside_both_providers() {
    assert!(CryptoProvider::get_default().is_none());
    let undecided = || {
        let _ = ClientConfig::builder().with_root_certificates(RootCertStore::empty());
    };
    assert!(
        std::panic::catch_unwind(undecided).is_err(),
        "the tree holds only one provider, and shows nothing"
    );

    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let ca = std::env::temp_dir().join(format!("mcp-trace-ca-{}.pem", std::process::id()));
    fs::write(&ca, cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = std::thread::spawn(move || receive(&listener, config));

    let guard = configure()
        .otlp_endpoint(format!("https://localhost:{port}"))
        .ca_file(&ca)
        .install()
        .unwrap();
    agent_span("planner").start().end();
    let report = guard.shutdown_blocking(Duration::from_secs(10));
    fs::remove_file(&ca).unwrap();
    let stats = &report.stats.destinations[0];
    assert_eq!((stats.exported, stats.imbalance()), (1, 0), "{stats:?}");
    assert!(receiver.join().unwrap() > 0);
}
