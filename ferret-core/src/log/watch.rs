//! Waking up when a log changes: file notification, with the caller's timeout as the slow poll that
//! works everywhere.

use super::members::Named;
use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Where nothing notifies, a wait is cut to this.
const SLOW_POLL: Duration = Duration::from_millis(50);

/// Ends a wait for changes early: for a reader that also waits for something else, a key.
#[derive(Clone, Debug)]
pub struct Waker(SyncSender<()>);

impl Waker {
    /// Ends the wait that is on, or else the next one.
    pub fn wake(&self) {
        if self.0.try_send(()).is_err() {
            // Full: a change waits already, and does the same.
        }
    }
}

/// Tells of changes in some folders.
#[derive(Debug)]
pub(super) struct Watch {
    /// None: this system cannot, or has no watches left.
    watcher: Option<RecommendedWatcher>,
    changes: Receiver<()>,
    waker: Waker,
    /// A name appeared or went away.
    names: Arc<AtomicBool>,
}

impl Watch {
    pub(super) fn new(named: &[Named]) -> Self {
        // One waiting change is enough: whoever wakes looks at everything.
        let (sender, changes) = sync_channel(1);
        let folders: BTreeSet<&Path> = named.iter().map(Named::folder).collect();
        let names = Arc::new(AtomicBool::new(false));
        let waker = Waker(sender);
        let watcher = watcher(&folders, waker.clone(), Arc::clone(&names)).ok();
        Self { watcher, changes, waker, names }
    }

    /// What ends [`Watch::wait`] early.
    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Waits until something changed or [`Watch::waker`] woke it, for `timeout` at most.
    pub(super) fn wait(&self, timeout: Duration) {
        let timeout = if self.watcher.is_some() { timeout } else { timeout.min(SLOW_POLL) };
        match self.changes.recv_timeout(timeout) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => unreachable!("this end holds a sender too"),
        }
    }

    /// Whether names changed since this was last asked.
    pub(super) fn take_news(&mut self) -> bool {
        // Relaxed: it only says that the folder is to be listed, which the system orders itself.
        self.names.swap(false, Ordering::Relaxed)
    }
}

fn watcher(
    folders: &BTreeSet<&Path>,
    waker: Waker,
    names: Arc<AtomicBool>,
) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        match event.map(|event| event.kind) {
            // Readers' own opening and closing.
            Ok(EventKind::Access(_)) => return,
            Ok(EventKind::Modify(ModifyKind::Data(_))) => {}
            // Also what this system cannot tell more of, and lost events.
            Ok(_) | Err(_) => names.store(true, Ordering::Relaxed),
        }
        waker.wake();
    })?;
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}
