//! A client's calls to its server.

mod input;
mod message;
mod methods;
mod rounds;

pub use rounds::TracedClient;
