//! The options that say how much, how often and for how long.

use std::path::PathBuf;
use std::time::Duration;

use super::builder::ExporterBuilder;

impl ExporterBuilder {
    /// So many spans are sent without waiting for more. Under a backlog a request carries
    /// more, up to [`max_batch_bytes`](Self::max_batch_bytes).
    ///
    /// Defaults to `RASTIR_BATCH_SIZE` or `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, else to 512.
    pub fn batch_size(mut self, spans: usize) -> Self {
        self.batch_size = Some(spans);
        self
    }

    /// The size that a request may grow to under a backlog, in bytes before compression: the
    /// longer requests take, the more each carries.
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
}
