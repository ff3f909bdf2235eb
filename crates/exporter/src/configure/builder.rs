//! The options.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use mcp_trace::{Sampler, SpanSink, Value};
use tower_service::Service;

use crate::encode::Encoder;
use crate::transport::{BoxError, Transport};
use crate::{Credential, Protocol};

/// Starts the configuration of an exporter.
///
/// What is set here wins over the environment, which wins over the defaults.
///
/// ```no_run
/// # fn main() -> Result<(), mcp_trace_exporter::ConfigError> {
/// let _tracing = mcp_trace_exporter::configure()
///     .service("tool-server")
///     .push_url("http://localhost:8080")
///     .install()?;
/// // ... serve until the end of the program ...
/// # Ok(())
/// # }
/// ```
pub fn configure() -> ExporterBuilder {
    ExporterBuilder::default()
}

/// The options of an exporter; see [`configure`].
///
/// Each option names the environment variables that stand in for it. `RASTIR_*` variables
/// come first for the destination of [`push_url`](Self::push_url), `OTEL_*` variables for that
/// of [`otlp_endpoint`](Self::otlp_endpoint); each destination also reads the other's. A value
/// that is wrong here is an error of [`install`](Self::install); one in the environment is
/// reported and ignored.
#[derive(Default)]
#[must_use = "an exporter starts with `install` or `build`"]
pub struct ExporterBuilder {
    pub(super) service: Option<String>,
    pub(super) env: Option<String>,
    pub(super) version: Option<String>,
    pub(super) attributes: Vec<(String, Value)>,
    pub(super) push_url: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) otlp_endpoint: Option<String>,
    pub(super) otlp_protocol: Option<Protocol>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) api_key_from: Option<Credential>,
    pub(super) headers_from: Vec<(String, Credential)>,
    pub(super) custom: Vec<Custom>,
    pub(super) batch_size: Option<usize>,
    pub(super) max_batch_bytes: Option<usize>,
    pub(super) gzip: Option<bool>,
    pub(super) flush_interval: Option<Duration>,
    pub(super) timeout: Option<Duration>,
    pub(super) shutdown_timeout: Option<Duration>,
    pub(super) queue_spans: Option<usize>,
    pub(super) queue_bytes: Option<usize>,
    pub(super) max_in_flight: Option<usize>,
    pub(super) spool: Option<PathBuf>,
    pub(super) max_spool_bytes: Option<u64>,
    pub(super) max_spool_age: Option<Duration>,
    pub(super) sampler: Option<Sampler>,
    pub(super) sampling_ratio: Option<f64>,
    pub(super) console: Option<bool>,
    pub(super) sinks: Vec<Arc<dyn SpanSink>>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    pub(super) transport: Option<Transport>,
}

/// A destination with a protocol of the program's own.
pub(super) struct Custom {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) encoder: Arc<dyn Encoder>,
}

impl ExporterBuilder {
    /// The name of the program.
    ///
    /// Defaults to `OTEL_SERVICE_NAME` or `RASTIR_SERVICE`, else to `service.name` in
    /// `OTEL_RESOURCE_ATTRIBUTES`, else to `unknown_service:` and the executable's name.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Where the program runs, such as `production`: `deployment.environment.name`.
    ///
    /// Defaults to `RASTIR_ENV`, else to that attribute in `OTEL_RESOURCE_ATTRIBUTES`, else none.
    pub fn env(mut self, name: impl Into<String>) -> Self {
        self.env = Some(name.into());
        self
    }

    /// The version of the program: `service.version`.
    ///
    /// Defaults to `RASTIR_VERSION`, else to that attribute in `OTEL_RESOURCE_ATTRIBUTES`, else none.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Adds an attribute of the OTLP resource, such as `service.instance.id`.
    ///
    /// Defaults to `OTEL_RESOURCE_ATTRIBUTES`, over which it wins name by name.
    pub fn resource_attribute(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.push((key.into(), value.into()));
        self
    }

    /// Pushes to a Rastir collector: to `/v1/telemetry` below this URL.
    ///
    /// Defaults to `RASTIR_PUSH_URL`, else there is no such destination.
    pub fn push_url(mut self, url: impl Into<String>) -> Self {
        self.push_url = Some(url.into());
        self
    }

    /// The `X-API-Key` sent to [`push_url`](Self::push_url).
    ///
    /// Defaults to `RASTIR_API_KEY`, else none is sent.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// As [`api_key`](Self::api_key), read for every attempt to send; it wins over that.
    pub fn api_key_from(mut self, key: Credential) -> Self {
        self.api_key_from = Some(key);
        self
    }

