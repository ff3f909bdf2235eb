//! Batches on disk: what could not be sent survives the process.
//!
//! One file is one batch, and a rename is the only point at which it exists: a process that
//! is killed leaves whole files, and at most one that is not counted.

mod disk;
#[cfg(test)]
mod failing_disk;
mod name;
mod segment;
mod store;

pub(crate) use name::Name;
pub(crate) use store::{Deleted, Limits, Loaded, Spool};
