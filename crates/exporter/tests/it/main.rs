//! The exporter against receivers on loopback, kind and rude ones.

mod collector;
mod delivery;
mod differential;
mod faults;
mod panics;
mod shutdown;
mod spool;
mod support;
