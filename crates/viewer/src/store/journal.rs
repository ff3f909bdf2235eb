//! What has changed, on its way to where it survives the program.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use traceparent::TraceId;

use super::{Changes, Record};

/// Bytes that may wait to be written. More than that, and senders are asked to wait.
const BEHIND: usize = 64 << 20;

/// Changes that wait to be written to a file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    /// `None` once it is closed.
    jobs: Mutex<Option<Sender<Job>>>,
    progress: Arc<Progress>,
}

/// What the writer has done.
#[derive(Debug, Default)]
pub(super) struct Progress {
    waiting: AtomicUsize,
    lost: AtomicU64,
}

/// Changes that belong together.
#[derive(Debug)]
pub(super) struct Job {
    /// Spans to keep, which arrived then, in milliseconds since 1970.
    pub(super) kept: Vec<(TraceId, Arc<Record>)>,
    pub(super) at: u64,
    /// Traces to let go, after that.
    pub(super) gone: Vec<TraceId>,
}

impl Journal {
    /// A journal for the file at `path`, and where its writer gets the changes.
    pub(super) fn new(path: PathBuf) -> (Self, Receiver<Job>, Arc<Progress>) {
        let (jobs, receiver) = channel();
        let progress = Arc::<Progress>::default();
        let journal = Self {
            path,
            jobs: Mutex::new(Some(jobs)),
            progress: progress.clone(),
        };
        (journal, receiver, progress)
    }

    /// To be written soon: what was kept at `at`, and what went. Never waits.
    pub(crate) fn write(&self, Changes { kept, gone }: Changes, at: u64) {
        if kept.is_empty() && gone.is_empty() {
            return;
        }
        let job = Job { kept, at, gone };
        self.progress
            .waiting
            .fetch_add(job.bytes(), Ordering::Relaxed);
        let spans = job.kept.len() as u64;
        let sent = match &*self.jobs() {
            Some(jobs) => jobs.send(job).is_ok(),
            None => false,
        };
        if !sent {
            self.progress.lost(spans);
        }
    }

    /// Nothing more will be written; the writer ends when it has written what waits.
    pub(crate) fn close(&self) {
        self.jobs().take();
    }

    /// Whether so much waits that no more should be taken.
    pub(crate) fn is_behind(&self) -> bool {
        self.progress.waiting.load(Ordering::Relaxed) > BEHIND
    }

    /// Spans that could not be written.
    pub(crate) fn lost(&self) -> u64 {
        self.progress.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn jobs(&self) -> MutexGuard<'_, Option<Sender<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    pub(super) fn done(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn lost(&self, spans: u64) {
        self.lost.fetch_add(spans, Ordering::Relaxed);
    }
}

impl Job {
    pub(super) fn bytes(&self) -> usize {
        let kept = self.kept.iter().map(|(_, record)| record.bytes());
        kept.sum::<usize>() + size_of_val(self.gone.as_slice())
    }
}
