//! How long the sessions of MCP before 2026-07-28 last, for metrics.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::observer::{self, has_observers};
use crate::{McpCall, Network, ProtocolVersion, SpanKind, Text};

/// The sessions that a layer has seen begin and not end.
///
/// Only kept for [observers](crate::OperationObserver). Many sessions never end: clients leave
/// without a word, and servers forget. Of more than [`MAX_OPEN`](Self::MAX_OPEN) the oldest are
/// given up, which is [counted](Self::given_up).
///
/// Who knows the id of a session may take it over: `Debug` shows only how many there are.
pub struct Sessions {
    kind: SpanKind,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    by_id: HashMap<Text, Open>,
    by_age: BTreeMap<u64, Text>,
    begun: u64,
    given_up: u64,
}

struct Open {
    number: u64,
    since: Instant,
    protocol_version: Option<ProtocolVersion>,
    network: Network,
}

/// A session that has ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EndedSession<'a> {
    /// Which side of it has seen it.
    pub kind: SpanKind,
    /// The revision that its `initialize` settled on.
    pub protocol_version: Option<ProtocolVersion>,
    /// The connection that its `initialize` took.
    pub network: &'a Network,
    /// What it failed with, of few values; `None` if it ended as it should.
    pub error_type: Option<&'a str>,
    /// From the answer to `initialize` to the end, by a monotonic clock.
    pub duration: Duration,
}

impl Sessions {
    /// The most sessions that are remembered.
    pub const MAX_OPEN: usize = 10_000;

    /// No sessions yet, of the side whose spans are of this kind.
    #[must_use]
    pub fn new(kind: SpanKind) -> Self {
        Self {
            kind,
            table: Mutex::default(),
        }
    }

    /// A session has begun with this `initialize`, if it has got an id.
    pub fn begin(&self, initialize: &McpCall) {
        let Some(id) = initialize.session_id.clone().filter(|_| has_observers()) else {
            return;
        };
        let mut network = initialize.network.clone();
        if self.kind == SpanKind::Server {
            // Addresses of callers are not for metrics.
            network.peer = None;
        }
        let mut table = self.table();
        table.remove(&id);
        if table.by_id.len() >= Self::MAX_OPEN {
            if let Some((_, oldest)) = table.by_age.pop_first() {
                table.by_id.remove(&oldest);
                table.given_up += 1;
            }
        }
        table.begun += 1;
        let open = Open {
            number: table.begun,
            since: Instant::now(),
            protocol_version: initialize.protocol_version,
            network,
        };
        table.by_age.insert(open.number, id.clone());
        table.by_id.insert(id, open);
    }

    /// A session has ended; one that is not remembered is nobody's.
    pub fn end(&self, id: &Text, error_type: Option<&str>) {
        let removed = self.table().remove(id);
        if let Some(open) = removed {
            observer::tell_session(&EndedSession {
                kind: self.kind,
                protocol_version: open.protocol_version,
                network: &open.network,
                error_type,
                duration: open.since.elapsed(),
            });
        }
    }

    /// How many are remembered.
    #[must_use]
    pub fn open(&self) -> usize {
        self.table().by_id.len()
    }

    /// How many were given up because there were too many.
    #[must_use]
    pub fn given_up(&self) -> u64 {
        self.table().given_up
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("kind", &self.kind)
            .field("open", &self.open())
            .finish_non_exhaustive()
    }
}

impl Table {
    fn remove(&mut self, id: &Text) -> Option<Open> {
        let open = self.by_id.remove(id)?;
        self.by_age.remove(&open.number);
        Some(open)
    }
}
