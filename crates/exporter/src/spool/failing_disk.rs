//! A disk in memory that fails when a test wants it to, and that forgets at a power cut what it
//! was not asked to keep.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::disk::Disk;
use super::{Limits, Loaded, Spool};
use crate::batch::Batch;

#[derive(Clone, Debug, Default)]
struct FailingDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Contents, by number: a name is only a way to them.
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    /// The names that survive a power cut.
    kept_names: BTreeMap<PathBuf, usize>,
    /// Steps until the power cut, if there is one.
    steps_left: Option<u32>,
    /// What the next call of this name fails with.
    fails: Option<(&'static str, io::ErrorKind)>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: bool,
}

impl FailingDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// One call fails.
    fn fail(&self, call: &'static str, kind: io::ErrorKind) {
        self.state().fails = Some((call, kind));
    }

    /// The power is cut after so many steps.
    fn cut_after(&self, steps: u32) {
        self.state().steps_left = Some(steps);
    }

    /// What is found when the power is back: of what was not synced, any part.
    fn after_power_cut(&self, random: &mut SmallRng) -> Self {
        let state = self.state();
        let mut contents = state.contents.clone();
        for content in contents.iter_mut().filter(|content| !content.synced) {
            let kept = random.random_range(0..=content.bytes.len());
            match random.random_range(0..3) {
                0 => content.bytes.truncate(kept),
                // The length was written, the content was not.
                1 => content.bytes[kept..].fill(0),
                _ => {}
            }
        }
        let mut names = state.kept_names.clone();
        for (path, content) in &state.names {
            if random.random() {
                names.insert(path.clone(), *content);
            }
        }
        for path in state.kept_names.keys() {
            if !state.names.contains_key(path) && random.random() {
                names.remove(path);
            }
        }
        for content in &mut contents {
            content.synced = true;
        }
        let kept_names = names.clone();
        Self(Arc::new(Mutex::new(State {
            contents,
            names,
            kept_names,
            ..State::default()
        })))
    }

    fn files(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }
}

impl State {
    /// A moment at which the power may fail, or the call.
    fn step(&mut self, call: &'static str) -> io::Result<()> {
        match &mut self.steps_left {
            Some(0) => return Err(io::Error::other("no power")),
            Some(left) => *left -= 1,
            None => {}
        }
        match self.fails {
            Some((failing, kind)) if failing == call => {
                self.fails = None;
                Err(kind.into())
            }
            _ => Ok(()),
        }
    }
}

impl Disk for FailingDisk {
    type Lock = ();

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        self.state().step("make_folder")
    }

    fn lock(&self, _: &Path) -> io::Result<Option<()>> {
        Ok(Some(()))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let state = self.state();
        let inside = |path: &&PathBuf| path.parent() == Some(folder);
        let names = state.names.keys().filter(inside);
        Ok(names
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, state.contents[state.names[path]].bytes.len() as u64)
            })
            .collect())
    }

    fn write(&self, file: &Path, content: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.step("create")?;
        let number = state.contents.len();
        state.contents.push(Content::default());
        state.names.insert(file.to_owned(), number);
        // A full disk takes a part.
        state.contents[number].bytes = content[..content.len() / 2].to_vec();
        state.step("write")?;
        state.contents[number].bytes = content.to_vec();
        state.step("sync")?;
        state.contents[number].synced = true;
        Ok(())
    }

    fn read(&self, file: &Path, _: u64) -> io::Result<Vec<u8>> {
        let mut state = self.state();
        state.step("read")?;
        let number = state.names.get(file).ok_or(io::ErrorKind::NotFound)?;
        Ok(state.contents[*number].bytes.clone())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.step("rename")?;
        let number = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), number);
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.step("remove")?;
        state.names.remove(file).ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.step("sync_folder")?;
        state.kept_names = state.names.clone();
        Ok(())
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn open_at(disk: &FailingDisk, now: SystemTime) -> Spool<FailingDisk> {
    let limits = Limits {
        bytes: 1 << 20,
        age: DAY,
    };
    let spool = Spool::open_on(disk.clone(), "spool".into(), limits, now);
    spool.unwrap().unwrap()
}

fn open(disk: &FailingDisk) -> Spool<FailingDisk> {
    open_at(disk, SystemTime::now())
}

/// A batch whose one span says its number.
fn batch(number: u32) -> Batch {
    let mut batch = Batch::new(0, Arc::from(&b"preamble"[..]));
    let span = [&number.to_le_bytes()[..], &[7; 40]].concat();
    assert!(batch.push(100, |out| out.extend_from_slice(&span)));
    batch
}

fn number_of(batch: &Batch) -> u32 {
    let span = batch.spans().as_bytes();
    assert_eq!(span[4..], [7; 40]);
    u32::from_le_bytes(span[..4].try_into().unwrap())
}

/// Everything that a spool gives, and how many spans it finds damaged.
fn drain(spool: &mut Spool<FailingDisk>) -> (Vec<u32>, u64) {
    let (mut found, mut damaged) = (Vec::new(), 0);
    while let Some(loaded) = spool.load() {
        match loaded {
            Loaded::Batch(batch) => {
                found.push(number_of(&batch));
                spool.remove(batch.segment().unwrap());
            }
            Loaded::Damaged(spans) => damaged += spans,
            Loaded::NotNow(error) => panic!("{error}"),
        }
    }
    (found, damaged)
}

