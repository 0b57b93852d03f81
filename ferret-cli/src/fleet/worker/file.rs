//! The file of a worker's log: what tells it from others, that it is gone, and which file goes on with it.

use super::Worker;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

impl Worker {
    /// Its log's device and inode.
    pub(crate) fn file(&self) -> (u64, u64) {
        let (device, inode, _) = self.kept.stamp;
        (device, inode)
    }

    /// Whether a process holds its log, if that can be told. Of a dead process of another container it cannot be, and
    /// finding that out opens the file: so it is not asked again until the file has changed.
    pub(super) fn ask_who_holds_it(&mut self) -> Option<bool> {
        let tail = self.tail.as_ref()?;
        let now = stamp(&tail.info().path);
        if now.is_some() && now == self.undecided && tail.owned() == Some(false) {
            return None;
        }
        let owned = ferret::is_alive(tail);
        self.undecided = now.filter(|_| owned.is_none());
        owned
    }

    /// Its log has vanished.
    pub(crate) fn vanish(&mut self) {
        (self.tail, self.is_gone) = (None, true);
    }

    /// Its log has vanished, and its place on the disk is another's.
    pub(crate) fn displace(&mut self) {
        self.vanish();
        (self.kept.stamp, self.kept.is_done, self.is_new) = ((0, 0, 0), false, true);
    }

    /// Whether its log goes on in that of `next`, as one that is lost while it is written does: a copy has no more.
    pub(crate) fn goes_on_in(&mut self, next: &Self) -> bool {
        let (Some(tail), Some(next)) = (&mut self.tail, &next.tail) else { return true };
        let is_damaged = tail.refresh().is_err_and(|error| error.is_damage());
        is_damaged || next.info().next_offset > tail.info().next_offset
    }
}

/// A file's device, inode and time of its last change, ns.
pub(crate) type Stamp = (u64, u64, i64);

pub(crate) fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    let modified = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
    Some((found.dev(), found.ino(), modified))
}