    /// Pushes to an OpenTelemetry receiver over HTTP: to `/v1/traces` below this URL, or to
    /// the URL itself if it ends so.
    ///
    /// Defaults to `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, taken as it is, else to
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, else, if `OTEL_TRACES_EXPORTER` names `otlp`, to
    /// `http://localhost:4318`, else there is no such destination.
    pub fn otlp_endpoint(mut self, url: impl Into<String>) -> Self {
        self.otlp_endpoint = Some(url.into());
        self
    }

    /// How spans are written for [`otlp_endpoint`](Self::otlp_endpoint).
    ///
    /// Defaults to `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` or `OTEL_EXPORTER_OTLP_PROTOCOL`, else
    /// to [`Protocol::HttpProtobuf`].
    pub fn otlp_protocol(mut self, protocol: Protocol) -> Self {
        self.otlp_protocol = Some(protocol);
        self
    }

    /// Adds headers to the requests to [`otlp_endpoint`](Self::otlp_endpoint), such as an
    /// authorization. Values are never logged.
    ///
    /// Defaults to `OTEL_EXPORTER_OTLP_TRACES_HEADERS` or `OTEL_EXPORTER_OTLP_HEADERS`, over
    /// which it wins name by name.
    pub fn headers<K, V>(mut self, headers: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        self.headers.extend(
            headers
                .into_iter()
                .map(|(key, value)| (key.into(), value.into())),
        );
        self
    }

    /// As [`headers`](Self::headers), with a value that is read for every attempt to send.
    pub fn header_from(mut self, name: impl Into<String>, value: Credential) -> Self {
        self.headers_from.push((name.into(), value));
        self
    }

    /// Adds a destination with a protocol of your own: requests go to `url` as it is. Its
    /// [statistics](crate::Stats) carry `name`.
    pub fn destination(
        mut self,
        name: impl Into<String>,
        url: impl Into<String>,
        encoder: impl Encoder,
    ) -> Self {
        self.custom.push(Custom {
            name: name.into(),
            url: url.into(),
            encoder: Arc::new(encoder),
        });
        self
    }

    /// Which new traces are recorded. A continued trace keeps its caller's decision, also where
    /// `OTEL_TRACES_SAMPLER` names a sampler without `parentbased_`.
    ///
    /// Defaults to `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`, else to all. Can be
    /// changed later by [`Handle::set_sampler`](crate::Handle::set_sampler).
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = Some(sampler);
        self
    }

    /// Records this part of all new traces, from 0.0 to 1.0; see [`sampler`](Self::sampler).
    pub fn sampling_ratio(mut self, ratio: f64) -> Self {
        self.sampling_ratio = Some(ratio);
        self
    }

    /// Prints traces on standard error, as a [`ConsoleSink`](crate::ConsoleSink) does.
    ///
    /// Defaults to whether `OTEL_TRACES_EXPORTER` names `console`.
    pub fn console(mut self, console: bool) -> Self {
        self.console = Some(console);
        self
    }

    /// Hands every span to `sink` as well, such as a [`ConsoleSink`](crate::ConsoleSink) with
    /// another writer.
    pub fn sink(mut self, sink: impl SpanSink) -> Self {
        self.sinks.push(Arc::new(sink));
        self
    }

    /// Trusts the certificates in this PEM file, and no others, for `https`.
    ///
    /// Defaults to `OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE` or `OTEL_EXPORTER_OTLP_CERTIFICATE`,
    /// else to the system's certificates, else, where there are none, to Mozilla's.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(file.into());
        self
    }

    /// Shows the receiver the certificate in the first PEM file, with the private key in the
    /// second.
    ///
    /// Defaults to `OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE` or
    /// `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, with `OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY` or
    /// `OTEL_EXPORTER_OTLP_CLIENT_KEY`, else to none.
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.client_certificate = Some((certificate.into(), key.into()));
        self
    }

    /// Sends requests through a Tower service of your own, such as a client under layers for
    /// authentication. [`timeout`](Self::timeout), retries and batches stay as they are.
    ///
    /// `factory` is called inside the exporter's own tokio runtime: for the first request,
    /// after one that failed, and every five minutes, so that changed addresses are noticed.
    /// Do not wrap it in a layer that records spans into this exporter.
    ///
    /// Defaults to hyper's client, with rustls for `https`, through the proxy that
    /// `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY` names, unless `NO_PROXY` excepts the
    /// receiver. `localhost` and addresses of the loopback are never proxied.
    pub fn transport<F, S, B>(mut self, factory: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        self.transport = Some(Transport::new(factory));
        self
    }
}

/// Options may be secrets, and so may addresses.
impl fmt::Debug for ExporterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterBuilder")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}
