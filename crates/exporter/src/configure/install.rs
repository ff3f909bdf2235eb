//! From options to a running exporter.

use std::sync::Arc;
use std::time::Duration;

use mcp_trace::set_default_sink;

use super::builder::ExporterBuilder;
use super::env::Env;
use super::error::ConfigError;
use super::settings::Settings;
use crate::exporter::Exporter;
use crate::{Guard, Handle, worker};

impl ExporterBuilder {
    /// Starts the exporter and makes it the process's default sink, which all layers and
    /// spans use that are given no other.
    ///
    /// Without any destination nothing is exported, one warning says so, and contexts are
    /// passed on unchanged; so it is, silently, where `OTEL_SDK_DISABLED` is `true`.
    ///
    /// # Errors
    /// If an option is wrong, if the thread cannot be started, or if the process has a
    /// default sink already; that one stays in place.
    pub fn install(self) -> Result<Guard, ConfigError> {
        let mut guard = self.build()?;
        if let Some(sink) = guard.sink() {
            match set_default_sink(sink) {
                Ok(installed) => guard.installed = Some(installed),
                Err(taken) => {
                    let _ = guard.shutdown_blocking(Duration::ZERO);
                    return Err(ConfigError::already_installed(taken));
                }
            }
        }
        Ok(guard)
    }

    /// Starts the exporter without installing it, for tests and for several in one process;
    /// its [`sink`](Guard::sink) goes to layers and spans by hand.
    ///
    /// # Errors
    /// If an option is wrong, or if the thread cannot be started.
    pub fn build(self) -> Result<Guard, ConfigError> {
        self.build_in(Env::Process)
    }

    pub(super) fn build_in(self, env: Env) -> Result<Guard, ConfigError> {
        let Settings {
            destinations,
            local,
            sampler,
            shutdown_timeout,
            disabled,
        } = Settings::resolve(self, env)?;
        let nothing = destinations.is_empty() && local.is_empty();
        if nothing && !disabled {
            tracing::warn!(
                "span export: neither `push_url` nor `otlp_endpoint` is set (RASTIR_PUSH_URL, \
                 OTEL_EXPORTER_OTLP_ENDPOINT): nothing is exported"
            );
        }
        let exporter = (!nothing && !disabled).then(|| {
            let destinations = destinations.into_iter().map(Arc::new).collect();
            Arc::new(Exporter::new(destinations, local, sampler))
        });
        if let Some(exporter) = exporter
            .as_ref()
            .filter(|exporter| !exporter.destinations.is_empty())
        {
            worker::start(exporter.destinations.clone()).map_err(ConfigError::thread)?;
        }
        Ok(Guard {
            handle: Handle { exporter },
            installed: None,
            shutdown_timeout,
            stopped: false,
        })
    }
}
