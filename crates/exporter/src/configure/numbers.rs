//! Bounds, batches and times.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::error::ConfigError;
use super::settings::{Family, Resolver};
use crate::destination::Tuning;
use crate::queue::Limits;

/// The bound of OTLP on a request, in bytes.
const MAX_REQUEST: usize = 64 * 1024 * 1024;

impl Resolver<'_> {
    /// Numbers of the builder that no exporter could work with.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
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

    pub(super) fn tuning(&self, family: Family) -> Tuning {
        let (builder, env) = (self.builder, self.env);
        // By OpenTelemetry's rules zero is no limit.
        let limit = |time: Duration| if time.is_zero() { Duration::MAX } else { time };
        let interval = family.order(&["RASTIR_FLUSH_INTERVAL"], &["OTEL_BSP_SCHEDULE_DELAY"]);
        let timeout = family.order(
            &["RASTIR_TIMEOUT"],
            &[
                "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                "OTEL_BSP_EXPORT_TIMEOUT",
            ],
        );
        Tuning {
            flush_interval: builder
                .flush_interval
                .or_else(|| env.positive_duration(&interval))
                .unwrap_or(Duration::from_secs(5)),
            timeout: builder
                .timeout
                .or_else(|| env.duration(&timeout).map(limit))
                .unwrap_or(Duration::from_secs(10)),
            max_in_flight: builder.max_in_flight.unwrap_or(1),
            // The last span of a batch reaches over, by 4 MiB at most.
            max_batch_bytes: builder
                .max_batch_bytes
                .unwrap_or(4 * 1024 * 1024)
                .min(MAX_REQUEST - 5 * 1024 * 1024),
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

    pub(super) fn limits(&self, family: Family, tuning: &Tuning) -> Limits {
        let (builder, env) = (self.builder, self.env);
        let number = |names: &[&str]| env.parsed(names).map(NonZeroUsize::get);
        let sizes = family.order(&["RASTIR_BATCH_SIZE"], &["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"]);
        let spans = builder
            .queue_spans
            .or_else(|| number(&["OTEL_BSP_MAX_QUEUE_SIZE"]))
            .unwrap_or(65_536);
        let batch_spans = builder.batch_size.or_else(|| number(&sizes)).unwrap_or(512);
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
}
