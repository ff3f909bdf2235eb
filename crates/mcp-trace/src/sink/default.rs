//! The sink of the process.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::SpanSink;

static DEFAULT: RwLock<Option<Arc<dyn SpanSink>>> = RwLock::new(None);

/// Makes `sink` the one that spans use which are given no other, until the guard is dropped.
///
/// Looked up when a span starts, so layers may be built before.
///
/// # Errors
/// If there is one already; it stays in place.
pub fn set_default_sink(sink: Arc<dyn SpanSink>) -> Result<DefaultSinkGuard, DefaultSinkTaken> {
    let mut default = DEFAULT.write().unwrap_or_else(PoisonError::into_inner);
    if default.is_some() {
        return Err(DefaultSinkTaken(()));
    }
    *default = Some(sink);
    Ok(DefaultSinkGuard(()))
}

/// The sink of the process, if one is set.
#[must_use]
pub fn default_sink() -> Option<Arc<dyn SpanSink>> {
    DEFAULT
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Keeps the process default sink in place; a drop removes it.
#[derive(Debug)]
#[must_use = "dropping the guard removes the sink"]
pub struct DefaultSinkGuard(());

impl Drop for DefaultSinkGuard {
    fn drop(&mut self) {
        // The sink's own drop may take time: not under the lock.
        let sink = DEFAULT
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(sink);
    }
}

/// The process has a default sink already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DefaultSinkTaken(());

impl fmt::Display for DefaultSinkTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a default span sink is already installed in this process")
    }
}

impl Error for DefaultSinkTaken {}
