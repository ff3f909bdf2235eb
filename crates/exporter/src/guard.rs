//! What keeps the exporter running.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use mcp_trace::{DefaultSinkGuard, SpanSink};
use tokio::runtime::RuntimeFlavor;

use crate::handle::{Handle, Report, in_background};

/// How long a drop may hold up a current-thread runtime.
const CURRENT_THREAD: Duration = Duration::from_secs(1);

/// Keeps the exporter running; hold it until the program ends.
///
/// A drop delivers what is left: it waits for that at most the
/// [shutdown timeout](crate::ExporterBuilder::shutdown_timeout). Inside a current-thread tokio
/// runtime, where a receiver in the same runtime could not answer meanwhile, it waits for at
/// most one second, and what is not delivered by then still may be, in the background. Say
/// [`shutdown`](Self::shutdown) to wait without blocking, and to hear what was lost.
///
/// A child of `fork` that goes on without `exec` should call [`Handle::after_fork`] first.
///
/// A guard of a program that exports nothing does nothing.
#[derive(Debug)]
#[must_use = "dropping the guard stops the exporter"]
pub struct Guard {
    pub(crate) handle: Handle,
    pub(crate) installed: Option<DefaultSinkGuard>,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) stopped: bool,
}

impl Guard {
    /// The sink to hand to layers and spans, for exporters that are
    /// [built](crate::ExporterBuilder::build) and not installed; `None` where nothing is exported.
    #[must_use]
    pub fn sink(&self) -> Option<Arc<dyn SpanSink>> {
        self.handle
            .exporter
            .clone()
            .map(|exporter| exporter as Arc<dyn SpanSink>)
    }

    /// A handle that can be kept elsewhere.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Delivers what is left, for at most `timeout`, and stops. Works under any runtime.
    ///
    /// # Cancel safety
    /// The shutdown goes on if the future is dropped.
    pub fn shutdown(mut self, timeout: Duration) -> impl Future<Output = Report> {
        let handle = self.begin();
        let seen = handle.clone();
        in_background(
            move || handle.stop(timeout, timeout),
            move || Report {
                complete: false,
                stats: seen.stats(),
            },
        )
    }

    /// As [`shutdown`](Self::shutdown), blocking the thread. In a current-thread runtime it
    /// blocks everything else, a receiver in the same runtime included.
    pub fn shutdown_blocking(mut self, timeout: Duration) -> Report {
        self.begin().stop(timeout, timeout)
    }

    fn begin(&mut self) -> Handle {
        self.stopped = true;
        // Spans that start from now on are not recorded: their context is passed on.
        self.installed = None;
        self.handle.clone()
    }
}

impl Deref for Guard {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        let in_current_thread = tokio::runtime::Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread);
        let patience = if in_current_thread {
            CURRENT_THREAD
        } else {
            self.shutdown_timeout
        };
        let report = self.begin().stop(self.shutdown_timeout, patience);
        let lost = report.stats.lost();
        if !report.complete || lost > 0 {
            let complete = report.complete;
            tracing::warn!(lost, complete, "span export: not all spans were delivered");
        }
    }
}
