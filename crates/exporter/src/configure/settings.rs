//! Option by option: the builder's value, else the environment's, else the default.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use mcp_trace::{Sampler, SpanSink, Value};

use super::builder::ExporterBuilder;
use super::endpoint::{append, parse};
use super::env::Env;
use super::error::ConfigError;
use crate::destination::{Destination, Tuning};
use crate::encode::{Encoder, OtlpJson, OtlpProtobuf, Rastir};
use crate::queue::{Limits, Queue};
use crate::spool::{self, Spool};
use crate::transport::{Proxy, Transport};
use crate::{ConsoleSink, Protocol, Resource};

/// The bound of OTLP on a request, in bytes.
const MAX_REQUEST: usize = 64 * 1024 * 1024;

pub(super) struct Settings {
    pub(super) destinations: Vec<Destination>,
    pub(super) local: Vec<Arc<dyn SpanSink>>,
    pub(super) sampler: Sampler,
    pub(super) shutdown_timeout: Duration,
    pub(super) disabled: bool,
}

/// Whose variables come first.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Family {
    Rastir,
    Otel,
}

impl Settings {
    pub(super) fn resolve(builder: ExporterBuilder, env: Env) -> Result<Self, ConfigError> {
        let resolver = Resolver {
            builder: &builder,
            env,
        };
        resolver.check()?;
        let exporters = env
            .text(&["OTEL_TRACES_EXPORTER"])
            .unwrap_or_default()
            .to_ascii_lowercase();
        let named = |name: &str| exporters.split(',').any(|exporter| exporter.trim() == name);
        let mut destinations = Vec::new();
        if let Some(endpoint) = resolver.push_url()? {
            destinations.push(resolver.rastir(endpoint)?);
        }
        if let Some(endpoint) = resolver.otlp_endpoint(named("otlp"), named("none"))? {
            destinations.push(resolver.otlp(endpoint)?);
        }
        for custom in &builder.custom {
            let endpoint =
                parse(&custom.url).map_err(|reason| ConfigError::option("destination", reason))?;
            let encoder = custom.encoder.clone();
            let name = custom.name.as_str();
            destinations.push(resolver.destination(
                name,
                Family::Otel,
                endpoint,
                HeaderMap::new(),
                encoder,
            )?);
        }
        let sampler = resolver.sampler()?;
        let shutdown_timeout = builder
            .shutdown_timeout
            .or_else(|| env.duration(&["RASTIR_SHUTDOWN_TIMEOUT"]))
            .unwrap_or(Duration::from_secs(5));
        let mut local = builder.sinks.clone();
        if builder.console.unwrap_or_else(|| named("console")) {
            local.push(Arc::new(ConsoleSink::stderr()));
        }
        let disabled = env.is_true("OTEL_SDK_DISABLED");
        Ok(Self {
            destinations,
            local,
            sampler,
            shutdown_timeout,
            disabled,
        })
    }
}

struct Resolver<'a> {
    builder: &'a ExporterBuilder,
    env: Env,
}

