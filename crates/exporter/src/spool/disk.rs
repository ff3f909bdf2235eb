//! What a spool asks of a file system, so that tests can make it fail.

use std::fmt::Debug;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use fs4::FileExt;

/// A file system.
pub(crate) trait Disk: Debug + Send + 'static {
    /// A lock on a folder, held as long as this lives.
    type Lock: Debug + Send;

    /// Makes a folder, and those above it, unless it is there.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// `None` if another process holds the lock.
    fn lock(&self, file: &Path) -> io::Result<Option<Self::Lock>>;
    /// The files in a folder, with their lengths in bytes.
    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>>;
    /// Writes a file; its content is on disk when this returns.
    fn write(&self, file: &Path, content: &[u8]) -> io::Result<()>;
    /// At most the first `max` bytes of a file.
    fn read(&self, file: &Path, max: u64) -> io::Result<Vec<u8>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, file: &Path) -> io::Result<()>;
    /// The names in a folder are on disk when this returns.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LocalDisk;

impl Disk for LocalDisk {
    type Lock = File;

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)
    }

    fn lock(&self, file: &Path) -> io::Result<Option<File>> {
        let lock = private().truncate(false).open(file)?;
        match FileExt::try_lock(&lock) {
            Ok(()) => Ok(Some(lock)),
            Err(fs4::TryLockError::WouldBlock) => Ok(None),
            Err(fs4::TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let file = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Ok((name, entry.metadata()?.len()))
        };
        fs::read_dir(folder)?.map(file).collect()
    }

    fn write(&self, file: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = private().truncate(true).open(file)?;
        file.write_all(content)?;
        file.sync_data()
    }

    fn read(&self, file: &Path, max: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        File::open(file)?.take(max).read_to_end(&mut content)?;
        Ok(content)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // A folder cannot be opened everywhere; where it cannot, it needs no sync.
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// Spans say what a program does: nobody else reads them.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
