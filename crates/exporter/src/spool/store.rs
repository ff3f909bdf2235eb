//! The folder of a destination's segments.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fs4::FileExt;

use super::name::Name;
use super::segment;
use crate::batch::Batch;

/// No segment is larger: a request must not be.
const MAX_SEGMENT: u64 = 128 * 1024 * 1024;
/// What no receiver took is kept for a look, up to this many bytes.
const MAX_REJECTED: u64 = 8 * 1024 * 1024;
const REJECTED: &str = "rejected";

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most that segments take, in bytes; the oldest goes first.
    pub(crate) bytes: u64,
    /// Older segments are deleted.
    pub(crate) age: Duration,
}

/// Segments on disk, oldest first; one process at a time.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    limits: Limits,
    segments: BTreeMap<Name, Segment>,
    bytes: u64,
    next: u32,
    rejected: u64,
    /// The wall clock is looked at once: a jump must not make all segments old.
    opened: (SystemTime, Instant),
    /// Held as long as the folder is ours.
    _lock: File,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    bytes: u64,
    /// Whether it is in memory, too: on its way.
    loaded: bool,
    failures: u32,
    refusals: u32,
    overtaken: bool,
}

/// What was deleted to stay within the limits, in spans.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Deleted {
    pub(crate) full: u64,
    pub(crate) expired: u64,
}

