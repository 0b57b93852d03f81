//! The file descriptors that a log holds now, for a forked child to close.

use super::present::{self, FileId};
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// The file descriptors that a log holds now, for a forked child to close: the lock that says who
/// lives, and the file, which is closed and opened again after errors.
///
/// Each is taken out before it is closed: a number that is free again may be the host's next file.
#[derive(Debug)]
pub struct Descriptors {
    alive: AtomicI32,
    file: AtomicI32,
    device: AtomicU64,
    inode: AtomicU64,
}

/// In the place of a descriptor that is not open.
const CLOSED: RawFd = -1;

impl Descriptors {
    /// None yet.
    pub(super) fn new() -> Arc<Self> {
        let closed = || AtomicI32::new(CLOSED);
        let (device, inode) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { alive: closed(), file: closed(), device, inode })
    }

    pub(super) fn alive(&self) -> RawFd {
        self.alive.load(Ordering::Relaxed)
    }

    /// Another file is held.
    pub(super) fn hold(&self, id: FileId, alive: RawFd, file: RawFd) {
        self.closes_all();
        self.device.store(id.device, Ordering::Relaxed);
        self.inode.store(id.inode, Ordering::Relaxed);
        self.alive.store(alive, Ordering::Relaxed);
        self.opened(file);
    }

    pub(super) fn opened(&self, file: RawFd) {
        self.file.store(file, Ordering::Relaxed);
    }

    pub(super) fn closes_file(&self) {
        self.file.store(CLOSED, Ordering::Relaxed);
    }

    pub(super) fn closes_all(&self) {
        self.closes_file();
        self.alive.store(CLOSED, Ordering::Relaxed);
    }

    /// Takes those that are open, and still lead to the log: no lock, no allocation.
    pub fn take(&self) -> impl Iterator<Item = RawFd> {
        // Relaxed: a child has the one thread that forked, and a parent's other threads are late at
        // worst, when a descriptor lives on in the child.
        let id = FileId {
            device: self.device.load(Ordering::Relaxed),
            inode: self.inode.load(Ordering::Relaxed),
        };
        let each = [&self.alive, &self.file].into_iter();
        each.map(|number| number.swap(CLOSED, Ordering::Relaxed))
            .filter(move |number| *number >= 0 && present::leads_to(*number, id))
    }
}
