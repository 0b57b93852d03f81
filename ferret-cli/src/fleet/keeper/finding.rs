//! Which logs there are: those that have appeared are opened, those that are gone let go.

use super::Keeper;
use crate::fleet::clock::unix_ms;
use crate::fleet::store::{Event, Kept, Severity, What};
use crate::fleet::worker::{self, Worker};
use ferret::event::{LogTime, ProcessUid};
use ferret::log::{self, LogError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file, by device and inode.
pub(super) type File = (u64, u64);

/// What is known of a file that is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    /// It is the log of this worker.
    Of(ProcessUid),
    /// It says nothing more, and was written then.
    Over(i64),
    /// It could not be read, was written then, and was tried then.
    Unread(i64, LogTime),
}

/// What could not be read is tried again after so long, ns: it may be allowed by now.
const AGAIN_NS: u64 = 60_000_000_000;

impl Keeper {
    /// Looks for logs that have appeared, and for those that are gone.
    pub(super) fn find(&mut self) {
        let (mut there, mut missing, mut empty) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let read = self.files_of_workers();
        for wanted in self.shared.wanted.clone() {
            match log::members(&wanted) {
                Ok(paths) => {
                    // What is wrong with a log itself is known to who reads it.
                    if !paths.contains(&wanted) {
                        self.trouble(&wanted, None);
                    }
                    if paths.is_empty() {
                        let why = LogError::empty_folder(wanted.clone()).to_string();
                        empty.insert(wanted, why);
                    }
                    for path in paths {
                        if self.shared.is_stopped() {
                            return;
                        }
                        there.extend(self.meet(&path, &read).map(|file| (file, path)));
                    }
                }
                Err(LogError::NotFound { .. } | LogError::EmptyFolder { .. }) => {
                    missing.push(wanted);
                }
                Err(error) => self.trouble(&wanted, Some(error.to_string())),
            }
        }
        self.files.retain(|file, _| there.contains_key(file));
        self.let_go(&there);
        let mut troubles = self.shared.troubles.lock();
        troubles.logs.retain(|path, _| path.exists());
        (troubles.missing, troubles.empty, troubles.has_looked) = (missing, empty, true);
    }

    /// Whose logs the files are that are there, as far as is known.
    fn files_of_workers(&self) -> BTreeMap<File, ProcessUid> {
        let workers = self.shared.workers.lock();
        let there = workers.values().filter(|worker| !worker.is_gone);
        there.map(|worker| (worker.file(), worker.kept.uid)).collect()
    }

    /// Notes where the logs lie by now, and which are not there any more.
    fn let_go(&mut self, there: &BTreeMap<File, PathBuf>) {
        let mut lost = Vec::new();
        for worker in self.shared.workers.lock().values_mut().filter(|worker| !worker.is_gone) {
            match there.get(&worker.file()) {
                Some(path) if *path == worker.kept.log => {}
                Some(path) => path.clone_into(&mut worker.kept.log),
                None => lost.push((worker.kept.uid, worker.file(), worker.kept.log.clone())),
            }
        }
        // A new run has taken the name that was asked for, and the log of the old one lies beside it. Each folder is
        // read once, and nobody waits for it.
        let mut folders = BTreeMap::new();
        for (uid, file, path) in lost {
            if self.shared.is_stopped() {
                return;
            }
            let is_there = worker::stamp(&path).is_some_and(|(d, i, _)| (d, i) == file);
            if is_there {
                continue;
            }
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let beside = folders.entry(folder).or_insert_with_key(|folder| files_in(folder));
            let moved = beside.get(&file);
            let is_first = !self.shared.troubles.lock().has_looked;
            if let Some(worker) = self.shared.workers.lock().get_mut(&uid) {
                if let Some(path) = moved {
                    path.clone_into(&mut worker.kept.log);
                    continue;
                }
                // One whose log went while nobody looked is not news.
                if !is_first {
                    self.events.push(gone(&worker.kept));
                }
                worker.vanish();
            }
        }
    }

