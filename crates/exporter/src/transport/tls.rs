//! TLS by rustls, with its provider named: a program may hold a second one.

use std::path::Path;
use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};

use super::BoxError;

/// Which servers are trusted.
#[derive(Clone, Debug)]
pub(crate) struct Tls(ClientConfig);

impl Tls {
    /// Trusts the certificates in `ca_file` only, or else those of the system, or else, where
    /// the system has none, Mozilla's, which are built in.
    pub(crate) fn new(ca_file: Option<&Path>) -> Result<Self, BoxError> {
        let mut roots = RootCertStore::empty();
        match ca_file {
            Some(file) => {
                for certificate in CertificateDer::pem_file_iter(file)? {
                    roots.add(certificate?)?;
                }
                if roots.is_empty() {
                    return Err("the file holds no certificate".into());
                }
            }
            None => {
                let native = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(native.certs);
                if roots.is_empty() {
                    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(config))
    }

    /// Opens TLS connections over those of `tcp`.
    pub(crate) fn connector<C>(self, tcp: C) -> HttpsConnector<C> {
        HttpsConnectorBuilder::new()
            .with_tls_config(self.0)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp)
    }
}
