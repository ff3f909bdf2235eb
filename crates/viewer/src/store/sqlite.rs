//! Traces in one file, so that they survive the program: SQLite, written by a thread of its own.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use traceparent::TraceId;

use super::journal::{Job, Journal, Progress};
use super::{Record, Store, now_ms};
use crate::span::Span;

/// Marks the file as ours; the bytes are `mcpt`.
const APPLICATION_ID: i64 = 0x6d63_7074;
/// Of the tables below.
const VERSION: i64 = 1;
const TABLES: &str = "
    CREATE TABLE spans (
        id INTEGER PRIMARY KEY,
        trace BLOB NOT NULL,
        arrived INTEGER NOT NULL,
        resource TEXT NOT NULL,
        span TEXT NOT NULL
    );
    CREATE INDEX traces ON spans (trace);
";
/// Changes are written together for so long, or until there are so many.
const GATHER: Duration = Duration::from_millis(200);
const JOBS: usize = 1000;
/// Spans that are restored at once.
const CHUNK: usize = 1024;

/// Why a file cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be made or opened.
    Io(io::Error),
    /// It is not a database, is in use by another program, or is broken.
    Sqlite(rusqlite::Error),
    /// It is a database, but not of this program, or of another version of it.
    Foreign,
}

/// Opens or makes the file, and brings its traces into `store`.
///
/// The thread ends when the journal is gone and all is written.
pub(crate) fn open(path: &Path, store: &Store) -> Result<(Journal, JoinHandle<()>), OpenError> {
    make(path).map_err(OpenError::Io)?;
    let mut db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(1))?;
    // One program at a time: two would not know of each other's traces.
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "journal_size_limit", 64 << 20)?;
    prepare(&mut db)?;

    let (journal, jobs, progress) = Journal::new(path.to_owned());
    restore(&db, store, &journal)?;
    let writer = thread::Builder::new()
        .name("mcp-trace-db".to_owned())
        .spawn(move || write_all(&mut db, &jobs, &progress))
        .map_err(OpenError::Io)?;
    Ok((journal, writer))
}

/// Traces may hold secrets: the file is for its owner only.
fn make(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn prepare(db: &mut Connection) -> Result<(), OpenError> {
    let number = |db: &Connection, sql| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    // Takes the lock, too.
    let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    let tables = number(&change, "SELECT count(*) FROM sqlite_schema")?;
    let id = number(&change, "PRAGMA application_id")?;
    let version = number(&change, "PRAGMA user_version")?;
    match (tables, id, version) {
        (0, 0, 0) => {
            change.execute_batch(TABLES)?;
            change.pragma_update(None, "application_id", APPLICATION_ID)?;
            change.pragma_update(None, "user_version", VERSION)?;
        }
        (_, APPLICATION_ID, VERSION) => {}
        _ => return Err(OpenError::Foreign),
    }
    change.commit()?;
    Ok(())
}

fn restore(db: &Connection, store: &Store, journal: &Journal) -> Result<(), OpenError> {
    let mut query = db.prepare("SELECT trace, arrived, resource, span FROM spans ORDER BY id")?;
    let mut rows = query.query([])?;
    let (mut chunk, mut chunk_arrived) = (Vec::new(), 0);
    // What does not fit is let go on disk as well; what is kept is there already.
    let keep = |chunk: &mut Vec<_>, arrived| {
        store.insert(std::mem::take(chunk), arrived, |mut changes| {
            changes.kept.clear();
            journal.write(changes, arrived);
        });
    };
    while let Some(row) = rows.next()? {
        let (id, arrived): ([u8; 16], i64) = (row.get(0)?, row.get(1)?);
        let (resource, span) = (row.get_ref(2)?, row.get_ref(3)?);
        let arrived = u64::try_from(arrived).unwrap_or_default();
        let (Some(id), Ok(resource), Ok(span)) =
            (TraceId::from_bytes(id), resource.as_str(), span.as_str())
        else {
            continue;
        };
        let Ok(span) = serde_json::from_str::<Span>(span) else {
            continue;
        };
        if chunk.len() >= CHUNK || arrived != chunk_arrived {
            keep(&mut chunk, chunk_arrived);
            chunk_arrived = arrived;
        }
        let like = chunk.last().map(|(_, record): &(_, Arc<Record>)| &**record);
        let resource = match like {
            Some(like) if *like.resource == *resource => like.resource.clone(),
            _ => Arc::from(resource),
        };
        chunk.push((id, Arc::new(Record::new(&span, &resource, like))));
    }
    keep(&mut chunk, chunk_arrived);
    let now = now_ms();
    store.expire(now, |changes| journal.write(changes, now));
    Ok(())
}

fn write_all(db: &mut Connection, jobs: &Receiver<Job>, progress: &Progress) {
    let mut told = None::<Instant>;
    while let Ok(first) = jobs.recv() {
        let until = Instant::now() + GATHER;
        let mut batch = vec![first];
        while batch.len() < JOBS {
            match jobs.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        if let Err(error) = write(db, &batch) {
            let spans: usize = batch.iter().map(|job| job.kept.len()).sum();
            progress.lost(spans as u64);
            if told.is_none_or(|told| told.elapsed() > Duration::from_secs(60)) {
                told = Some(Instant::now());
                eprintln!("mcp-trace: {spans} spans could not be written to the file: {error}");
            }
        }
        progress.done(batch.iter().map(Job::bytes).sum());
    }
}

fn write(db: &mut Connection, batch: &[Job]) -> rusqlite::Result<()> {
    let change = db.transaction()?;
    {
        let mut insert = change.prepare_cached(
            "INSERT INTO spans (trace, arrived, resource, span) VALUES (?1, ?2, ?3, ?4)",
        )?;
        let mut delete = change.prepare_cached("DELETE FROM spans WHERE trace = ?1")?;
        for job in batch {
            let arrived = i64::try_from(job.at).unwrap_or(i64::MAX);
            for (id, record) in &job.kept {
                let id = id.to_bytes();
                insert.execute(params![id, arrived, &*record.resource, record.json()])?;
            }
            for id in &job.gone {
                delete.execute([id.to_bytes()])?;
            }
        }
    }
    change.commit()
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Io(_) => "the file cannot be opened",
            Self::Sqlite(_) => "the file is not a database that can be used",
            Self::Foreign => "the file is a database of another program or version",
        })
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Sqlite(error) => Some(error),
            Self::Foreign => None,
        }
    }
}
