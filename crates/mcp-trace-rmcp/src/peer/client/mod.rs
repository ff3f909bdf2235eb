//! A client's calls to its server.

mod call;
mod input;
#[cfg(feature = "http-client")]
pub(crate) mod listed;
mod message;
mod methods;
mod rounds;

pub use rounds::TracedClient;
