//! TLS by rustls, with its provider named: a program may hold a second one.

use std::path::Path;
use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::{BadCertificates, BoxError, Certificates};

/// Which servers are trusted, and who we are to them.
#[derive(Clone, Debug)]
pub(crate) struct Tls(ClientConfig);

impl Tls {
    /// Trusts the certificates of the CA file only, if there is one.
    pub(crate) fn new(certificates: &Certificates) -> Result<Self, BadCertificates> {
        let bad = |option| move |source| BadCertificates { option, source };
        let roots = match &certificates.ca {
            Some(file) => roots_of(file).map_err(bad("ca_file"))?,
            None => system_roots(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| bad("ca_file")(error.into()))?
            .with_root_certificates(roots);
        let config = match &certificates.identity {
            Some((certificate, key)) => identity(certificate, key)
                .and_then(|(chain, key)| Ok(config.with_client_auth_cert(chain, key)?))
                .map_err(bad("client_certificate"))?,
            None => config.with_no_client_auth(),
        };
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

fn roots_of(file: &Path) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        return Err("the file holds no certificate".into());
    }
    Ok(roots)
}

/// Those of the system, or else, where it has none, Mozilla's, which are built in.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(certificate: &Path, key: &Path) -> Result<Identity, BoxError> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    Ok((chain, PrivateKeyDer::from_pem_file(key)?))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::system_roots;

    #[test]
    fn a_system_without_certificates_uses_those_that_are_built_in() {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "transport::tls::tests::roots_here", "--ignored"])
            .env("SSL_CERT_FILE", "/does/not/exist")
            .env("SSL_CERT_DIR", "/does/not/exist")
            .status()
            .unwrap();
        assert!(status.success());
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn roots_here() {
        assert_eq!(
            system_roots().len(),
            webpki_roots::TLS_SERVER_ROOTS.len(),
            "{:?}",
            std::env::var("SSL_CERT_FILE")
        );
    }
}
