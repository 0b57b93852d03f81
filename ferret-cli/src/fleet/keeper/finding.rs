//! Which logs there are: those that have appeared are opened, those that are gone let go.

use super::Keeper;
use crate::fleet::clock::unix_ms;
use crate::fleet::store::{Event, Kept, Severity, What};
use crate::fleet::worker::{self, Worker};
use ferret::log::{self, LogError};
use std::collections::BTreeSet;
use std::path::Path;

impl Keeper {
    /// Looks for logs that have appeared, and for those that are gone.
    pub(super) fn find(&mut self) {
        let (mut there, mut missing, mut empty) = (BTreeSet::new(), Vec::new(), Vec::new());
        for wanted in self.shared.wanted.clone() {
            match log::members(&wanted) {
                Ok(paths) => {
                    // What is wrong with a log itself is known to who reads it.
                    if !paths.contains(&wanted) {
                        self.trouble(&wanted, None);
                    }
                    if paths.is_empty() {
                        empty.push(wanted);
                    }
                    for path in paths {
                        if self.shared.is_stopped() {
                            return;
                        }
                        there.extend(self.meet(&path));
                    }
                }
                Err(LogError::NotFound { .. } | LogError::EmptyFolder { .. }) => {
                    missing.push(wanted);
                }
                Err(error) => self.trouble(&wanted, Some(error.to_string())),
            }
        }
        self.files.retain(|file, _| there.contains(file));
        let is_first = !self.shared.troubles.lock().has_looked;
        let mut workers = self.shared.workers.lock();
        for worker in workers.values_mut().filter(|worker| !worker.is_gone) {
            let (device, inode, _) = worker.kept.stamp;
            if there.contains(&(device, inode)) || worker.find_again() {
                continue;
            }
            // One whose log went while nobody looked is not news.
            if !is_first {
                self.events.push(gone(&worker.kept));
            }
            worker.vanish();
        }
        drop(workers);
        let mut troubles = self.shared.troubles.lock();
        troubles.logs.retain(|path, _| path.exists());
        (troubles.missing, troubles.empty, troubles.has_looked) = (missing, empty, true);
    }

    /// Opens a log that is new; gives what tells it from others.
    fn meet(&mut self, path: &Path) -> Option<(u64, u64)> {
        let (device, inode, modified) = worker::stamp(path)?;
        let file = (device, inode);
        match self.files.get(&file) {
            Some(None) if !self.has_more((device, inode, modified)) => return Some(file),
            // It could not be read, or says nothing more, and is as it was.
            Some(Some(then)) if *then == modified => return Some(file),
            _ => {}
        }
        if self.is_done(path, (device, inode, modified)) {
            self.files.insert(file, None);
            return Some(file);
        }
        let mut is_over = false;
        let opened = match Worker::open(path, &self.shared.settings) {
            // It begins just now.
            Ok(None) => return Some(file),
            Ok(Some(worker)) if self.is_old(&worker, modified) => {
                is_over = true;
                Ok(())
            }
            Ok(Some(worker)) => self.add_worker(worker, file),
            Err(error) => Err(error.to_string()),
        };
        self.files.insert(file, (is_over || opened.is_err()).then_some(modified));
        self.trouble(path, opened.err());
        Some(file)
    }

    /// Whether its process ended before anybody looks back to.
    fn is_old(&self, worker: &Worker, modified: i64) -> bool {
        let Some(looks_back_ns) = self.shared.settings.looks_back_ns else { return false };
        let modified_ms = u64::try_from(modified / 1_000_000).unwrap_or(0);
        let is_ended = worker.tail().is_some_and(|tail| tail.info().is_ended);
        is_ended && unix_ms().saturating_sub(modified_ms) > looks_back_ns / 1_000_000
    }

    /// Whether a log of which all was known has been written since: by who saw its process end.
    fn has_more(&self, stamp: (u64, u64, i64)) -> bool {
        let workers = self.shared.workers.lock();
        let mut all = workers.values().filter(|worker| worker.kept.is_done);
        let (device, inode, modified) = stamp;
        all.any(|worker| {
            let then = worker.kept.stamp;
            (then.0, then.1) == (device, inode) && then.2 != modified
        })
    }

    /// Whether the store knows all that this log has to say.
    fn is_done(&self, path: &Path, stamp: (u64, u64, i64)) -> bool {
        let mut workers = self.shared.workers.lock();
        let known = workers.values_mut().find(|worker| worker.kept.stamp == stamp);
        let Some(worker) = known.filter(|worker| worker.kept.is_done) else { return false };
        path.clone_into(&mut worker.kept.log);
        worker.is_gone = false;
        true
    }

    fn add_worker(&self, mut worker: Worker, file: (u64, u64)) -> Result<(), String> {
        let uid = worker.kept.uid;
        let mut workers = self.shared.workers.lock();
        if let Some(other) = workers.get_mut(&uid) {
            let (device, inode, _) = other.kept.stamp;
            if (device, inode) != file && !other.goes_on_in(&worker) {
                let other = other.kept.log.display();
                return Err(format!("it is a copy of {other}, which is read already"));
            }
        }
        // One that was forgotten, and is back, has been counted.
        let before = match workers.get(&uid) {
            Some(known) => Some((known.number, known.kept.clone())),
            None => self.shared.store.worker(uid).map_err(|error| error.to_string())?,
        };
        let number = if let Some((number, _)) = &before {
            *number
        } else {
            // Of two new ones the store knows neither yet.
            let next = self.shared.store.next_worker().map_err(|error| error.to_string())?;
            let last = workers.values().map(|worker| worker.number).max();
            last.map_or(next, |last| next.max(last + 1))
        };
        worker.go_on(number, before.as_ref().map(|(_, kept)| kept));
        workers.insert(uid, worker);
        Ok(())
    }
}

fn gone(kept: &Kept) -> Event {
    Event {
        number: 0,
        at_ms: unix_ms(),
        what: What::Gone,
        severity: Severity::Info,
        worker: Some(kept.uid),
        program: Some(kept.program.clone()),
        text: format!("the log of process {} is not there any more", kept.pid),
    }
}
