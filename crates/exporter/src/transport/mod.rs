//! How requests travel: a factory of a Tower service, called inside the exporter's runtime.

mod boxed;
mod http_client;
mod proxy;
#[cfg(feature = "tls")]
mod tls;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

pub(crate) use boxed::Courier;
use http_client::{client, tcp};
use proxy::Forward;
pub(crate) use proxy::Proxy;

/// What a transport's errors are turned into.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The files that TLS is set up from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[cfg_attr(not(feature = "tls"), allow(dead_code))]
pub(crate) struct Certificates {
    /// Whom to trust; else the system's.
    pub(crate) ca: Option<PathBuf>,
    /// What the receiver is shown, and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// A file that TLS cannot be set up from.
#[derive(Debug)]
pub(crate) struct BadCertificates {
    /// The option that named it.
    pub(crate) option: &'static str,
    pub(crate) source: BoxError,
}

/// Makes the services that carry requests; see
/// [`ExporterBuilder::transport`](crate::ExporterBuilder::transport).
#[derive(Clone)]
pub(crate) struct Transport(Arc<dyn Fn() -> Courier + Send + Sync>);

impl Transport {
    pub(crate) fn new<F, S, B>(factory: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(move || Courier::new(factory())))
    }

    /// The default transport for `endpoint`: plain HTTP, or TLS for `https`, which no proxy
    /// can look into.
    pub(crate) fn http(
        endpoint: &Uri,
        certificates: &Certificates,
        proxy: Option<Proxy>,
    ) -> Result<Self, BadCertificates> {
        if endpoint.scheme() == Some(&Scheme::HTTP) {
            return Ok(match proxy {
                Some(Proxy { uri: proxy, .. }) => Self::new(move || {
                    let (proxy, tcp) = (proxy.clone(), tcp());
                    client(Forward { proxy, tcp })
                }),
                None => Self::new(|| client(tcp())),
            });
        }
        #[cfg(feature = "tls")]
        {
            let tls = tls::Tls::new(certificates)?;
            Ok(match proxy {
                Some(proxy) => {
                    Self::new(move || client(tls.clone().connector(proxy.clone().tunnel(tcp()))))
                }
                None => Self::new(move || client(tls.clone().connector(tcp()))),
            })
        }
        #[cfg(not(feature = "tls"))]
        {
            let _ = (certificates, proxy);
            Err(BadCertificates {
                option: "ca_file",
                source: "an `https` endpoint needs the crate's feature `tls`".into(),
            })
        }
    }

    pub(crate) fn connect(&self) -> Courier {
        (self.0)()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}
