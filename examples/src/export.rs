//! Where an example's spans go.

use mcp_trace_exporter::{ExporterBuilder, Protocol, configure};

/// The options of the exporter. Without any of them the environment decides.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Export {
    /// Push to a Rastir collector at this URL
    #[arg(long, value_name = "URL")]
    pub push_url: Option<String>,
    /// Push to an OpenTelemetry receiver (OTLP/HTTP) at this URL
    #[arg(long, value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// How spans are written for the OpenTelemetry receiver
    #[arg(long, value_enum, value_name = "ENCODING")]
    pub otlp_protocol: Option<OtlpProtocol>,
}

/// The encodings of OTLP/HTTP.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum OtlpProtocol {
    /// Binary protobuf.
    Protobuf,
    /// JSON.
    Json,
}

impl Export {
    /// The exporter of the program `service`, ready to be installed.
    pub fn of(&self, service: &str) -> ExporterBuilder {
        let mut exporter = configure().service(service);
        if let Some(url) = &self.push_url {
            exporter = exporter.push_url(url);
        }
        if let Some(url) = &self.otlp_endpoint {
            exporter = exporter.otlp_endpoint(url);
        }
        match self.otlp_protocol {
            Some(OtlpProtocol::Protobuf) => exporter.otlp_protocol(Protocol::HttpProtobuf),
            Some(OtlpProtocol::Json) => exporter.otlp_protocol(Protocol::HttpJson),
            None => exporter,
        }
    }

    /// Whether a receiver was named.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.push_url.is_some() || self.otlp_endpoint.is_some()
    }
}

/// Shows warnings on standard error, such as the exporter's one that nothing is exported.
pub fn show_warnings() {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
}
