//! The examples, run as the programs that they are.

mod clients;
mod codec;
mod demo;
mod exporter_load;
mod program;
mod servers;
// Its servers end on SIGTERM.
#[cfg(unix)]
mod three_processes;
// Its servers end on SIGTERM.
#[cfg(unix)]
mod two_processes;
mod w3c_service;