    /// Opens a log that is new; gives what tells it from others.
    fn meet(&mut self, path: &Path, read: &BTreeMap<File, ProcessUid>) -> Option<File> {
        let (device, inode, modified) = worker::stamp(path)?;
        let (file, now) = ((device, inode), log::now());
        match self.files.get(&file) {
            Some(Known::Of(uid)) if !self.has_more(*uid, modified) => return Some(file),
            Some(Known::Over(then)) if *then == modified => return Some(file),
            Some(Known::Unread(then, at)) if *then == modified && now.since(*at) < AGAIN_NS => {
                return Some(file);
            }
            _ => {}
        }
        let before = read.get(&file).copied();
        let is_opened_again = before.is_some_and(|uid| self.again.remove(&uid));
        let is_done = |uid: &ProcessUid| !is_opened_again && self.is_done(*uid, path, modified);
        if let Some(uid) = before.filter(is_done) {
            self.files.insert(file, Known::Of(uid));
            return Some(file);
        }
        let (known, trouble) = match Worker::open(path, &self.shared.settings) {
            // It begins just now.
            Ok(None) => return Some(file),
            Ok(Some(worker)) if self.is_old(&worker, modified) => (Known::Over(modified), None),
            Ok(Some(worker)) => {
                let uid = worker.kept.uid;
                if let Some(before) = before.filter(|before| *before != uid) {
                    self.displace(before);
                }
                match self.add_worker(worker, file) {
                    Ok(()) => (Known::Of(uid), None),
                    Err(why) => (Known::Unread(modified, now), Some(why)),
                }
            }
            Err(error) => (Known::Unread(modified, now), Some(error.to_string())),
        };
        self.files.insert(file, known);
        self.trouble(path, trouble);
        Some(file)
    }

    /// The log of a worker is gone, and another has its place on the disk.
    fn displace(&mut self, uid: ProcessUid) {
        if let Some(worker) = self.shared.workers.lock().get_mut(&uid) {
            self.events.push(gone(&worker.kept));
            worker.displace();
        }
    }

    /// Whether its process ended before anybody looks back to.
    fn is_old(&self, worker: &Worker, modified: i64) -> bool {
        let Some(looks_back_ns) = self.shared.settings.looks_back_ns else { return false };
        let modified_ms = u64::try_from(modified / 1_000_000).unwrap_or(0);
        let is_ended = worker.tail().is_some_and(|tail| tail.info().is_ended);
        is_ended && unix_ms().saturating_sub(modified_ms) > looks_back_ns / 1_000_000
    }

    /// Whether a log of which all was known has been written since: by who saw its process end.
    fn has_more(&self, uid: ProcessUid, modified: i64) -> bool {
        let workers = self.shared.workers.lock();
        let known = workers.get(&uid).filter(|worker| worker.kept.is_done);
        known.is_some_and(|worker| worker.kept.stamp.2 != modified)
    }

    /// Whether the store knows all that this log has to say.
    fn is_done(&self, uid: ProcessUid, path: &Path, modified: i64) -> bool {
        let mut workers = self.shared.workers.lock();
        let known = workers.get_mut(&uid).filter(|worker| worker.kept.is_done);
        let Some(worker) = known.filter(|worker| worker.kept.stamp.2 == modified) else {
            return false;
        };
        path.clone_into(&mut worker.kept.log);
        true
    }

    fn add_worker(&self, mut worker: Worker, file: File) -> Result<(), String> {
        let uid = worker.kept.uid;
        let mut workers = self.shared.workers.lock();
        if let Some(other) = workers.get_mut(&uid)
            && other.file() != file
            && !other.goes_on_in(&worker)
        {
            let other = other.kept.log.display();
            return Err(format!("it is a copy of {other}, which is read already"));
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

/// The files of a folder, by what tells them from others. One that cannot be read has none for us.
fn files_in(folder: &Path) -> BTreeMap<File, PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let file = |path: PathBuf| worker::stamp(&path).map(|(d, i, _)| ((d, i), path));
    entries.filter_map(|entry| file(entry.path())).collect()
}
