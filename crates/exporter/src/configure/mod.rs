//! Setting the exporter up.

mod bounds;
mod builder;
mod endpoint;
mod env;
mod error;
mod identity;
mod install;
mod numbers;
mod receivers;
mod settings;
#[cfg(test)]
mod tests;

pub use builder::{ExporterBuilder, configure};
pub use error::ConfigError;
