//! Option by option: the builder's value, else the environment's, else the default.

use std::sync::Arc;
use std::time::Duration;

use mcp_trace::{Sampler, SpanSink};

use super::builder::ExporterBuilder;
use super::env::Env;
use super::error::ConfigError;
use crate::ConsoleSink;
use crate::destination::Destination;

pub(super) struct Settings {
    pub(super) destinations: Vec<Destination>,
    pub(super) local: Vec<Arc<dyn SpanSink>>,
    pub(super) sampler: Sampler,
    pub(super) shutdown_timeout: Duration,
    pub(super) disabled: bool,
}

/// Whose variables come first.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Family {
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
        let destinations = resolver.destinations(named("otlp"), named("none"))?;
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

pub(super) struct Resolver<'a> {
    pub(super) builder: &'a ExporterBuilder,
    pub(super) env: Env,
}

impl Resolver<'_> {
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
    pub(super) fn order(self, rastir: &[&'static str], otel: &[&'static str]) -> Vec<&'static str> {
        match self {
            Self::Rastir => [rastir, otel].concat(),
            Self::Otel => [otel, rastir].concat(),
        }
    }
}