impl Resolver<'_> {
    /// Numbers of the builder that no exporter could work with.
    fn check(&self) -> Result<(), ConfigError> {
        let builder = self.builder;
        let positive = [
            ("batch_size", builder.batch_size),
            ("max_batch_bytes", builder.max_batch_bytes),
            ("max_queue_spans", builder.queue_spans),
            ("max_queue_bytes", builder.queue_bytes),
            ("max_in_flight", builder.max_in_flight),
        ];
        for (name, value) in positive {
            if value == Some(0) {
                return Err(ConfigError::option(name, "must be more than zero"));
            }
        }
        for (name, value) in [
            ("flush_interval", builder.flush_interval),
            ("timeout", builder.timeout),
        ] {
            if value == Some(Duration::ZERO) {
                return Err(ConfigError::option(name, "must be longer than zero"));
            }
        }
        if builder.max_spool_bytes == Some(0) {
            return Err(ConfigError::option(
                "max_spool_bytes",
                "must be more than zero",
            ));
        }
        if builder
            .max_batch_bytes
            .is_some_and(|bytes| bytes > MAX_REQUEST)
        {
            return Err(ConfigError::option(
                "max_batch_bytes",
                "OTLP allows at most 64 MiB",
            ));
        }
        if let (Some(batch), Some(queue)) = (builder.batch_size, builder.queue_spans) {
            if batch > queue {
                return Err(ConfigError::option(
                    "batch_size",
                    "must not exceed `max_queue_spans`",
                ));
            }
        }
        Ok(())
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
        if let Some(key) = self.builder.api_key.clone().or_else(from_env) {
            headers.insert(
                HeaderName::from_static("x-api-key"),
                secret("api_key", &key)?,
            );
        }
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

    fn headers(&self) -> Result<HeaderMap, ConfigError> {
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
            let header = HeaderName::try_from(name).map_err(|error| {
                ConfigError::caused("headers", format!("`{name}` is no header name"), error)
            })?;
            headers.insert(header, secret("headers", value)?);
        }
        Ok(headers)
    }

    fn destination(
        &self,
        name: &str,
        family: Family,
        endpoint: Uri,
        mut headers: HeaderMap,
        encoder: Arc<dyn Encoder>,
    ) -> Result<Destination, ConfigError> {
        let transport = match &self.builder.transport {
            Some(transport) => transport.clone(),
            None => {
                let proxy = Proxy::find(&self.env.proxies(), &endpoint);
                // Through TLS the proxy sees no header: there, the tunnel tells it.
                if endpoint.scheme() == Some(&Scheme::HTTP) {
                    let authorization = proxy.as_ref().and_then(|p| p.authorization.clone());
                    headers.extend(authorization.map(|value| (PROXY_AUTHORIZATION, value)));
                }
                let ca_file = self.ca_file();
                Transport::http(&endpoint, ca_file.as_deref(), proxy).map_err(|error| {
                    ConfigError::caused("ca_file", "no TLS without certificates", error)
                })?
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

    fn ca_file(&self) -> Option<PathBuf> {
        let names = [
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
        ];
        let from_env = || {
            self.env
                .text(&names)
                .map(PathBuf::from)
                .filter(|file| Path::new(file).exists())
        };
        self.builder.ca_file.clone().or_else(from_env)
    }

    fn tuning(&self, family: Family) -> Tuning {
        let (builder, env) = (self.builder, self.env);
        let positive = |duration: Duration| (!duration.is_zero()).then_some(duration);
        let interval = family.order(&["RASTIR_FLUSH_INTERVAL"], &["OTEL_BSP_SCHEDULE_DELAY"]);
        let timeout = family.order(
            &["RASTIR_TIMEOUT"],
            &[
                "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
                "OTEL_EXPORTER_OTLP_TIMEOUT",
            ],
        );
        Tuning {
            flush_interval: builder
                .flush_interval
                .or_else(|| env.duration(&interval).and_then(positive))
                .unwrap_or(Duration::from_secs(5)),
            timeout: builder
                .timeout
                .or_else(|| env.duration(&timeout).and_then(positive))
                .unwrap_or(Duration::from_secs(10)),
            max_in_flight: builder.max_in_flight.unwrap_or(1),
            max_batch_bytes: builder.max_batch_bytes.unwrap_or(4 * 1024 * 1024),
            gzip: builder.gzip.unwrap_or_else(|| self.gzip()),
        }
    }

    fn gzip(&self) -> bool {
        let names = [
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
            "OTEL_EXPORTER_OTLP_COMPRESSION",
        ];
        let read = |text: &str| match &*text.to_ascii_lowercase() {
            "gzip" => Some(true),
            "none" => Some(false),
            _ => None,
        };
        let gzip = names.iter().find_map(|name| self.env.read(name, read));
        gzip.unwrap_or(false)
    }

    fn limits(&self, family: Family, tuning: &Tuning) -> Limits {
        let (builder, env) = (self.builder, self.env);
        let positive = |number: &usize| *number > 0;
        let sizes = family.order(&["RASTIR_BATCH_SIZE"], &["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"]);
        let spans = builder
            .queue_spans
            .or_else(|| env.parsed(&["OTEL_BSP_MAX_QUEUE_SIZE"]).filter(positive))
            .unwrap_or(65_536);
        let batch_spans = builder
            .batch_size
            .or_else(|| env.parsed(&sizes).filter(positive))
            .unwrap_or(512);
        let bytes = builder.queue_bytes.unwrap_or(64 * 1024 * 1024);
        // What the queue can hold at all must be able to wake the worker.
        let batch_bytes = tuning.max_batch_bytes.min(1024 * 1024).min(bytes / 2);
        Limits {
            spans,
            bytes,
            batch_spans: batch_spans.min(spans),
            batch_bytes,
        }
    }

    fn resource(&self, family: Family) -> Resource {
        let builder = self.builder;
        let mut attributes = self
            .env
            .pairs(&["OTEL_RESOURCE_ATTRIBUTES"])
            .unwrap_or_default();
        let mut attribute = |name: &str| {
            let at = attributes.iter().position(|(key, _)| key == name)?;
            Some(attributes.remove(at).1)
        };
        let in_resource = (
            attribute("service.name"),
            attribute("deployment.environment.name"),
            attribute("service.version"),
        );
        let service = family.order(&["RASTIR_SERVICE"], &["OTEL_SERVICE_NAME"]);
        let mut resource = Resource::new(
            builder
                .service
                .clone()
                .or_else(|| self.env.text(&service))
                .or(in_resource.0)
                .unwrap_or_else(unknown_service),
        );
        resource.env = builder
            .env
            .clone()
            .or_else(|| self.env.text(&["RASTIR_ENV"]))
            .or(in_resource.1);
        resource.version = builder
            .version
            .clone()
            .or_else(|| self.env.text(&["RASTIR_VERSION"]))
            .or(in_resource.2);
        let kept = attributes
            .into_iter()
            .filter(|(key, _)| !builder.attributes.iter().any(|(own, _)| own == key));
        resource.attributes = kept.map(|(key, value)| (key, Value::from(value))).collect();
        resource
            .attributes
            .extend(builder.attributes.iter().cloned());
        resource
    }

    fn sampler(&self) -> Result<Sampler, ConfigError> {
        if let Some(sampler) = self.builder.sampler {
            return Ok(sampler);
        }
        if let Some(ratio) = self.builder.sampling_ratio {
            let wrong = |error| {
                ConfigError::caused("sampling_ratio", "not a number from 0.0 to 1.0", error)
            };
            return Sampler::ratio(ratio).map_err(wrong);
        }
        let ratio = || {
            let ratio = self.env.read("OTEL_TRACES_SAMPLER_ARG", |text| {
                Sampler::ratio(text.parse().ok()?).ok()
            });
            ratio.unwrap_or(Sampler::ALWAYS)
        };
        let sampler = self.env.read("OTEL_TRACES_SAMPLER", |name| {
            match &*name.to_ascii_lowercase() {
                "always_on" | "parentbased_always_on" => Some(Sampler::ALWAYS),
                "always_off" | "parentbased_always_off" => Some(Sampler::NEVER),
                "traceidratio" | "parentbased_traceidratio" => Some(ratio()),
                _ => None,
            }
        });
        Ok(sampler.unwrap_or(Sampler::ALWAYS))
    }
}

impl Family {
    /// The variables of both families, its own first.
    fn order(self, rastir: &[&'static str], otel: &[&'static str]) -> Vec<&'static str> {
        match self {
            Self::Rastir => [rastir, otel].concat(),
            Self::Otel => [otel, rastir].concat(),
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

fn unknown_service() -> String {
    let executable = std::env::current_exe().ok();
    let name = executable
        .as_deref()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    name.map_or_else(
        || "unknown_service".to_owned(),
        |name| format!("unknown_service:{name}"),
    )
}