/// Whatever the disk had not been asked to keep is gone, or half there: over `seeds`, what was
/// stored is found, and nothing else.
fn power_cuts(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut random = SmallRng::seed_from_u64(seed);
        let disk = FailingDisk::default();
        let mut spool = open(&disk);
        disk.cut_after(random.random_range(0..40));
        let (mut stored, mut sent) = (Vec::new(), Vec::new());
        for number in 0..8 {
            if spool.store(&batch(number)).1.is_ok() {
                stored.push(number);
            }
            if random.random_range(0..3) == 0 {
                if let Some(Loaded::Batch(batch)) = spool.load() {
                    sent.push(number_of(&batch));
                    spool.remove(batch.segment().unwrap());
                }
            }
        }
        let disk = disk.after_power_cut(&mut random);
        let mut spool = open(&disk);
        let on_disk = spool.spans();
        let (found, damaged) = drain(&mut spool);
        assert_eq!(on_disk, found.len() as u64 + damaged, "seed {seed}");
        for number in &stored {
            assert!(
                found.contains(number) || sent.contains(number),
                "seed {seed}: {number} was stored and is gone"
            );
        }
        assert!(found.iter().all(|number| *number < 8), "seed {seed}");
        assert_eq!(spool.spans(), 0);
        assert!(spool.store(&batch(9)).1.is_ok(), "seed {seed}");
    }
}

#[test]
fn f16_a_power_cut_loses_nothing_that_was_stored() {
    power_cuts(0..1_000);
}

#[test]
#[ignore = "slow"]
fn slow_f16_ten_thousand_power_cuts() {
    power_cuts(0..10_000);
}

#[test]
fn f13_a_disk_that_fails_at_any_step_changes_nothing() {
    let errors = [
        ("create", io::ErrorKind::ReadOnlyFilesystem),
        ("create", io::ErrorKind::QuotaExceeded),
        ("write", io::ErrorKind::StorageFull),
        ("sync", io::ErrorKind::Other),
        ("rename", io::ErrorKind::PermissionDenied),
        ("sync_folder", io::ErrorKind::Other),
    ];
    for (call, kind) in errors {
        let disk = FailingDisk::default();
        let mut spool = open(&disk);
        assert!(spool.store(&batch(1)).1.is_ok());
        let before = disk.files();
        disk.fail(call, kind);
        let (deleted, stored) = spool.store(&batch(2));
        assert_eq!(stored.unwrap_err().kind(), kind, "{call}");
        assert_eq!((deleted.full, deleted.expired), (0, 0));
        assert_eq!((disk.files(), spool.spans()), (before, 1), "{call}");
        assert!(spool.store(&batch(3)).1.is_ok(), "{call}");
        assert_eq!(drain(&mut spool), (vec![1, 3], 0), "{call}");
        assert_eq!(disk.files(), Vec::<PathBuf>::new());
    }
}

#[test]
fn f13_a_folder_that_was_deleted_is_made_again() {
    let disk = FailingDisk::default();
    let mut spool = open(&disk);
    disk.fail("create", io::ErrorKind::NotFound);
    assert!(spool.store(&batch(1)).1.is_ok());
    assert_eq!(drain(&mut spool), (vec![1], 0));
}

#[test]
fn f13_what_cannot_be_read_now_is_not_lost() {
    let disk = FailingDisk::default();
    let mut spool = open(&disk);
    assert!(spool.store(&batch(1)).1.is_ok());
    disk.fail("read", io::ErrorKind::Other);
    assert!(matches!(spool.load(), Some(Loaded::NotNow(_))));
    assert_eq!(drain(&mut spool), (vec![1], 0));
}

#[test]
fn f13_a_segment_that_cannot_be_read_lets_the_others_go_first() {
    let disk = FailingDisk::default();
    let mut spool = open(&disk);
    for n in 1..=3 {
        assert!(spool.store(&batch(n)).1.is_ok());
    }
    disk.fail("read", io::ErrorKind::Other);
    assert!(matches!(spool.load(), Some(Loaded::NotNow(_))));
    assert_eq!(drain(&mut spool), (vec![2, 3, 1], 0));
}

#[test]
fn f17_a_wrong_clock_deletes_nothing_that_it_wrote() {
    let now = SystemTime::now();
    let before_1970 = SystemTime::UNIX_EPOCH - DAY;
    for (written, read) in [
        (before_1970, before_1970),
        (now, now - Duration::from_secs(3600)),
        (now, before_1970),
        (now, now + DAY - Duration::from_secs(60)),
    ] {
        let disk = FailingDisk::default();
        assert!(open_at(&disk, written).store(&batch(1)).1.is_ok());
        let mut spool = open_at(&disk, read);
        assert!(spool.store(&batch(2)).1.is_ok());
        let deleted = spool.make_room(0);
        assert_eq!((deleted.full, deleted.expired), (0, 0));
        let (mut found, damaged) = drain(&mut spool);
        found.sort_unstable();
        assert_eq!((found, damaged), (vec![1, 2], 0));
    }
}
