//! The default transport: hyper's client with pooled keep-alive connections.
//!
//! Redirects are answers like any other: credentials go nowhere else.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Many servers close idle connections after 5 s; we leave first.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// A peer that vanished is noticed while a request waits for its answer.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// An HTTP/1.1 client over `connector`.
pub(crate) fn client<C: Connect + Clone>(connector: C) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector)
}

/// Opens TCP connections.
pub(crate) fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(3));
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp
}
