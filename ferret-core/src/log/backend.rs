//! redb's storage, with the two changes that a recorder needs: it never waits without bound for a
//! reader, and it syncs only where the user asked for that.
//!
//! In redb's shared mode every header write, and every reader's `begin_read`, locks bytes 0..320,
//! and redb waits for that lock as long as it takes: a reader stopped by Ctrl-Z inside it would
//! stop the profiled program's recorder. So the writer takes the lock itself with a bounded try
//! *before* it begins a transaction ([`HeaderLock::try_hold`]), keeps it through the commit, and
//! redb's own calls for it are answered here. Everywhere else the wait is bounded by `patience`,
//! and running out of it is `ErrorKind::TimedOut`, which redb reports without latching a failure.

#[cfg(all(test, feature = "record", feature = "read"))]
use super::faults::Storage;
#[cfg(not(all(test, feature = "record", feature = "read")))]
use redb::backends::FileBackend as Storage;
use redb::{BackendError, DatabaseError, StorageBackend, StorageError};
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The bytes of redb's header, which stand for the header lock.
const HEADER: (Bound<u64>, Bound<u64>) = (Bound::Included(0), Bound::Excluded(320));

/// Where the bytes begin that redb's readers lock, each the one of the transaction that it reads.
const READS: u64 = (1 << 62) + 1024;

/// A transaction that somebody else reads, by the byte that is locked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading(u64);

/// What redb is given.
#[derive(Debug)]
pub(super) struct LogBackend(Arc<Shared>);

/// The writer's handle on the header lock of its own backend.
#[derive(Clone, Debug)]
pub(super) struct HeaderLock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// In tests one that fails where they planned it.
    file: Storage,
    /// The writer holds the header lock: redb's calls for it succeed at once.
    held: AtomicBool,
    syncs: bool,
    patience: Duration,
    /// What the file's length must be, if nobody else has changed it.
    length: AtomicU64,
    /// Nothing is written, read, locked or unlocked any more.
    let_go: AtomicBool,
    /// The byte of the oldest transaction that others read, as the last commit found it; 0 for none.
    oldest: AtomicU64,
}

impl LogBackend {
    /// A backend on `file`, whose open file description must be no other handle's. `syncs`: an
    /// fsync is an fsync. `patience` bounds every wait for a lock.
    pub(super) fn new(file: File, syncs: bool, patience: Duration) -> Result<Self, DatabaseError> {
        let length = AtomicU64::new(file.metadata().map_err(StorageError::Io)?.len());
        let file = Storage::new(file)?;
        let (held, let_go) = (AtomicBool::new(false), AtomicBool::new(false));
        let oldest = AtomicU64::new(0);
        Ok(Self(Arc::new(Shared { file, held, syncs, patience, length, let_go, oldest })))
    }

    /// The handle to hold the header lock by.
    pub(super) fn header_lock(&self) -> HeaderLock {
        HeaderLock(Arc::clone(&self.0))
    }

    fn answers(&self, range: (Bound<u64>, Bound<u64>)) -> bool {
        // Relaxed: only the thread that holds the lock begins transactions, and lets the file go.
        self.0.let_go.load(Ordering::Relaxed)
            || (range == HEADER && self.0.held.load(Ordering::Relaxed))
    }

    /// Whether the file may be touched.
    fn touch(&self) -> io::Result<&Storage> {
        if self.0.let_go.load(Ordering::Relaxed) {
            return Err(io::Error::other("the file has been let go"));
        }
        Ok(&self.0.file)
    }

    /// Takes note of what a commit finds out, to know which pages it may use again. It asks for a single
    /// byte first, the oldest that was locked before; and last for the one that it finds, or not, and then
    /// that is known one commit later.
    fn note(&self, (first, behind): (Bound<u64>, Bound<u64>), is_read: bool) {
        if let (Bound::Included(first), Bound::Excluded(behind)) = (first, behind)
            && first >= READS
            && behind == first + 1
        {
            // Relaxed: only the thread that commits asks.
            self.0.oldest.store(if is_read { first } else { 0 }, Ordering::Relaxed);
        }
    }

