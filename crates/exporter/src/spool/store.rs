//! The folder of a destination's segments.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::disk::{Disk, LocalDisk};
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
pub(crate) struct Spool<D: Disk = LocalDisk> {
    disk: D,
    folder: PathBuf,
    limits: Limits,
    segments: BTreeMap<Name, Segment>,
    bytes: u64,
    next: u32,
    rejected: u64,
    /// The wall clock is looked at once: a jump must not make all segments old.
    opened: (SystemTime, Instant),
    /// Held as long as the folder is ours.
    lock: D::Lock,
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

/// What came of reading a segment.
#[derive(Debug)]
pub(crate) enum Loaded {
    Batch(Batch),
    /// So many spans are lost.
    Damaged(u64),
    /// The disk is in trouble, or the process is out of files.
    NotNow(io::Error),
}

impl Spool {
    /// Opens the folder, or makes it. `None` if another process has it.
    pub(crate) fn open(folder: PathBuf, limits: Limits) -> io::Result<Option<Self>> {
        Self::open_on(LocalDisk, folder, limits, SystemTime::now())
    }
}

impl<D: Disk> Spool<D> {
    pub(super) fn open_on(
        disk: D,
        folder: PathBuf,
        limits: Limits,
        now: SystemTime,
    ) -> io::Result<Option<Self>> {
        let Some(lock) = claim(&disk, &folder)? else {
            return Ok(None);
        };
        let mut spool = Self {
            disk,
            folder,
            limits,
            segments: BTreeMap::new(),
            bytes: 0,
            next: 0,
            rejected: 0,
            opened: (now, Instant::now()),
            lock,
        };
        spool.scan()?;
        Ok(Some(spool))
    }

    fn scan(&mut self) -> io::Result<()> {
        for (name, bytes) in self.disk.list(&self.folder)? {
            if name.ends_with(".tmp") {
                // Written while the process was killed.
                let _ = self.disk.remove(&self.folder.join(name));
            } else if let Some(name) = Name::parse(&name) {
                self.next = self.next.max(name.number.wrapping_add(1));
                self.insert(name, bytes);
            }
        }
        let rejected = self.disk.list(&self.folder.join(REJECTED));
        self.rejected = rejected.unwrap_or_default().iter().map(|file| file.1).sum();
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
    /// the end of the machine as far as its disk keeps its promises. Says also what was deleted
    /// for it.
    pub(crate) fn store(&mut self, batch: &Batch) -> (Deleted, io::Result<()>) {
        let content = segment::write(batch);
        let bytes = content.len() as u64;
        if bytes > self.limits.bytes {
            let error = "larger than the whole spool may be";
            let error = io::Error::new(io::ErrorKind::FileTooLarge, error);
            return (Deleted::default(), Err(error));
        }
        let deleted = self.make_room(bytes);
        (deleted, self.store_content(batch, &content))
    }

    fn store_content(&mut self, batch: &Batch, content: &[u8]) -> io::Result<()> {
        let name = self.new_name(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let path = self.path(name);
        let mut written = self.write(&path, content);
        if matches!(&written, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            // Somebody deleted the folder, and the lock with it.
            self.lock = claim(&self.disk, &self.folder)?.ok_or(io::ErrorKind::ResourceBusy)?;
            written = self.write(&path, content);
        }
        written?;
        self.insert(name, content.len() as u64);
        if let Some(segment) = self.segments.get_mut(&name) {
            (segment.failures, segment.refusals) = (batch.failures, batch.refusals);
            segment.overtaken = batch.overtaken;
        }
        Ok(())
    }

    fn new_name(&mut self, spans: u32) -> Name {
        let (created, number) = (self.now(), self.next);
        self.next = self.next.wrapping_add(1);
        Name {
            created,
            number,
            spans,
        }
    }

    /// All or nothing, as far as the disk allows.
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let draft = path.with_extension("tmp");
        let written = self
            .disk
            .write(&draft, content)
            .and_then(|()| self.disk.rename(&draft, path))
            // The name is in the folder, and the folder is on disk only after this.
            .and_then(|()| self.disk.sync_folder(&self.folder));
        if written.is_err() {
            // Whoever asked keeps the spans: they must not come twice.
            let _ = self.disk.remove(&draft);
            let _ = self.disk.remove(path);
        }
        written
    }

    /// The segment to send next: one that failed least, of these the oldest. A damaged one is put
    /// aside, and its spans, as many as its name says, are lost; one that cannot be read now
    /// stays.
    pub(crate) fn load(&mut self) -> Option<Loaded> {
        let waiting = self.segments.iter().filter(|(_, segment)| !segment.loaded);
        let (&name, segment) = waiting.min_by_key(|(name, segment)| (segment.failures, **name))?;
        let segment = *segment;
        let mut batch = match self.read(name) {
            Ok(batch) if batch.len() == name.spans as usize => batch,
            Err(error) if !is_lost(&error) => {
                // A bad sector must not hold up the segments behind it.
                if let Some(segment) = self.segments.get_mut(&name) {
                    segment.failures = segment.failures.saturating_add(1);
                }
                return Some(Loaded::NotNow(error));
            }
            _ => {
                self.put_aside(name);
                return Some(Loaded::Damaged(name.spans.into()));
            }
        };
        if let Some(segment) = self.segments.get_mut(&name) {
            segment.loaded = true;
        }
        (batch.failures, batch.refusals, batch.overtaken) =
            (segment.failures, segment.refusals, segment.overtaken);
        batch.comes_from(name);
        Some(Loaded::Batch(batch))
    }

    fn read(&self, name: Name) -> io::Result<Batch> {
        let content = self.disk.read(&self.path(name), MAX_SEGMENT)?;
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
            let _ = self.disk.remove(&self.path(name));
        }
    }

    /// Keeps what no receiver takes for a look, while there is room.
    pub(crate) fn keep_rejected(&mut self, batch: &Batch) {
        let content = segment::write(batch);
        let name = self.new_name(1);
        let folder = self.folder.join(REJECTED);
        let fits = self.rejected + content.len() as u64 <= MAX_REJECTED;
        // Lost either way, and counted; nothing hangs on this file.
        if fits && self.disk.make_folder(&folder).is_ok() {
            let file = folder.join(name.to_string());
            if self.disk.write(&file, &content).is_ok() {
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
        let fits = self.rejected + segment.bytes <= MAX_REJECTED;
        let (file, aside) = (self.path(name), folder.join(name.to_string()));
        let kept = fits
            && self.disk.make_folder(&folder).is_ok()
            && self.disk.rename(&file, &aside).is_ok();
        if kept {
            self.rejected += segment.bytes;
        } else {
            let _ = self.disk.remove(&file);
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

/// Makes the folder and locks it; `None` if another process has it.
fn claim<D: Disk>(disk: &D, folder: &Path) -> io::Result<Option<D::Lock>> {
    disk.make_folder(folder)?;
    disk.lock(&folder.join("lock"))
}

/// Whether trying again would change nothing.
fn is_lost(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::NotFound
    )
}
