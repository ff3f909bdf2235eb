//! Secrets that are read for every request.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;

use crate::transport::BoxError;

/// The value of a header, read anew for every attempt to send, so that a key may be replaced while
/// the program runs. Never printed.
///
/// ```
/// use mcp_trace_exporter::{Credential, configure};
///
/// let exporter = configure()
///     .otlp_endpoint("https://otlp.example")
///     .header_from("authorization", Credential::file("/run/secrets/token").prefixed("Bearer "));
/// ```
#[derive(Clone)]
pub struct Credential {
    prefix: String,
    source: Source,
}

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Function(Arc<dyn Fn() -> Result<String, BoxError> + Send + Sync>),
}

impl Credential {
    /// What the file holds, without white space around it.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Source::File(path.into()))
    }

    /// What `read` returns. It runs on a thread where it may block; it counts against the
    /// [timeout](crate::ExporterBuilder::timeout) of the attempt, which fails and is repeated if
    /// `read` fails or panics.
    #[must_use]
    pub fn from_fn<F, E>(read: F) -> Self
    where
        F: Fn() -> Result<String, E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        Self::new(Source::Function(Arc::new(move || {
            read().map_err(Into::into)
        })))
    }

    /// Puts `prefix` before the value, such as `"Bearer "`. Defaults to nothing.
    #[must_use]
    pub fn prefixed(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    fn new(source: Source) -> Self {
        Self {
            prefix: String::new(),
            source,
        }
    }

    fn read(&self) -> Result<HeaderValue, BoxError> {
        let secret = match &self.source {
            Source::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}", path.display()))?,
            Source::Function(read) => read()?,
        };
        let mut value = HeaderValue::try_from(format!("{}{}", self.prefix, secret.trim()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::File(path) => f.debug_tuple("Credential").field(path).finish(),
            Source::Function(_) => f.write_str("Credential"),
        }
    }
}

/// The headers of a destination's requests, beside those of its protocol.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    pub(crate) fixed: HeaderMap,
    credentials: Arc<[(HeaderName, Credential)]>,
    /// One reader at a time: one that hangs must not take thread after thread.
    reader: Arc<Semaphore>,
}

impl Default for Headers {
    fn default() -> Self {
        Self::new(HeaderMap::new(), Vec::new())
    }
}

impl Headers {
    pub(crate) fn new(fixed: HeaderMap, credentials: Vec<(HeaderName, Credential)>) -> Self {
        Self {
            fixed,
            credentials: credentials.into(),
            reader: Arc::new(Semaphore::new(1)),
        }
    }

    /// As for a process that has no thread of this one.
    pub(crate) fn for_child(&self) -> Self {
        Self {
            reader: Arc::new(Semaphore::new(1)),
            ..self.clone()
        }
    }

    /// Reads the credentials into `headers`.
    pub(crate) async fn sign(&self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        if self.credentials.is_empty() {
            return Ok(());
        }
        let permit = self.reader.clone().acquire_owned().await?;
        let credentials = self.credentials.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let read = |(name, credential): &(HeaderName, Credential)| {
                Ok((name.clone(), credential.read()?))
            };
            credentials.iter().map(read).collect()
        });
        let read: Result<Vec<_>, BoxError> = reading.await.map_err(|_| "reading panicked")?;
        for (name, value) in read? {
            headers.insert(name, value);
        }
        Ok(())
    }
}
