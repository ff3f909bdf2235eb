//! The way through a proxy.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
#[cfg(feature = "tls")]
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::BoxError;

/// An HTTP proxy.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub(crate) uri: Uri,
    /// `Proxy-Authorization`, from a name and password in its URL.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy for `endpoint`, if `matcher` has one. This machine is never reached through a
    /// proxy, which would look for `localhost` on its own.
    pub(crate) fn find(matcher: &Matcher, endpoint: &Uri) -> Option<Self> {
        if is_loopback(endpoint.host()?) {
            return None;
        }
        let found = matcher.intercept(endpoint)?;
        if found.uri().scheme_str() != Some("http") {
            // Its URL may hold a password.
            tracing::warn!("span export: only `http://` proxies are supported; going without");
            return None;
        }
        let authorization = found.basic_auth().cloned().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Some(Self {
            uri: found.uri().clone(),
            authorization,
        })
    }

    /// Has the proxy connect to the receiver (`CONNECT`) and passes bytes through.
    #[cfg(feature = "tls")]
    pub(crate) fn tunnel(self, tcp: HttpConnector) -> Tunnel<HttpConnector> {
        let tunnel = Tunnel::new(self.uri, tcp);
        match self.authorization {
            Some(authorization) => tunnel.with_auth(authorization),
            None => tunnel,
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Connects to a proxy in place of the receiver, and has requests name the receiver in full
/// ([RFC 9112, section 3.2.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2)).
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    pub(crate) proxy: Uri,
    pub(crate) tcp: HttpConnector,
}

impl Service<Uri> for Forward {
    type Response = Forwarded;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Forwarded, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, _receiver: Uri) -> Self::Future {
        let connecting = self.tcp.call(self.proxy.clone());
        Box::pin(async move { Ok(Forwarded(connecting.await?)) })
    }
}

/// A connection to a proxy.
#[derive(Debug)]
pub(crate) struct Forwarded(TokioIo<TcpStream>);

impl Connection for Forwarded {
    fn connected(&self) -> Connected {
        self.0.connected().proxy(true)
    }
}

impl Read for Forwarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Forwarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bytes)
    }
}
