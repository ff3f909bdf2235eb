//! The exporter against receivers on loopback, kind and rude ones.

mod collector;
mod delivery;
mod faults;
mod support;
