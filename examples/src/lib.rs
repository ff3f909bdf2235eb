//! What the examples share: the options of the exporter, and a receiver to look at what it sends.
//!
//! The examples themselves are the folders beside this one; each starts with
//! `cargo run --example NAME`.

mod export;
mod received;
mod receiver;

pub use export::{Export, OtlpProtocol, show_warnings};
pub use received::{Kind, Span, Status};
pub use receiver::Receiver;
