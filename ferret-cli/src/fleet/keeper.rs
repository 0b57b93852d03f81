//! The thread that follows the logs: finds them, reads what is new, says what changed, and gives what was counted to
//! the store. Rounds begin at whole parts of a second of wall time, and end when there is nothing more to read.

mod adding;
mod finding;

use super::clock::WallClock;
use super::slots::SLOTS_AT_ONCE;
use super::store::{Event, Store};
use super::worker::{self, Worker};
use super::{Settings, Shared, Troubles, past};
use crate::exit::say;
use crate::salvage::Salvager;
use ferret::event::{LogTime, Names, Part, Parts, ProcessUid};
use ferret::log::{self, ReadOptions};
use finding::{File, Known};
use parking_lot::{Mutex, MutexGuard};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Files are looked for, and those who live looked at, once a second of wall time, ns.
const LOOK_NS: u64 = 1_000_000_000;

/// What is old is dropped from the store so often, ns.
const PRUNE_NS: u64 = 600_000_000_000;

/// The store is written no sooner than so many times what the last writing took.
const ADD_SHARE: u64 = 20;

/// Logs that are opened once more though all of them is counted.
const AGAIN: usize = 100;

/// Events that wait for a store that cannot be written, at most.
const EVENTS_WAITING: usize = 10_000;

/// Sees all that is read and all that happens, for alerts. Called with no lock held but on the workers.
pub(crate) trait See: Send {
    /// A part of a worker's log was read.
    fn part(&mut self, worker: &Worker, names: &Names, part: Part<'_>);
    /// A round is over; gives what happened by it.
    fn round(&mut self, workers: &BTreeMap<ProcessUid, Worker>, now: LogTime) -> Vec<Event>;
}

/// A fleet that is followed, until it is dropped.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Says that a thread has died, which nobody would see otherwise.
struct Alarm(Arc<Shared>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.troubles.lock().has_failed = true;
        }
    }
}

struct Keeper {
    shared: Arc<Shared>,
    /// Files that are known, by device and inode; of those that are not read, when they were written last.
    files: BTreeMap<File, Known>,
    /// When each worker's log had been written when it was read last.
    read: BTreeMap<ProcessUid, i64>,
    /// Workers of which all is counted, and whose logs are opened once more.
    again: BTreeSet<ProcessUid>,
    salvager: Salvager,
    /// Slots that wait to be stored.
    slots: usize,
    /// Memory that is used again.
    parts: Parts,
    events: Vec<Event>,
    see: Option<Box<dyn See>>,
    /// The second of wall time in which files were looked at last.
    looked: u64,
    /// Those of which there was more to read than a round has time for: they are first in the next.
    behind: Vec<ProcessUid>,
    next_add: LogTime,
    next_prune: LogTime,
}

impl Fleet {
    /// Begins to follow the logs that `wanted` name, now and later.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or there is no thread.
    pub(crate) fn follow(
        wanted: Vec<PathBuf>,
        store: Store,
        settings: Settings,
        see: Option<Box<dyn See>>,
    ) -> anyhow::Result<Self> {
        let known = store.workers()?;
        let known = known.into_iter().filter(|(_, kept)| !kept.is_forgotten);
        let known: BTreeMap<ProcessUid, Worker> =
            known.map(|(number, kept)| (kept.uid, Worker::from_kept(number, kept))).collect();
        let again = again(&known);
        let shared = Arc::new(Shared {
            wanted,
            workers: Mutex::new(known),
            store,
            troubles: Mutex::new(Troubles::default()),
            settings,
            changes: AtomicU64::new(0),
            counted_ms: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            adding: Mutex::new(()),
        });
        let keeper = Keeper {
            shared: Arc::clone(&shared),
            files: BTreeMap::new(),
            read: BTreeMap::new(),
            again,
            salvager: Salvager::default(),
            slots: 0,
            parts: Parts::default(),
            events: Vec::new(),
            see,
            looked: 0,
            behind: Vec::new(),
            next_add: LogTime(0),
            next_prune: LogTime(0),
        };
        let of_past = Arc::clone(&shared);
        let mut fleet = Self { shared, threads: Vec::new() };
        let name = |name: &str| thread::Builder::new().name(name.to_owned());
        let alarm = Alarm(Arc::clone(&fleet.shared));
        fleet.threads.push(name("ferret-fleet").spawn(move || {
            let _alarm = alarm;
            keeper.run();
        })?);
        if !settings.keeps_history() {
            return Ok(fleet);
        }
        let alarm = Alarm(Arc::clone(&fleet.shared));
        fleet.threads.push(name("ferret-past").spawn(move || {
            let _alarm = alarm;
            past::read(&of_past);
        })?);
        Ok(fleet)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // It panicked: that has been said, and there is nothing more to wait for.
            thread.join().ok();
        }
    }
}

