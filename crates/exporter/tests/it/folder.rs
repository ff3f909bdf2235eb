//! Folders to spool to.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty folder, deleted in the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("spool-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }

    /// The folder of the OTLP protobuf destination.
    pub(crate) fn own(&self) -> PathBuf {
        self.0.join("otlp_application_x_protobuf")
    }

    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.own())
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.path());
        files
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "spans")
            })
            .collect()
    }

    /// By the names of the files.
    pub(crate) fn spans(&self) -> u64 {
        let count = |path: &PathBuf| {
            path.file_stem()?
                .to_str()?
                .rsplit('-')
                .next()?
                .parse::<u64>()
                .ok()
        };
        self.segments().iter().filter_map(count).sum()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
