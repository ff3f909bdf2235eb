//! Where spans go: addresses, protocols, keys.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::endpoint::{append, parse};
use super::error::ConfigError;
use super::settings::{Family, Resolver};
use crate::Protocol;
use crate::credential::Headers;
use crate::destination::Destination;
use crate::encode::{Encoder, OtlpJson, OtlpProtobuf, Rastir};
use crate::queue::Queue;
use crate::spool::{self, Spool};
use crate::transport::{Certificates, Proxy, Transport};

impl Resolver<'_> {
    /// Every destination that is asked for; `otlp_wanted` and `otlp_unwanted` are what
    /// `OTEL_TRACES_EXPORTER` says.
    pub(super) fn destinations(
        &self,
        otlp_wanted: bool,
        otlp_unwanted: bool,
    ) -> Result<Vec<Destination>, ConfigError> {
        let mut destinations = Vec::new();
        if let Some(endpoint) = self.push_url()? {
            destinations.push(self.rastir(endpoint)?);
        }
        if let Some(endpoint) = self.otlp_endpoint(otlp_wanted, otlp_unwanted)? {
            destinations.push(self.otlp(endpoint)?);
        }
        for custom in &self.builder.custom {
            let endpoint =
                parse(&custom.url).map_err(|reason| ConfigError::option("destination", reason))?;
            let (encoder, headers) = (custom.encoder.clone(), Headers::default());
            let name = custom.name.as_str();
            destinations.push(self.destination(name, Family::Otel, endpoint, headers, encoder)?);
        }
        Ok(destinations)
    }

    fn push_url(&self) -> Result<Option<Uri>, ConfigError> {
        let endpoint = |url: &str| append(&parse(url)?, "v1/telemetry");
        match &self.builder.push_url {
            Some(url) => endpoint(url)
                .map(Some)
                .map_err(|reason| ConfigError::option("push_url", reason)),
            None => Ok(self.env.read("RASTIR_PUSH_URL", |url| endpoint(url).ok())),
        }
    }

    fn otlp_endpoint(&self, wanted: bool, unwanted: bool) -> Result<Option<Uri>, ConfigError> {
        if let Some(url) = &self.builder.otlp_endpoint {
            let endpoint = parse(url).and_then(|base| {
                if base.path().trim_end_matches('/').ends_with("/v1/traces") {
                    Ok(base)
                } else {
                    append(&base, "v1/traces")
                }
            });
            return endpoint
                .map(Some)
                .map_err(|reason| ConfigError::option("otlp_endpoint", reason));
        }
        if unwanted {
            return Ok(None);
        }
        let own = self
            .env
            .read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", |url| parse(url).ok());
        let base = || {
            self.env.read("OTEL_EXPORTER_OTLP_ENDPOINT", |url| {
                append(&parse(url).ok()?, "v1/traces").ok()
            })
        };
        let default = || wanted.then(|| Uri::from_static("http://localhost:4318/v1/traces"));
        Ok(own.or_else(base).or_else(default))
    }

    fn rastir(&self, endpoint: Uri) -> Result<Destination, ConfigError> {
        let mut headers = HeaderMap::new();
        let from_env = || self.env.text(&["RASTIR_API_KEY"]);
        let name = HeaderName::from_static("x-api-key");
        let credential = self.builder.api_key_from.clone();
        if credential.is_none() {
            if let Some(key) = self.builder.api_key.clone().or_else(from_env) {
                headers.insert(name.clone(), secret("api_key", &key)?);
            }
        }
        let credentials = credential.map(|key| (name, key)).into_iter().collect();
        let headers = Headers::new(headers, credentials);
        let encoder = Arc::new(Rastir::new(&self.resource(Family::Rastir)));
        self.destination("rastir", Family::Rastir, endpoint, headers, encoder)
    }

    fn otlp(&self, endpoint: Uri) -> Result<Destination, ConfigError> {
        if endpoint.port_u16() == Some(4317) {
            tracing::warn!(
                "span export: port 4317 is usually OTLP over gRPC; OTLP over HTTP listens on 4318"
            );
        }
        let resource = self.resource(Family::Otel);
        let encoder: Arc<dyn Encoder> = match self.protocol() {
            Protocol::HttpProtobuf => Arc::new(OtlpProtobuf::new(&resource)),
            Protocol::HttpJson => Arc::new(OtlpJson::new(&resource)),
        };
        self.destination("otlp", Family::Otel, endpoint, self.headers()?, encoder)
    }

    fn protocol(&self) -> Protocol {
        let names = [
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            "OTEL_EXPORTER_OTLP_PROTOCOL",
        ];
        self.builder
            .otlp_protocol
            .or_else(|| self.env.parsed(&names))
            .unwrap_or_default()
    }

    fn headers(&self) -> Result<Headers, ConfigError> {
        let mut headers = HeaderMap::new();
        let names = [
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "OTEL_EXPORTER_OTLP_HEADERS",
        ];
        for (name, value) in self.env.pairs(&names).unwrap_or_default() {
            match (HeaderName::try_from(&name), secret("headers", &value)) {
                (Ok(name), Ok(value)) => drop(headers.insert(name, value)),
                _ => tracing::warn!(header = name, "span export: not an HTTP header; ignored"),
            }
        }
        for (name, value) in &self.builder.headers {
            headers.insert(header_name("headers", name)?, secret("headers", value)?);
        }
        let credentials = self.builder.headers_from.iter();
        let credentials = credentials
            .map(|(name, value)| Ok((header_name("header_from", name)?, value.clone())))
            .collect::<Result<_, _>>()?;
        Ok(Headers::new(headers, credentials))
    }

    fn destination(
        &self,
        name: &str,
        family: Family,
        endpoint: Uri,
        mut headers: Headers,
        encoder: Arc<dyn Encoder>,
    ) -> Result<Destination, ConfigError> {
        let transport = match &self.builder.transport {
            Some(transport) => transport.clone(),
            None => {
                let proxy = Proxy::find(&self.env.proxies(), &endpoint);
                // Through TLS the proxy sees no header: there, the tunnel tells it.
                if endpoint.scheme() == Some(&Scheme::HTTP) {
                    let authorization = proxy.as_ref().and_then(|p| p.authorization.clone());
                    headers
                        .fixed
                        .extend(authorization.map(|value| (PROXY_AUTHORIZATION, value)));
                }
                self.transport(&endpoint, proxy)?
            }
        };
        let tuning = self.tuning(family);
        let queue = Queue::new(self.limits(family, &tuning));
        let spool = self.spool(name, &*encoder)?;
        let place = (name.to_owned(), endpoint);
        Ok(Destination::new(
            place, headers, encoder, transport, tuning, queue, spool,
        ))
    }

    /// Spooled spans are encoded: each protocol has its own folder.
    fn spool(&self, name: &str, encoder: &dyn Encoder) -> Result<Option<Spool>, ConfigError> {
        let Some(folder) = &self.builder.spool else {
            return Ok(None);
        };
        let own: String = [name, encoder.content_type()].join("-");
        let own: String = own
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let limits = spool::Limits {
            bytes: self.builder.max_spool_bytes.unwrap_or(64 * 1024 * 1024),
            age: self
                .builder
                .max_spool_age
                .unwrap_or(Duration::from_secs(24 * 3600)),
        };
        let folder = folder.join(own);
        let spool = Spool::open(folder.clone(), limits).map_err(|error| {
            ConfigError::caused("spool", format!("cannot use {}", folder.display()), error)
        })?;
        if spool.is_none() {
            let folder = folder.display();
            tracing::warn!(%folder, "span export: another process has the spool; going on without");
        }
        Ok(spool)
    }

    fn transport(&self, endpoint: &Uri, proxy: Option<Proxy>) -> Result<Transport, ConfigError> {
        let own = Certificates {
            ca: self.builder.ca_file.clone(),
            identity: self.builder.client_certificate.clone(),
        };
        let all = self.with_certificates_of_env(own.clone());
        let transport = Transport::http(endpoint, &all, proxy.clone());
        let transport = match transport {
            Err(error) if all != own => {
                let error = error.source;
                tracing::warn!(%error, "span export: the environment's certificates cannot be used; ignored");
                Transport::http(endpoint, &own, proxy)
            }
            transport => transport,
        };
        transport.map_err(|error| {
            ConfigError::caused(error.option, "no TLS without certificates", error.source)
        })
    }

    pub(super) fn with_certificates_of_env(&self, own: Certificates) -> Certificates {
        let file = |names: [&str; 2]| {
            let existing = |text: &str| Some(PathBuf::from(text)).filter(|file| file.exists());
            names.iter().find_map(|name| self.env.read(name, existing))
        };
        let ca = || {
            file([
                "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
                "OTEL_EXPORTER_OTLP_CERTIFICATE",
            ])
        };
        let identity = || {
            let certificate = file([
                "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            ])?;
            let key = file([
                "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
                "OTEL_EXPORTER_OTLP_CLIENT_KEY",
            ])?;
            Some((certificate, key))
        };
        Certificates {
            ca: own.ca.or_else(ca),
            identity: own.identity.or_else(identity),
        }
    }
}

fn secret(option: &'static str, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::try_from(value).map_err(|error| {
        ConfigError::caused(option, "has a character that no header may hold", error)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn header_name(option: &'static str, name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::try_from(name)
        .map_err(|error| ConfigError::caused(option, format!("`{name}` is no header name"), error))
}
