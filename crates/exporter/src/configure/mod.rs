//! Setting the exporter up.

mod builder;
mod endpoint;
mod env;
mod error;
mod settings;
#[cfg(test)]
mod tests;

pub use builder::{ExporterBuilder, configure};
pub use error::ConfigError;
