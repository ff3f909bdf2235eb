//! Where requests go, by the addresses that programs give.

use std::net::TcpListener;

use mcp_trace_exporter::configure;

use crate::collector::{Act, Collector};
use crate::support::*;

/// The path and `Host` header of the only request.
fn asked(collector: &Collector, url: String) -> (String, String) {
    let guard = configure()
        .otlp_endpoint(url)
        .flush_interval(MILLIS(10))
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 3);
    eventually("exported", || only(&guard).exported == 3);
    assert_arrived(collector, &ids);
    assert_balanced(&only(&guard));
    let request = collector.requests().remove(0);
    (request.path, request.headers["host"].clone())
}

#[test]
fn paths_and_queries_are_kept() {
    for (end, path) in [
        ("", "/v1/traces"),
        ("/", "/v1/traces"),
        ("/base//", "/base/v1/traces"),
        ("/v1/traces", "/v1/traces"),
        ("/a%20b/?tenant=x%26y&z", "/a%20b/v1/traces?tenant=x%26y&z"),
        (
            "/v1/traces?token=x/v1/traces",
            "/v1/traces?token=x/v1/traces",
        ),
    ] {
        let collector = Collector::kind();
        let (asked, host) = asked(&collector, format!("{}{end}", collector.url()));
        assert_eq!(
            (asked.as_str(), host),
            (path, collector.address().to_string())
        );
    }
}

#[test]
fn an_address_in_brackets() {
    // Not every machine has the other Internet.
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return println!("no IPv6 here: skipped");
    };
    let collector = Collector::on(listener, |_| Act::Answer(200));
    let (path, host) = asked(&collector, collector.url());
    assert_eq!(path, "/v1/traces");
    assert!(host.starts_with("[::1]:"), "{host}");
}