impl Keeper {
    fn run(mut self) {
        while !self.shared.is_stopped() {
            let now = log::now();
            let second = WallClock::of_this_boot().unix_ns(now) / LOOK_NS;
            let is_look = second != std::mem::replace(&mut self.looked, second);
            if is_look {
                self.find();
            }
            let mut has_changed = self.read_all(now, is_look);
            has_changed |= self.look(log::now(), is_look);
            if self.add(log::now(), false) || has_changed || is_look {
                self.shared.changed();
            }
            thread::park_timeout(self.until_next_round());
        }
        self.add(log::now(), true);
    }

    fn until_next_round(&self) -> Duration {
        let round_ns = self.shared.settings.round_ns;
        let now_ns = WallClock::of_this_boot().unix_ns(log::now());
        let left_ns = if self.behind.is_empty() { round_ns - now_ns % round_ns } else { 0 };
        // Who wakes up somewhat too early does not do so at once again.
        Duration::from_nanos(left_ns.max(1_000_000))
    }

    fn trouble(&self, path: &Path, why: Option<String>) {
        let mut troubles = self.shared.troubles.lock();
        match why {
            Some(why) => troubles.logs.insert(path.to_owned(), why),
            None => troubles.logs.remove(path),
        };
    }

    /// Reads what is new in every log, a part of each in turn; says whether there was anything. With `files`, also in
    /// logs that were not written as far as their files say.
    fn read_all(&mut self, now: LogTime, files: bool) -> bool {
        let mut others: Vec<ProcessUid> = {
            let workers = self.shared.workers.lock();
            workers.iter().filter(|(_, w)| w.tail().is_some()).map(|(uid, _)| *uid).collect()
        };
        let mut left = std::mem::take(&mut self.behind);
        let behind: BTreeSet<ProcessUid> = left.iter().copied().collect();
        others.retain(|uid| (self.is_written(*uid) || files) && !behind.contains(uid));
        left.extend(others);
        let any = !left.is_empty();
        while !left.is_empty() && self.has_time(now) {
            let mut rest = Vec::new();
            for uid in left {
                if !self.has_time(now) || !self.read_one(uid) {
                    rest.push(uid);
                }
                if self.slots >= SLOTS_AT_ONCE {
                    self.add(log::now(), true);
                }
            }
            left = rest;
        }
        self.behind = left;
        any
    }

    /// Who writes faster than we read must not keep the others from being looked at, nor us from stopping.
    fn has_time(&self, began: LogTime) -> bool {
        !self.shared.is_stopped() && log::now().since(began) < LOOK_NS
    }

    /// Whether a log has been written since this was last asked.
    fn is_written(&mut self, uid: ProcessUid) -> bool {
        let Some(path) = self.path(uid) else { return false };
        let modified = worker::stamp(&path).map_or(0, |(_, _, modified)| modified);
        self.read.insert(uid, modified) != Some(modified)
    }

    fn path(&self, uid: ProcessUid) -> Option<PathBuf> {
        self.shared.workers.lock().get(&uid).map(|worker| worker.kept.log.clone())
    }

