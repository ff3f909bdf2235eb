//! Which form of OTLP.

use std::str::FromStr;

/// How spans are written for an OpenTelemetry receiver, both over HTTP.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Protocol {
    /// `http/protobuf`: small, and every receiver takes it.
    #[default]
    HttpProtobuf,
    /// `http/json`: can be read by eye.
    HttpJson,
}

/// A protocol that this crate does not speak, such as `grpc`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownProtocol(());

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    /// Reads the names of `OTEL_EXPORTER_OTLP_PROTOCOL`, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        match &*name.to_ascii_lowercase() {
            "http/protobuf" => Ok(Self::HttpProtobuf),
            "http/json" => Ok(Self::HttpJson),
            _ => Err(UnknownProtocol(())),
        }
    }
}

impl std::fmt::Display for UnknownProtocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("neither `http/protobuf` nor `http/json`")
    }
}

impl std::error::Error for UnknownProtocol {}
