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

    /// So many spans are sent without waiting for more. Under a backlog a request carries
    /// more, up to [`max_batch_bytes`](Self::max_batch_bytes).
    ///
    /// Defaults to `RASTIR_BATCH_SIZE` or `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, else to 512.
    pub fn batch_size(mut self, spans: usize) -> Self {
        self.batch_size = Some(spans);
        self
    }

    /// The size that a request may grow to under a backlog, in bytes before compression.
    ///
    /// Defaults to 4 MiB. At most 64 MiB, the bound of OTLP.
    pub fn max_batch_bytes(mut self, bytes: usize) -> Self {
        self.max_batch_bytes = Some(bytes);
        self
    }

    /// Compresses requests, where the protocol allows it: OTLP does, Rastir does not. Spans
    /// shrink to about a tenth, for some CPU time.
    ///
    /// Defaults to whether `OTEL_EXPORTER_OTLP_TRACES_COMPRESSION` or
    /// `OTEL_EXPORTER_OTLP_COMPRESSION` says `gzip`.
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = Some(gzip);
        self
    }

    /// How long a span waits for others before it is sent.
    ///
    /// Defaults to `RASTIR_FLUSH_INTERVAL` (seconds) or `OTEL_BSP_SCHEDULE_DELAY`
    /// (milliseconds), else to 5 seconds. The first span of a program waits for a random part
    /// of it, so that programs that start together do not send together.
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.flush_interval = Some(interval);
        self
    }

    /// How long a request may take, its answer included.
    ///
    /// Defaults to `RASTIR_TIMEOUT` (seconds), or to `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT` or
    /// `OTEL_EXPORTER_OTLP_TIMEOUT` or `OTEL_BSP_EXPORT_TIMEOUT` (milliseconds), where 0 is no limit,
    /// else to 10 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a drop of the [`Guard`](crate::Guard) may take to deliver what is left. Zero gives it up.
    ///
    /// Defaults to `RASTIR_SHUTDOWN_TIMEOUT` (seconds), else to 5 seconds.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = Some(timeout);
        self
    }

    /// The most spans that wait for each destination; newer ones are dropped and counted.
    ///
    /// Defaults to `OTEL_BSP_MAX_QUEUE_SIZE`, else to 65 536.
    pub fn max_queue_spans(mut self, spans: usize) -> Self {
        self.queue_spans = Some(spans);
        self
    }

    /// The most memory, in bytes, that spans waiting for each destination take; newer ones
    /// are dropped and counted. Memory is taken as it is needed.
    ///
    /// Defaults to 64 MiB.
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = Some(bytes);
        self
    }

    /// How many requests to one destination may be under way at once. More than one helps
    /// over long distances; spans may then arrive out of order.
    ///
    /// Defaults to 1.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// Keeps on disk, in this folder, what a receiver does not take now: through an outage that
    /// is longer than memory lasts, and beyond the end of the process. The next process with
    /// the same folder delivers it.
    ///
    /// A batch goes to disk when an attempt for it failed, and while attempts fail as soon as
    /// it is due; at the end of the process, what is left goes there. A batch that was written
    /// arrives at least once, also after `kill -9`; one that was on its way may arrive twice.
    /// Retries never delete it, only [`max_spool_bytes`](Self::max_spool_bytes) and
    /// [`max_spool_age`](Self::max_spool_age) do. Batches that a receiver refuses, and files
    /// that are damaged, are kept in a folder `rejected` beside, up to 8 MiB.
    ///
    /// One process at a time uses a folder; another one goes on without, and says so. A
    /// disk that fails or is full is left alone for a minute, and spans stay in memory.
    ///
    /// Defaults to none.
    pub fn spool(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spool = Some(folder.into());
        self
    }

    /// The most that each destination's [`spool`](Self::spool) takes on disk, in bytes; the
    /// oldest spans go first, and are counted.
    ///
    /// Defaults to 64 MiB.
    pub fn max_spool_bytes(mut self, bytes: u64) -> Self {
        self.max_spool_bytes = Some(bytes);
        self
    }

    /// How long spans stay in the [`spool`](Self::spool); older ones are deleted, and counted.
    ///
    /// Defaults to 24 hours.
    pub fn max_spool_age(mut self, age: Duration) -> Self {
        self.max_spool_age = Some(age);
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
