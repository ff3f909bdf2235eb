//! A client's calls to its server.

mod message;
mod methods;
