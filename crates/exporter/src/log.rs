//! What the exporter says through `tracing`, and what it keeps quiet about.
//!
//! The worker's thread records no `tracing` spans or events of the libraries it uses: with a
//! subscriber that exports through this crate they would feed themselves.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};

/// One line per subject in this time.
const INTERVAL: Duration = Duration::from_secs(60);

thread_local! {
    static QUIET: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// Turns `tracing` off on this thread, but for [`aloud`].
pub(crate) fn be_quiet() {
    QUIET.with_borrow_mut(|quiet| {
        quiet.take();
        *quiet = Some(set_default(NoSubscriber::default()));
    });
}

/// Speaks to the program's subscriber from a quiet thread.
pub(crate) fn aloud(speak: impl FnOnce()) {
    let was_quiet = QUIET.with_borrow_mut(Option::take).is_some();
    speak();
    if was_quiet {
        be_quiet();
    }
}

/// Says a thing at most once a minute.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    said: HashMap<&'static str, Instant>,
}

impl Warnings {
    pub(crate) fn warn(
        &mut self,
        now: Instant,
        destination: &str,
        subject: &'static str,
        detail: &str,
    ) {
        let recently = |at: &Instant| now.saturating_duration_since(*at) < INTERVAL;
        if self.said.get(subject).is_some_and(recently) {
            return;
        }
        self.said.insert(subject, now);
        aloud(|| tracing::warn!(destination, subject, "span export: {subject}: {detail}"));
    }
}
