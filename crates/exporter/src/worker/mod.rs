//! The exporter's own thread.
//!
//! With a runtime of its own it works under any runtime or none, outlives the program's, and
//! cannot block it.

mod attempt;
mod buffers;
mod dispatcher;
mod growth;
mod intake;
mod outcome;

use std::io;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::destination::Destination;
use crate::log;
use crate::stats::{DropReason, Health};
use dispatcher::Dispatcher;

/// The pause before a worker that panicked is restarted, doubled while it goes on.
const RESTART: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Starts the thread that serves `destinations`; it ends when all of them are stopped.
pub(crate) fn start(destinations: Vec<Arc<Destination>>) -> io::Result<()> {
    let (started, start) = mpsc::channel();
    std::thread::Builder::new()
        .name("mcp-trace-export".to_owned())
        .spawn(move || {
            log::be_quiet();
            // Built here: a runtime must not be dropped inside another one, as it might be if
            // this thread could not be started.
            let runtime = match Builder::new_current_thread()
                .enable_io()
                .enable_time()
                // Those that read the disk, look names up or ask for credentials.
                .on_thread_start(log::be_quiet)
                .build()
            {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            let _ = started.send(Ok(()));
            runtime.block_on(async {
                let mut workers: JoinSet<()> = destinations.into_iter().map(supervise).collect();
                while workers.join_next().await.is_some() {}
            });
            // A look-up of a host name that hangs must not hold the thread.
            runtime.shutdown_background();
        })?;
    start
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the export thread died at its start")))
}

/// Serves a destination; a panic restarts the service.
async fn supervise(destination: Arc<Destination>) {
    let (mut pause, longest) = RESTART;
    loop {
        let started = Instant::now();
        let served = tokio::spawn(serve(destination.clone())).await;
        if served.is_ok() {
            break;
        }
        destination.counters.restarts.add(1);
        destination.counters.in_flight.take();
        destination.with_spool(|spool| spool.unload_all());
        let lost = destination.stats().imbalance().try_into().unwrap_or(0);
        destination.counters.dropped(DropReason::WorkerPanic, lost);
        let name = destination.name.as_str();
        log::aloud(|| {
            tracing::error!(destination = name, lost, "span export: the worker panicked")
        });
        if started.elapsed() > longest {
            pause = RESTART.0;
        }
        // A shutdown does not wait for the pause.
        let _ = tokio::time::timeout(pause, ordered_to_stop(&destination)).await;
        pause = (pause * 2).min(longest);
    }
    // Before anybody hears of it: whoever comes next may want the folder.
    destination.release_spool();
    destination.counters.set_health(Health::Stopped);
    destination.stopped();
}

async fn serve(destination: Arc<Destination>) {
    Dispatcher::new(destination).run().await;
}

async fn ordered_to_stop(destination: &Destination) {
    let wake = destination.queue.wake();
    while destination.deadline().is_none() {
        wake.notified().await;
    }
}
