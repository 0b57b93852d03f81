//! A thread that flushes the log to the disk once a second while something is written, so that a
//! power loss usually costs little. Tidiness: at durability `process` nothing is promised, and the
//! recorder never waits for a disk.

use super::lock::Liveness;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Syncer {
    written: Arc<AtomicBool>,
    _stop: Sender<()>,
}

impl Syncer {
    /// Starts the thread; `None` if the system has no thread to give.
    pub(super) fn start(alive: &Arc<Liveness>) -> Option<Self> {
        let (stop, stopped) = channel();
        let written = Arc::new(AtomicBool::new(false));
        let (file, flag) = (Arc::downgrade(alive), Arc::clone(&written));
        let builder = thread::Builder::new().name("ferret-sync".to_owned());
        builder.spawn(move || run(&file, &flag, &stopped)).ok()?;
        Some(Self { written, _stop: stop })
    }

    /// There is something to flush.
    pub(super) fn written(&self) {
        // Relaxed: a flush that misses it comes a second later.
        self.written.store(true, Ordering::Relaxed);
    }
}

fn run(file: &Weak<Liveness>, written: &AtomicBool, stopped: &Receiver<()>) {
    while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        let Some(file) = file.upgrade() else { return };
        if written.swap(false, Ordering::Relaxed) && file.sync().is_err() {
            // The file system cannot, or the disk fails, which the next commit reports.
            return;
        }
    }
}
