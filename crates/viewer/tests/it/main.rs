//! A viewer over the network, as its senders and its readers see it.

mod auto_traits;
mod exporters;
mod gate;
mod hostile;
mod ingest;
mod limits;
mod live;
mod rastir;
#[cfg(feature = "sqlite")]
mod restart;
mod support;
mod terminal;
