//! The server.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use traceparent::TraceId;

use crate::ingest::Intakes;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::store::{Changes, Journal, Record, Store, now_ms};
#[cfg(feature = "sqlite")]
use crate::store::{OpenError, open};
use crate::{api, gate, ingest};

/// How often old traces are looked for.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// How long answers that are under way may take at the end.
const END_TAKES: Duration = Duration::from_secs(3);

/// A collector with a window, ready to be started.
#[derive(Clone, Default)]
pub struct Viewer {
    limits: Limits,
    token: Option<String>,
    #[cfg(feature = "sqlite")]
    db: Option<PathBuf>,
}

impl Viewer {
    /// One that keeps traces in memory and wants no token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is kept at most. Defaults to [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What everybody has to show, as `Authorization: Bearer` or as `X-API-Key`. Defaults to none,
    /// which is for loopback only.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Keeps traces in this file, an SQLite database, which is made if it is not there. Defaults to
    /// memory only.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn db(mut self, path: impl Into<PathBuf>) -> Self {
        self.db = Some(path.into());
        self
    }

    /// Serves until `end` is ready, and then until what is under way is answered, for at most
    /// three seconds.
    ///
    /// # Errors
    /// If the listener is not on loopback and there is no token, if the file cannot be used, or if
    /// the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let address = listener.local_addr().map_err(ServeError::Io)?;
        let local = address.ip().is_loopback();
        if !local && self.token.as_deref().is_none_or(str::is_empty) {
            return Err(ServeError::NoToken);
        }
        let (ending, ended) = watch::channel(false);
        let store = Store::new(self.limits.clone());
        #[cfg(feature = "sqlite")]
        let (journal, writer) = match &self.db {
            None => (None, None),
            Some(path) => {
                let (journal, writer) = open(path, &store).map_err(ServeError::Db)?;
                (Some(journal), Some(writer))
            }
        };
        #[cfg(not(feature = "sqlite"))]
        let journal = None;
        let state = Arc::new(State {
            store,
            journal,
            limits: self.limits,
            token: self.token,
            local,
            intakes: Intakes::default(),
            metrics: Metrics::default(),
            rejected: Rejected::default(),
            ended: ended.clone(),
        });
        let expire = tokio::spawn(expire(state.clone()));
        let app = api::routes()
            .merge(ingest::routes())
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(state.clone(), gate::check))
            .with_state(state.clone());

        let mut told = ended.clone();
        let serve = axum::serve(listener, app).with_graceful_shutdown(async move {
            let _ = told.wait_for(|ended| *ended).await;
        });
        let serve = tokio::spawn(serve.into_future());
        let abort = serve.abort_handle();
        tokio::pin!(serve);
        let done = tokio::select! {
            done = &mut serve => done,
            () = end => {
                ending.send_replace(true);
                let done = tokio::time::timeout(END_TAKES, serve).await;
                abort.abort();
                done.unwrap_or(Ok(Ok(())))
            }
        };
        expire.abort();
        #[cfg(feature = "sqlite")]
        if let Some(writer) = writer {
            if let Some(journal) = &state.journal {
                journal.close();
            }
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
        done.unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(ServeError::Io)
    }
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewer")
            .field("limits", &self.limits)
            .field("token", &self.token.as_ref().map(|_| ".."))
            .finish()
    }
}

async fn expire(state: Arc<State>) {
    let mut tick = tokio::time::interval(EXPIRE_EVERY);
    loop {
        tick.tick().await;
        let now = now_ms();
        state.store.expire(now, |changes| state.write(changes, now));
    }
}

/// What requests share.
pub(crate) struct State {
    pub(crate) limits: Limits,
    pub(crate) store: Store,
    /// Where the traces go to survive, if anywhere.
    pub(crate) journal: Option<Journal>,
    pub(crate) token: Option<String>,
    /// Whether only programs of this machine can ask.
    pub(crate) local: bool,
    pub(crate) intakes: Intakes,
    pub(crate) metrics: Metrics,
    pub(crate) rejected: Rejected,
    /// Whether the end has come.
    pub(crate) ended: watch::Receiver<bool>,
}

/// Does not show the token, nor what is kept.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    /// Keeps spans that came in now; gives the places of those that are here already.
    pub(crate) fn keep(&self, records: Vec<(TraceId, Arc<Record>)>) -> Vec<usize> {
        if records.is_empty() {
            return Vec::new();
        }
        let now = now_ms();
        self.store
            .insert(records, now, |changes| self.write(changes, now))
    }

    fn write(&self, changes: Changes, at: u64) {
        if let Some(journal) = &self.journal {
            journal.write(changes, at);
        }
    }

    /// Whether more should wait.
    pub(crate) fn is_behind(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_behind)
    }
}

/// What was not taken.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Rejected {
    requests: AtomicU64,
    spans: AtomicU64,
}

impl Rejected {
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn spans(&self, count: u64) {
        self.spans.fetch_add(count, Ordering::Relaxed);
    }
}

/// Why a viewer does not serve, or no longer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// It would listen to other machines without a token.
    NoToken,
    /// The file cannot be used.
    #[cfg(feature = "sqlite")]
    Db(OpenError),
    /// The listener failed.
    Io(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("an address that is not loopback needs a token"),
            #[cfg(feature = "sqlite")]
            Self::Db(_) => f.write_str("traces cannot be kept in the file"),
            Self::Io(_) => f.write_str("the listener failed"),
        }
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoToken => None,
            #[cfg(feature = "sqlite")]
            Self::Db(error) => Some(error),
            Self::Io(error) => Some(error),
        }
    }
}
