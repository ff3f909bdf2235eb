//! The way to a receiver: names, wires, certificates.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use mcp_trace_exporter::{DropReason, ExporterBuilder, configure};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::between::{Wire, tls};
use crate::collector::{Act, Collector};
use crate::support::*;

#[test]
fn f6_a_peer_that_vanishes_costs_one_timeout() {
    let collector = Collector::kind();
    vanishing_peer(&collector, MILLIS(300), SECONDS(2));
    assert_eq!(collector.connections(), 2, "the dead one is not used again");
}

#[test]
#[ignore = "slow"]
fn slow_f6_with_the_default_timeout() {
    vanishing_peer(&Collector::kind(), SECONDS(10), SECONDS(12));
}

fn vanishing_peer(
    collector: &Collector,
    timeout: std::time::Duration,
    at_most: std::time::Duration,
) {
    let wire = Wire::to(collector);
    let guard = configure()
        .otlp_endpoint(wire.url())
        .flush_interval(MILLIS(10))
        .timeout(timeout)
        .build()
        .unwrap();
    let sink = sink(&guard);
    let mut ids = record(&sink, 10);
    eventually("exported", || only(&guard).exported == 10);
    wire.cut();
    let start = Instant::now();
    ids.extend(record(&sink, 10));
    while only(&guard).exported < 20 {
        assert!(start.elapsed() < at_most, "{:?}", only(&guard));
        std::thread::sleep(MILLIS(5));
    }
    assert!(start.elapsed() >= timeout);
    assert_arrived(collector, &ids);
    let stats = only(&guard);
    assert_eq!(stats.failed_requests, 1);
    assert_balanced(&stats);
}

/// What a look-up finds.
#[derive(Clone)]
enum Found {
    At(SocketAddr),
    Nothing,
    /// Hangs, as a thread in the system's resolver does.
    Hangs(std::time::Duration),
}

/// An exporter to a port of `collector.test`, which it looks up as `found` says, the last of it for
/// ever; and the number of look-ups.
fn looking_up(port: u16, found: Vec<Found>) -> (ExporterBuilder, Arc<Mutex<usize>>) {
    let (found, count) = (
        Arc::new(Mutex::new(VecDeque::from(found))),
        Arc::new(Mutex::new(0)),
    );
    let counted = count.clone();
    let exporter = configure()
        .otlp_endpoint(format!("http://collector.test:{port}"))
        .flush_interval(MILLIS(10))
        .transport(move || {
            let (found, counted) = (found.clone(), counted.clone());
            let resolver = tower::service_fn(move |_: Name| {
                let (found, counted) = (found.clone(), counted.clone());
                async move {
                    *counted.lock().unwrap() += 1;
                    let next = {
                        let mut found = found.lock().unwrap();
                        let next = found.front().cloned().unwrap();
                        if found.len() > 1 {
                            found.pop_front();
                        }
                        next
                    };
                    match next {
                        Found::At(address) => Ok(std::iter::once(address)),
                        Found::Nothing => Err(std::io::Error::other("no such host")),
                        Found::Hangs(time) => {
                            let hang = move || std::thread::sleep(time);
                            let _ = tokio::task::spawn_blocking(hang).await;
                            Err(std::io::Error::other("no answer"))
                        }
                    }
                }
            });
            let connector = HttpConnector::new_with_resolver(resolver);
            Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector)
        });
    (exporter, count)
}

#[test]
fn f8_a_name_that_is_not_known_yet() {
    // By the system's resolver.
    let guard = configure()
        .otlp_endpoint("http://collector.invalid:4318")
        .flush_interval(MILLIS(10))
        .build()
        .unwrap();
    record(&sink(&guard), 10);
    eventually("a failure", || only(&guard).failed_requests > 0);
    let stats = only(&guard);
    assert!(
        stats
            .last_error
            .as_ref()
            .unwrap()
            .starts_with("unreachable: ")
    );
    assert_eq!(stats.in_flight + stats.queued, 10, "kept");
    let report = guard.shutdown_blocking(MILLIS(100));
    assert_balanced(&report.stats.destinations[0]);

    let collector = Collector::kind();
    let at = Found::At(collector.address());
    let port = collector.address().port();
    let (exporter, _) = looking_up(port, vec![Found::Nothing, Found::Nothing, at]);
    let guard = exporter.build().unwrap();
    let ids = record(&sink(&guard), 10);
    eventually("delivered", || only(&guard).exported == 10);
    assert_arrived(&collector, &ids);
    assert_eq!(only(&guard).failed_requests, 2);
    assert_balanced(&only(&guard));
}

#[test]
fn f8_a_look_up_that_hangs_ends_with_the_attempt() {
    let collector = Collector::kind();
    let at = Found::At(collector.address());
    let port = collector.address().port();
    let (exporter, _) = looking_up(port, vec![Found::Hangs(SECONDS(30)), at]);
    let guard = exporter.timeout(MILLIS(200)).build().unwrap();
    let ids = record(&sink(&guard), 10);
    eventually("delivered", || only(&guard).exported == 10);
    assert_arrived(&collector, &ids);

    let (exporter, _) = looking_up(port, vec![Found::Hangs(SECONDS(30))]);
    let guard = exporter.build().unwrap();
    record(&sink(&guard), 10);
    std::thread::sleep(MILLIS(50));
    let start = Instant::now();
    let report = guard.shutdown_blocking(MILLIS(300));
    assert!(start.elapsed() < MILLIS(500), "{:?}", start.elapsed());
    let stats = &report.stats.destinations[0];
    assert_eq!(stats.dropped.count(DropReason::Shutdown), 10);
    assert_balanced(stats);
}