impl Spool {
    /// Opens the folder, or makes it. `None` if another process has it.
    pub(crate) fn open(folder: PathBuf, limits: Limits) -> io::Result<Option<Self>> {
        make_folder(&folder)?;
        let lock = private()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))?;
        match FileExt::try_lock(&lock) {
            Ok(()) => {}
            Err(fs4::TryLockError::WouldBlock) => return Ok(None),
            Err(fs4::TryLockError::Error(error)) => return Err(error),
        }
        let mut spool = Self {
            folder,
            limits,
            segments: BTreeMap::new(),
            bytes: 0,
            next: 0,
            rejected: 0,
            opened: (SystemTime::now(), Instant::now()),
            _lock: lock,
        };
        spool.scan()?;
        Ok(Some(spool))
    }

    fn scan(&mut self) -> io::Result<()> {
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".tmp") {
                // Written while the process was killed.
                let _ = fs::remove_file(file.path());
            } else if let Some(name) = Name::parse(&name) {
                let bytes = file.metadata()?.len();
                self.next = self.next.max(name.number.wrapping_add(1));
                self.insert(name, bytes);
            }
        }
        if let Ok(rejected) = fs::read_dir(self.folder.join(REJECTED)) {
            let sizes = rejected
                .flatten()
                .filter_map(|file| Some(file.metadata().ok()?.len()));
            self.rejected = sizes.sum();
        }
        Ok(())
    }

    fn insert(&mut self, name: Name, bytes: u64) {
        self.bytes += bytes;
        let segment = Segment {
            bytes,
            loaded: false,
            failures: 0,
            refusals: 0,
            overtaken: false,
        };
        self.segments.insert(name, segment);
    }

    /// All spans that are on disk and nowhere else.
    pub(crate) fn spans(&self) -> u64 {
        self.segments
            .iter()
            .filter(|(_, segment)| !segment.loaded)
            .map(|(name, _)| u64::from(name.spans))
            .sum()
    }

    /// Forgets that segments are on their way: whoever carried them is gone.
    pub(crate) fn unload_all(&mut self) {
        self.segments
            .values_mut()
            .for_each(|segment| segment.loaded = false);
    }

    /// Writes a batch. It is safe from the end of the process when this returns, and from
    /// the end of the machine as far as its disk keeps its promises.
    pub(crate) fn store(&mut self, batch: &Batch) -> io::Result<Deleted> {
        let content = segment::write(batch);
        let bytes = content.len() as u64;
        if bytes > self.limits.bytes {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "larger than the whole spool may be",
            ));
        }
        let deleted = self.make_room(bytes);
        let created = self.now();
        let spans = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let name = Name {
            created,
            number: self.next,
            spans,
        };
        self.next = self.next.wrapping_add(1);
        let path = self.path(name);
        let draft = path.with_extension("tmp");
        let written = self.write(&draft, &path, &content);
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written?;
        self.insert(name, bytes);
        if let Some(segment) = self.segments.get_mut(&name) {
            (segment.failures, segment.refusals) = (batch.failures, batch.refusals);
            segment.overtaken = batch.overtaken;
        }
        Ok(deleted)
    }

    fn write(&self, draft: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = private()
            .create(true)
            .truncate(true)
            .write(true)
            .open(draft)?;
        file.write_all(content)?;
        file.sync_data()?;
        fs::rename(draft, path)?;
        // The name is in the folder, and the folder is on disk only after this.
        File::open(&self.folder)?.sync_all()
    }

    /// The segment to send next: one that failed least, of these the oldest. `Err` if it is
    /// damaged; it is put aside, and its spans, as many as its name says, are lost.
    pub(crate) fn load(&mut self) -> Option<Result<Batch, u64>> {
        let waiting = self.segments.iter().filter(|(_, segment)| !segment.loaded);
        let (&name, segment) = waiting.min_by_key(|(name, segment)| (segment.failures, **name))?;
        let segment = *segment;
        let batch = self
            .read(name)
            .ok()
            .filter(|batch| batch.len() == name.spans as usize);
        let Some(mut batch) = batch else {
            self.put_aside(name);
            return Some(Err(name.spans.into()));
        };
        if let Some(segment) = self.segments.get_mut(&name) {
            segment.loaded = true;
        }
        (batch.failures, batch.refusals, batch.overtaken) =
            (segment.failures, segment.refusals, segment.overtaken);
        batch.comes_from(name);
        Some(Ok(batch))
    }

    fn read(&self, name: Name) -> io::Result<Batch> {
        let mut content = Vec::new();
        File::open(self.path(name))?
            .take(MAX_SEGMENT)
            .read_to_end(&mut content)?;
        segment::read(&content).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// A loaded segment could not be sent: it stays where it is.
    pub(crate) fn unload(&mut self, name: Name, batch: &Batch) {
        if let Some(segment) = self.segments.get_mut(&name) {
            segment.loaded = false;
            (segment.failures, segment.refusals) = (batch.failures, batch.refusals);
        }
    }

    /// Another batch was accepted while these failed.
    pub(crate) fn overtaken(&mut self) {
        self.segments
            .values_mut()
            .filter(|segment| segment.failures > 0)
            .for_each(|segment| segment.overtaken = true);
    }

    /// Deletes a segment all of whose spans were delivered or lost.
    pub(crate) fn remove(&mut self, name: Name) {
        if let Some(segment) = self.segments.remove(&name) {
            self.bytes = self.bytes.saturating_sub(segment.bytes);
            let _ = fs::remove_file(self.path(name));
        }
    }

    /// Keeps what no receiver takes for a look, while there is room.
    pub(crate) fn keep_rejected(&mut self, batch: &Batch) {
        let content = segment::write(batch);
        let name = Name {
            created: self.now(),
            number: self.next,
            spans: 1,
        };
        self.next = self.next.wrapping_add(1);
        let folder = self.folder.join(REJECTED);
        let fits = self.rejected + content.len() as u64 <= MAX_REJECTED;
        // Lost either way, and counted; nothing hangs on this file.
        if fits && make_folder(&folder).is_ok() {
            let file = private()
                .create(true)
                .truncate(true)
                .write(true)
                .open(folder.join(name.to_string()));
            if file.and_then(|mut file| file.write_all(&content)).is_ok() {
                self.rejected += content.len() as u64;
            }
        }
    }

    fn put_aside(&mut self, name: Name) {
        let Some(segment) = self.segments.remove(&name) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(segment.bytes);
        let folder = self.folder.join(REJECTED);
        let fits = self.rejected + segment.bytes <= MAX_REJECTED && make_folder(&folder).is_ok();
        if fits && fs::rename(self.path(name), folder.join(name.to_string())).is_ok() {
            self.rejected += segment.bytes;
        } else {
            let _ = fs::remove_file(self.path(name));
        }
    }

    /// Deletes what is too old, and what has to go for `bytes` more.
    pub(crate) fn make_room(&mut self, bytes: u64) -> Deleted {
        let mut deleted = Deleted::default();
        let age = u64::try_from(self.limits.age.as_millis()).unwrap_or(u64::MAX);
        let oldest = self.now().saturating_sub(age);
        loop {
            // What is on its way is left to its fate.
            let waiting = self.segments.iter().find(|(_, segment)| !segment.loaded);
            let Some(name) = waiting.map(|(name, _)| *name) else {
                break;
            };
            if name.created < oldest {
                deleted.expired += u64::from(name.spans);
            } else if self.bytes + bytes > self.limits.bytes {
                deleted.full += u64::from(name.spans);
            } else {
                break;
            }
            self.remove(name);
        }
        deleted
    }

    /// Milliseconds since 1970.
    fn now(&self) -> u64 {
        let now = self
            .opened
            .0
            .checked_add(self.opened.1.elapsed())
            .unwrap_or(self.opened.0);
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn path(&self, name: Name) -> PathBuf {
        self.folder.join(name.to_string())
    }
}

/// Spans say what a program does: nobody else reads them.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
