//! A running exporter, seen from the program.

use std::future::Future;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use mcp_trace::Sampler;
use tokio::sync::oneshot;

use crate::exporter::Exporter;
use crate::stats::Stats;

/// The worker keeps deadlines itself; this is for one that is stuck in a program's own
/// transport or encoder.
const GRACE: Duration = Duration::from_millis(100);

/// Looks at a running exporter and flushes it. Cheap to clone; does not keep it running.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) exporter: Option<Arc<Exporter>>,
}

/// What a flush or a shutdown achieved.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "says whether spans were lost"]
pub struct Report {
    /// Whether it was done before the deadline.
    pub complete: bool,
    /// The counts at its end.
    pub stats: Stats,
}

impl Handle {
    /// The counts of every destination.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.exporter
            .as_ref()
            .map(|exporter| exporter.stats())
            .unwrap_or_default()
    }

    /// Changes which new traces are recorded from now on.
    pub fn set_sampler(&self, sampler: Sampler) {
        if let Some(exporter) = &self.exporter {
            exporter.set_sampler(sampler);
        }
    }

    /// To be called first in a child of `fork` that goes on without `exec`: starts an exporter
    /// thread there, which a child does not inherit, and makes the ids of this thread different
    /// from those that the parent goes on to make.
    ///
    /// What waited in memory at the fork is delivered by both; flush before forking where that
    /// matters. A [spool](crate::ExporterBuilder::spool) stays with the parent. Counts begin
    /// anew with what waited. A child that does not call this is noticed after some spans, and
    /// at a flush or the end; until then its ids may be those of its parent.
    ///
    /// Does nothing elsewhere.
    pub fn after_fork(&self) {
        if let Some(exporter) = &self.exporter {
            exporter.here();
        }
    }

    /// Delivers what was recorded until now, for at most `timeout`.
    ///
    /// Works under any runtime. It is complete when every span was exported, rejected or
    /// dropped; the counts say which.
    ///
    /// # Cancel safety
    /// The flush goes on if the future is dropped.
    pub async fn force_flush(&self, timeout: Duration) -> Report {
        let handle = self.clone();
        in_background(
            move || handle.force_flush_blocking(timeout),
            || self.report(false),
        )
        .await
    }

    /// As [`force_flush`](Self::force_flush), blocking the thread. In a current-thread
    /// runtime it blocks everything else, a receiver in the same runtime included.
    pub fn force_flush_blocking(&self, timeout: Duration) -> Report {
        let deadline = deadline(timeout);
        let orders = self.order(|destination, done| destination.flush(done));
        self.report(wait(&orders, deadline))
    }

    /// Orders the end and waits for it at most `patience`.
    pub(crate) fn stop(&self, timeout: Duration, patience: Duration) -> Report {
        let until = deadline(timeout);
        let orders = self.order(|destination, done| destination.stop(until, done));
        let complete = wait(&orders, deadline(patience.min(timeout)));
        let stats = self.stats();
        let left = stats.destinations.iter().any(|destination| {
            destination.queued + destination.in_flight > 0
                || destination.dropped.count(crate::DropReason::Shutdown) > 0
        });
        Report {
            complete: complete && !left,
            stats,
        }
    }

    fn order(
        &self,
        order: impl Fn(&crate::destination::Destination, mpsc::Sender<()>),
    ) -> Vec<mpsc::Receiver<()>> {
        let destinations = self
            .exporter
            .iter()
            .flat_map(|exporter| &exporter.here().destinations);
        destinations
            .map(|destination| {
                let (done, is_done) = mpsc::channel();
                order(destination, done);
                is_done
            })
            .collect()
    }

    fn report(&self, complete: bool) -> Report {
        Report {
            complete,
            stats: self.stats(),
        }
    }
}

/// Runs what blocks on a thread of its own: no runtime is blocked, and none is needed.
pub(crate) fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    otherwise: impl FnOnce() -> T,
) -> impl Future<Output = T> {
    let (done, is_done) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("mcp-trace-flush".to_owned())
        .spawn(move || {
            // Nobody may be waiting any more.
            let _ = done.send(work());
        });
    async move {
        match thread {
            Ok(_) => is_done.await.unwrap_or_else(|_| otherwise()),
            Err(_) => otherwise(),
        }
    }
}

fn deadline(timeout: Duration) -> Instant {
    let now = Instant::now();
    // "For ever" is a year.
    now.checked_add(timeout)
        .unwrap_or(now + Duration::from_secs(365 * 24 * 3600))
}

/// Whether all is done by the deadline. A worker that stopped has done what it could.
fn wait(orders: &[mpsc::Receiver<()>], deadline: Instant) -> bool {
    let waited = |order: &mpsc::Receiver<()>| {
        let left = deadline.saturating_duration_since(Instant::now());
        !matches!(
            order.recv_timeout(left + GRACE),
            Err(mpsc::RecvTimeoutError::Timeout)
        )
    };
    orders.iter().all(waited)
}