#[test]
fn f8_a_new_address_is_found_after_one_error() {
    let old = Collector::start_and_stop(1);
    let port = old.address().port();
    let new = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let new = Collector::on(new, |_| Act::Answer(200));
    let found = vec![Found::At(old.address()), Found::At(new.address())];
    let (exporter, lookups) = looking_up(port, found);
    let guard = exporter.build().unwrap();
    let sink = sink(&guard);
    record(&sink, 10);
    eventually("exported to the old one", || only(&guard).exported == 10);
    let ids = record(&sink, 10);
    eventually("exported to the new one", || only(&guard).exported == 20);
    assert_arrived(&new, &ids);
    assert_eq!(*lookups.lock().unwrap(), 2);
    assert_balanced(&only(&guard));
}

/// A certificate authority and its folder of PEM files.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    folder: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            certificate: certificate.der().clone(),
            folder,
        }
    }

    fn sign(&self, host: &str, until: i32) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server whose certificate is for `host` until the year `until`.
    fn server(&self, host: &str, until: i32, asks_for_certificate: bool) -> ServerConfig {
        let (certificate, key) = self.sign(host, until);
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = if asks_for_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.certificate.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            config.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        config
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }

    fn exporter(&self, port: u16) -> ExporterBuilder {
        configure()
            .otlp_endpoint(format!("https://localhost:{port}"))
            .ca_file(self.folder.join("ca.pem"))
            .flush_interval(MILLIS(10))
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn f9_a_certificate_of_the_authority_in_the_file_is_trusted() {
    let (authority, collector) = (Authority::new("good"), Collector::kind());
    let port = tls(&collector, authority.server("localhost", 2100, false));
    let guard = authority.exporter(port).build().unwrap();
    let ids = record(&sink(&guard), 10);
    assert!(guard.force_flush_blocking(SECONDS(5)).complete);
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
}

#[test]
fn f9_a_wrong_certificate_keeps_the_spans() {
    let (authority, other) = (Authority::new("own"), Authority::new("other"));
    let wrong = [
        (&authority, "localhost", 2020, "expired"),
        (&authority, "elsewhere.test", 2100, "not valid for name"),
        (&other, "localhost", 2100, "UnknownIssuer"),
    ];
    for (signer, host, until, said) in wrong {
        let collector = Collector::kind();
        let port = tls(&collector, signer.server(host, until, false));
        let guard = authority.exporter(port).build().unwrap();
        record(&sink(&guard), 10);
        eventually("a failure", || only(&guard).last_error.is_some());
        let stats = only(&guard);
        let error = stats.last_error.clone().unwrap();
        assert!(error.starts_with("unreachable: "), "{error}");
        assert!(error.contains(said), "{said}: {error}");
        assert_eq!((stats.queued + stats.in_flight, stats.exported), (10, 0));
        assert_eq!(collector.connections(), 0);
        let report = guard.shutdown_blocking(MILLIS(100));
        assert_balanced(&report.stats.destinations[0]);
    }
}

#[test]
fn f9_a_handshake_that_stalls_ends_with_the_attempt() {
    let authority = Authority::new("stall");
    // Accepts, by its backlog, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let guard = authority
        .exporter(port)
        .timeout(MILLIS(200))
        .build()
        .unwrap();
    record(&sink(&guard), 10);
    eventually("a failure", || only(&guard).failed_requests > 0);
    let error = only(&guard).last_error.unwrap();
    assert!(error.contains("no complete answer within 200ms"), "{error}");
    let report = guard.shutdown_blocking(MILLIS(100));
    assert_balanced(&report.stats.destinations[0]);
}

#[test]
fn f9_a_receiver_that_asks_for_a_certificate() {
    let (authority, collector) = (Authority::new("mutual"), Collector::kind());
    let port = tls(&collector, authority.server("localhost", 2100, true));
    let guard = authority.exporter(port).build().unwrap();
    record(&sink(&guard), 1);
    eventually("a failure", || only(&guard).failed_requests > 0);
    let report = guard.shutdown_blocking(MILLIS(100));
    assert_eq!(report.stats.destinations[0].exported, 0);

    let (certificate, key) = authority.sign("client.test", 2100);
    let files = [
        authority.folder.join("client.pem"),
        authority.folder.join("client.key"),
    ];
    std::fs::write(&files[0], certificate.pem()).unwrap();
    std::fs::write(&files[1], key.serialize_pem()).unwrap();
    let exporter = authority.exporter(port);
    let exporter = exporter.client_certificate(&files[0], &files[1]);
    let guard = exporter.build().unwrap();
    let ids = record(&sink(&guard), 10);
    assert!(guard.force_flush_blocking(SECONDS(5)).complete);
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));

    let exporter = authority.exporter(port);
    let error = exporter
        .client_certificate(&files[0], &files[0])
        .build()
        .unwrap_err();
    assert_eq!(error.option_name(), Some("client_certificate"));
}