    fn wait(
        &self,
        mut attempt: impl FnMut(&Storage) -> Result<bool, BackendError>,
    ) -> Result<(), BackendError> {
        if wait_until(self.0.patience, || attempt(&self.0.file))? {
            Ok(())
        } else {
            let message = "another process holds the log's header lock and does not let go";
            Err(BackendError::Io(io::Error::new(io::ErrorKind::TimedOut, message)))
        }
    }
}

impl HeaderLock {
    /// The length that the file must have, bytes, unless somebody else has changed it.
    pub(super) fn length(&self) -> u64 {
        self.0.length.load(Ordering::Relaxed)
    }

    /// From now on nothing is done to the file: redb may be dropped.
    pub(super) fn let_go(&self) {
        self.0.let_go.store(true, Ordering::Relaxed);
    }

    /// The same, and the descriptor, which is not ours any more, is never closed.
    pub(super) fn forsake(self) {
        self.let_go();
        std::mem::forget(self);
    }

    /// Takes the header lock if nobody has it; until [`HeaderLock::release`].
    pub(super) fn try_hold(&self, patience: Duration) -> io::Result<bool> {
        let (start, end) = HEADER;
        let attempt = || self.0.file.try_lock_range(start, end);
        let held = wait_until(patience, attempt).map_err(io::Error::from)?;
        self.0.held.store(held, Ordering::Relaxed);
        Ok(held)
    }

    /// The oldest transaction that others read, as the last commit found it: what it could read is kept.
    pub(super) fn oldest_reading(&self) -> Option<Reading> {
        let oldest = self.0.oldest.load(Ordering::Relaxed);
        (oldest != 0).then_some(Reading(oldest))
    }

    /// Whether that transaction is still read.
    pub(super) fn is_read(&self, Reading(byte): Reading) -> io::Result<bool> {
        let byte = Bound::Included(byte);
        self.0.file.query_lock_range(byte, byte).map_err(io::Error::from)
    }

    /// Gives the header lock back.
    pub(super) fn release(&self) -> io::Result<()> {
        let (start, end) = HEADER;
        if self.0.held.swap(false, Ordering::Relaxed) {
            self.0.file.unlock_range(start, end).map_err(io::Error::from)?;
        }
        Ok(())
    }
}

/// Tries until it succeeds or `patience` is over; tells which.
#[expect(clippy::disallowed_methods, reason = "times its own waiting")]
pub(super) fn wait_until<E>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<bool, E>,
) -> Result<bool, E> {
    let mut pause = Duration::from_micros(50);
    let mut began = None;
    loop {
        if attempt()? {
            return Ok(true);
        }
        let began = *began.get_or_insert_with(Instant::now);
        if began.elapsed() >= patience {
            return Ok(false);
        }
        thread::sleep(pause.min(patience));
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

impl StorageBackend for LogBackend {
    fn len(&self) -> io::Result<u64> {
        self.touch()?.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.touch()?.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let file = self.touch()?;
        // Before, for what fails may have been done: the shorter is the one that is certain.
        let certain = len.min(self.0.length.load(Ordering::Relaxed));
        self.0.length.store(certain, Ordering::Relaxed);
        file.set_len(len)?;
        self.0.length.store(len, Ordering::Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let file = self.touch()?;
        if self.0.syncs { file.sync_data() } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let file = self.touch()?;
        file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        if self.0.let_go.load(Ordering::Relaxed) { Ok(()) } else { self.0.file.close() }
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if self.answers((start, end)) {
            return Ok(true);
        }
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        if self.answers((start, end)) {
            return Ok(true);
        }
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.answers((start, end)) {
            return Ok(());
        }
        self.wait(|file| file.try_lock_range(start, end))
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.answers((start, end)) {
            return Ok(());
        }
        self.wait(|file| file.try_lock_shared_range(start, end))
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.answers((start, end)) {
            return Ok(());
        }
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        let is_held = self.0.file.query_lock_range(start, end)?;
        self.note((start, end), is_held);
        Ok(is_held)
    }
}
