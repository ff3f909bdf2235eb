//! What can be wrong with a configuration.

use std::error::Error;
use std::fmt;

use crate::transport::BoxError;

/// The exporter could not be set up.
#[derive(Debug)]
pub struct ConfigError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Option {
        name: &'static str,
        reason: String,
        source: Option<BoxError>,
    },
    AlreadyInstalled(mcp_trace::DefaultSinkTaken),
    Thread(std::io::Error),
}

impl ConfigError {
    pub(crate) fn option(name: &'static str, reason: impl Into<String>) -> Self {
        Self {
            kind: Kind::Option {
                name,
                reason: reason.into(),
                source: None,
            },
        }
    }

    pub(crate) fn caused(
        name: &'static str,
        reason: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Self {
        Self {
            kind: Kind::Option {
                name,
                reason: reason.into(),
                source: Some(source.into()),
            },
        }
    }

    pub(crate) fn already_installed(taken: mcp_trace::DefaultSinkTaken) -> Self {
        Self {
            kind: Kind::AlreadyInstalled(taken),
        }
    }

    pub(crate) fn thread(error: std::io::Error) -> Self {
        Self {
            kind: Kind::Thread(error),
        }
    }

    /// The option whose value is wrong, if it is one.
    #[must_use]
    pub fn option_name(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Option { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether the process has an exporter already; that one stays in place.
    #[must_use]
    pub fn is_already_installed(&self) -> bool {
        matches!(self.kind, Kind::AlreadyInstalled(_))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Option { name, reason, .. } => write!(f, "option `{name}`: {reason}"),
            Kind::AlreadyInstalled(_) => {
                f.write_str("an exporter is already installed in this process")
            }
            Kind::Thread(_) => f.write_str("the export thread could not be started"),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Option { source, .. } => source
                .as_deref()
                .map(|error| error as &(dyn Error + 'static)),
            Kind::AlreadyInstalled(taken) => Some(taken),
            Kind::Thread(error) => Some(error),
        }
    }
}
