//! The file of a worker's log: what tells it from others, where it has gone, and which file goes on with it.

use super::Worker;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

impl Worker {
    /// Whether its log is there, if not by the name that is asked for: a new run has taken that, and the log of the old
    /// one lies beside it.
    pub(crate) fn find_again(&mut self) -> bool {
        let (device, inode, _) = self.kept.stamp;
        let is_it = |path: &Path| stamp(path).is_some_and(|(d, i, _)| (d, i) == (device, inode));
        if is_it(&self.kept.log) {
            return true;
        }
        let folder = self.kept.log.parent().map(std::fs::read_dir);
        // A folder that cannot be read has nothing for us.
        let files = folder.into_iter().flatten().flatten().flatten().map(|file| file.path());
        let found = files.into_iter().find(|path| is_it(path));
        let is_found = found.is_some();
        self.kept.log = found.unwrap_or_else(|| std::mem::take(&mut self.kept.log));
        is_found
    }

    /// Whether its log goes on in that of `next`, as one that is lost while it is written does: a copy has no more.
    pub(crate) fn goes_on_in(&mut self, next: &Self) -> bool {
        let (Some(tail), Some(next)) = (&mut self.tail, &next.tail) else { return true };
        let is_damaged = tail.refresh().is_err_and(|error| error.is_damage());
        is_damaged || next.info().next_offset > tail.info().next_offset
    }
}

/// The file's device, inode and time of its last change, ns.
pub(crate) fn stamp(path: &Path) -> Option<(u64, u64, i64)> {
    let found = std::fs::metadata(path).ok()?;
    let modified = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
    Some((found.dev(), found.ino(), modified))
}
