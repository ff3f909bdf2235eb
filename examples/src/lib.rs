//! What the examples share: the options of the exporter, a receiver to look at what it sends, and
//! a server for clients to call.
//!
//! The examples themselves are the folders beside this one; each starts with
//! `cargo run --example NAME`.

mod export;
mod received;
mod receiver;
mod weather;

pub use export::{Export, OtlpProtocol, show_warnings};
pub use received::{Kind, Span, Status};
pub use receiver::Receiver;
pub use weather::{list_spans, serve_weather, weather_call};