    /// Reads a part of one log; says whether that was all.
    fn read_one(&mut self, uid: ProcessUid) -> bool {
        let mut workers = self.shared.workers.lock();
        let Some(worker) = workers.get_mut(&uid) else { return true };
        let see = &mut self.see;
        let before = worker.slots();
        let read = worker.read(&mut self.parts, |worker, names, part| {
            if let Some(see) = see {
                see.part(worker, names, part);
            }
        });
        self.slots += worker.slots().saturating_sub(before);
        let path = worker.kept.log.clone();
        // Whoever asks meanwhile has a turn.
        MutexGuard::unlock_fair(workers);
        match read {
            Ok(is_all) => {
                if is_all {
                    self.trouble(&path, None);
                }
                is_all
            }
            Err(error) => {
                self.trouble(&path, Some(error.to_string()));
                true
            }
        }
    }

    /// Looks at who holds the logs, and brings those of dead processes to their ends. That may mean to repair a large
    /// file: nobody waits for it.
    fn look_at_files(&mut self) {
        let dead: Vec<ProcessUid> = {
            let mut workers = self.shared.workers.lock();
            workers.values_mut().for_each(Worker::look_at_file);
            let is_dead = |worker: &&Worker| worker.is_to_be_salvaged();
            workers.values().filter(is_dead).map(|worker| worker.kept.uid).collect()
        };
        let Settings { read_only, says_repairs, .. } = self.shared.settings;
        for uid in dead.into_iter().filter(|_| !read_only) {
            let tail = self.shared.workers.lock().get_mut(&uid).and_then(Worker::lend);
            let Some(tail) = tail else { continue };
            // What it says stands in the worker's state, too.
            let said = self.salvager.look_at(&tail, ReadOptions::default());
            if let Some(worker) = self.shared.workers.lock().get_mut(&uid) {
                worker.take_back(tail);
            }
            said.filter(|_| says_repairs).iter().for_each(say);
            // What it had left in memory.
            while !self.read_one(uid) && !self.shared.is_stopped() {}
            self.shared.workers.lock().get_mut(&uid).map(Worker::look_at_file);
        }
    }

    /// Tells what changed of each worker; with `files`, looks at their files first. Says whether anything did.
    fn look(&mut self, now: LogTime, files: bool) -> bool {
        if files {
            self.look_at_files();
        }
        let before = self.events.len();
        self.tell(now);
        let mut workers = self.shared.workers.lock();
        if files {
            workers.values_mut().for_each(|worker| worker.let_go_if_done(now));
        }
        if let Some(see) = &mut self.see {
            self.events.extend(see.round(&workers, now));
        }
        if !self.shared.settings.keeps_history() {
            forget_over(&mut workers, &mut self.files, &mut self.read);
        }
        let waiting = self.events.len().saturating_sub(EVENTS_WAITING);
        self.events.drain(..waiting);
        self.events.len() > before
    }

    /// Tells what is new of each worker.
    fn tell(&mut self, now: LogTime) {
        let zombie_after_ns = self.shared.settings.zombie_after_ns;
        for worker in self.shared.workers.lock().values_mut() {
            self.events.extend(worker.news(now, zombie_after_ns));
            worker.note_state(now, zombie_after_ns);
        }
    }
}

/// Those that ended last. What was open then, and how far their stages were, is in their logs alone.
fn again(known: &BTreeMap<ProcessUid, Worker>) -> BTreeSet<ProcessUid> {
    let mut ended: Vec<_> = known.values().filter(|worker| worker.kept.is_done).collect();
    ended.sort_by_key(|worker| Reverse(worker.kept.ended_ms));
    ended.into_iter().take(AGAIN).map(|worker| worker.kept.uid).collect()
}

/// Forgets the workers whose logs say nothing more.
fn forget_over(
    workers: &mut BTreeMap<ProcessUid, Worker>,
    files: &mut BTreeMap<File, Known>,
    read: &mut BTreeMap<ProcessUid, i64>,
) {
    for (uid, worker) in workers.extract_if(.., |_, worker| worker.tail().is_none()) {
        let (_, _, modified) = worker.kept.stamp;
        files.insert(worker.file(), Known::Over(modified));
        read.remove(&uid);
    }
}
