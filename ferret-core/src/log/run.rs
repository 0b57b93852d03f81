//! A run: several logs read as one, merged by time; new members are picked up as they appear.
//!
//! Each log is put in order of the latest time seen in it so far (across its threads, time may go
//! back), and the merge always takes the log that is furthest behind. A log that is silent is not
//! waited for: what it says later comes later.

use super::error::LogError;
use super::info::{Damage, ReadOptions};
use super::members::{self, Named};
use super::merged::Merged;
use super::piece::Piece;
use super::tail::Tail;
use super::watch::{Waker, Watch};
use crate::event::{Entry, LogIndex, LogTime, Offset, Opened};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Entries that are decoded ahead for each log while merging.
const AHEAD: usize = 4_096;

/// New members are looked for this often even where nothing notifies of them.
const SCAN_EVERY: Duration = Duration::from_secs(1);

/// Several logs, open and read together.
#[derive(Debug)]
pub struct Run {
    named: Vec<Named>,
    options: ReadOptions,
    tails: Vec<Tail>,
    queues: Vec<Queue>,
    /// Files that are open, or could not be opened and did not change since.
    known: BTreeSet<(u64, u64)>,
    problems: Vec<LogError>,
    watch: Watch,
    next_scan: Instant,
}

/// What is read of one log and not yet merged.
#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Entry>,
    /// The latest time merged.
    reached: LogTime,
    /// Nothing more is there for now.
    at_end: bool,
    /// It cannot be read any more.
    dead: bool,
}

impl Run {
    /// Opens the logs that `paths` name: a head with its whole family, a single log, or a folder
    /// with all logs in it.
    ///
    /// # Errors
    ///
    /// Nothing is there, or none of it can be read.
    pub fn open(paths: &[PathBuf], options: &ReadOptions) -> Result<Self, LogError> {
        let named = paths.iter().map(|path| Named::resolve(path)).collect::<Result<Vec<_>, _>>()?;
        let mut run = Self {
            watch: Watch::new(&named),
            named,
            options: *options,
            tails: Vec::new(),
            queues: Vec::new(),
            known: BTreeSet::new(),
            problems: Vec::new(),
            next_scan: instant(),
        };
        run.scan();
        if run.tails.is_empty() {
            return Err(run.problems.pop().unwrap_or_else(|| {
                let path = paths.first().cloned().unwrap_or_default();
                if path.is_dir() {
                    LogError::empty_folder(path)
                } else {
                    LogError::NotFound { path }
                }
            }));
        }
        Ok(run)
    }

    /// The logs that are open here once more, in the same order, from their beginnings: for who looks
    /// at another part of them meanwhile. New members it does not look for.
    ///
    /// # Errors
    ///
    /// One of them cannot be opened any more.
    pub fn again(&self) -> Result<Self, LogError> {
        let options = self.options;
        let tails: Result<Vec<_>, _> = self.tails.iter().map(|tail| tail.again(&options)).collect();
        Ok(Self::of_tails(tails?, options))
    }

    /// A run of this log alone, whatever family it is of, from where it has been read to.
    pub fn of(tail: Tail, options: &ReadOptions) -> Self {
        Self::of_tails(vec![tail], *options)
    }

    fn of_tails(tails: Vec<Tail>, options: ReadOptions) -> Self {
        Self {
            named: Vec::new(),
            options,
            queues: tails.iter().map(|_| Queue::default()).collect(),
            tails,
            known: BTreeSet::new(),
            problems: Vec::new(),
            watch: Watch::new(&[]),
            next_scan: instant() + SCAN_EVERY,
        }
    }

    /// The next entry of `log` is the one at `offset`, or the first one there is behind it.
    pub fn seek(&mut self, log: LogIndex, offset: Offset) {
        if let (Some(tail), Some(queue)) = (self.tails.get_mut(log.0), self.queues.get_mut(log.0)) {
            tail.seek(offset);
            *queue = Queue::default();
        }
    }

    /// The next entries, merged by time, `max_entries` at most. Empty: nothing now.
    ///
    /// # Errors
    ///
    /// No log can be read any more. A single one that fails is listed in [`Run::problems`].
    pub fn poll(&mut self, max_entries: usize) -> Result<Vec<(LogIndex, Entry)>, LogError> {
        self.look_for_members();
        self.queues.iter_mut().for_each(|queue| queue.at_end = false);
        let mut list = Vec::new();
        while list.len() < max_entries {
            for index in 0..self.tails.len() {
                self.fill(index)?;
            }
            let Some(index) = self.furthest_behind() else { break };
            self.take_run(index, max_entries, &mut list);
        }
        Ok(list)
    }

    /// The next parts, into memory that is used again, for who reads much: `merged` then has at least
    /// `min_entries`, unless there are no more now, and up to a segment more. Segments are merged by the
    /// times of their first entries.
    ///
    /// # Errors
    ///
    /// As for [`Run::poll`].
    pub fn poll_into(&mut self, min_entries: u64, merged: &mut Merged) -> Result<(), LogError> {
        merged.clear();
        self.look_for_members();
        for (index, queue) in self.queues.iter_mut().enumerate() {
            queue.at_end = false;
            queue.entries.drain(..).for_each(|entry| merged.parts.push(entry));
            merged.end_stretch(LogIndex(index));
        }
        while merged.entries() < min_entries {
            let Some((time, index)) = self.next_log()? else { break };
            self.queues[index].reached = time;
            self.tails[index].next_parts(&mut merged.parts);
            merged.end_stretch(LogIndex(index));
        }
        Ok(())
    }

    /// The next pieces, about so many bytes of them, to be decoded by the caller: what [`Run::poll_into`]
    /// would decode itself. Blocks are merged by the times of their first entries. Empty: nothing now.
    ///
    /// # Errors
    ///
    /// As for [`Run::poll`].
    pub fn fetch(&mut self, bytes: usize) -> Result<Vec<Piece>, LogError> {
        self.look_for_members();
        for index in 0..self.queues.len() {
            self.queues[index].at_end = false;
            if let Some(first) = self.queues[index].entries.front() {
                self.seek(LogIndex(index), first.offset);
            }
        }
        let (mut pieces, mut fetched) = (Vec::new(), 0);
        while fetched < bytes {
            let Some((time, index)) = self.next_log()? else { break };
            self.queues[index].reached = time;
            let taken = self.tails[index].take_pieces(LogIndex(index));
            fetched += taken.iter().map(Piece::bytes).sum::<usize>();
            pieces.extend(taken);
        }
        Ok(pieces)
    }

    /// A piece did not decode: what [`Run::poll_into`] would have noted.
    pub fn report(&mut self, log: LogIndex, damage: Damage) {
        if let Some(tail) = self.tails.get_mut(log.0) {
            tail.report(damage);
        }
    }

    /// The log that is furthest behind, and its next segment's place in the merge.
    fn next_log(&mut self) -> Result<Option<(LogTime, usize)>, LogError> {
        let mut behind: Option<(LogTime, usize)> = None;
        for index in 0..self.tails.len() {
            let next = self.next_time(index)?.map(|time| (time, index));
            behind = behind.into_iter().chain(next).min();
        }
        Ok(behind)
    }

    /// Where the next segment of a log stands in the merge.
    fn next_time(&mut self, index: usize) -> Result<Option<LogTime>, LogError> {
        let (tail, queue) = (&mut self.tails[index], &mut self.queues[index]);
        if queue.dead || queue.at_end {
            return Ok(None);
        }
        match tail.next_time() {
            Ok(time) => {
                queue.at_end = time.is_none();
                Ok(time.map(|time| time.max(queue.reached)))
            }
            Err(error) => self.fails(index, error).map(|()| None),
        }
    }

    fn look_for_members(&mut self) {
        if instant() >= self.next_scan || self.watch.take_news() {
            self.scan();
        }
    }

    /// Waits until a log changes or [`Run::waker`] ends it, for `timeout` at most.
    pub fn wait(&mut self, timeout: Duration) {
        self.watch.wait(timeout);
    }

    /// What ends [`Run::wait`] early, from any thread.
    pub fn waker(&self) -> Waker {
        self.watch.waker()
    }

    /// The open logs, by [`LogIndex`]; it only ever grows.
    pub fn logs(&self) -> &[Tail] {
        &self.tails
    }

    /// One log, to look closer at.
    pub fn log_mut(&mut self, index: LogIndex) -> Option<&mut Tail> {
        self.tails.get_mut(index.0)
    }

    /// What is open before the entry at `offset` of a log: see [`Tail::next_opened`].
    pub fn next_opened(&mut self, log: LogIndex, offset: Offset) -> Option<Opened> {
        self.tails.get_mut(log.0)?.next_opened(offset)
    }

    /// Logs of this run that could not be read, and why.
    pub fn problems(&self) -> &[LogError] {
        &self.problems
    }

    /// Another log is under the name of this run's head: this run is finished, a new one began.
    pub fn replaced(&self) -> bool {
        self.named.iter().any(|named| {
            let Named::Head { path, identity, .. } = named else { return false };
            fs::metadata(path).is_ok_and(|now| (now.dev(), now.ino()) != *identity)
        })
    }

    fn scan(&mut self) {
        self.next_scan = instant() + SCAN_EVERY;
        for path in self.named.iter().flat_map(Named::files).collect::<Vec<_>>() {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if self.known.insert((metadata.dev(), metadata.ino())) {
                self.add(&path);
            }
        }
    }

    fn add(&mut self, path: &Path) {
        match Tail::open(path, &self.options) {
            Ok(tail) => {
                self.tails.push(tail);
                self.queues.push(Queue::default());
            }
            Err(error) => self.problems.push(error),
        }
    }

    /// Decodes ahead, unless there is enough or nothing more.
    fn fill(&mut self, index: usize) -> Result<(), LogError> {
        let (tail, queue) = (&mut self.tails[index], &mut self.queues[index]);
        if queue.dead || queue.at_end || !queue.entries.is_empty() {
            return Ok(());
        }
        match tail.poll(AHEAD) {
            Ok(entries) => {
                queue.at_end = entries.len() < AHEAD;
                queue.entries = entries.into();
                Ok(())
            }
            Err(error) => self.fails(index, error),
        }
    }

    /// A log cannot be read any more: an error if it was the last that could.
    fn fails(&mut self, index: usize, error: LogError) -> Result<(), LogError> {
        self.queues[index].dead = true;
        if self.queues.iter().all(|queue| queue.dead) {
            return Err(error);
        }
        self.problems.push(error);
        Ok(())
    }

    fn furthest_behind(&self) -> Option<usize> {
        let waiting = self.queues.iter().enumerate();
        let times = waiting.filter_map(|(index, queue)| Some((queue.next_time()?, index)));
        times.min().map(|(_, index)| index)
    }

    /// Takes entries of one log as long as no other is further behind.
    fn take_run(&mut self, index: usize, max: usize, list: &mut Vec<(LogIndex, Entry)>) {
        let others = self.queues.iter().enumerate().filter(|(other, _)| *other != index);
        let until = others.filter_map(|(_, queue)| queue.next_time()).min();
        let queue = &mut self.queues[index];
        let (mut count, room) = (0, max.saturating_sub(list.len()));
        for entry in queue.entries.iter().take(room) {
            let time = entry.time.max(queue.reached);
            if until.is_some_and(|until| time > until) {
                break;
            }
            queue.reached = time;
            count += 1;
        }
        list.extend(queue.entries.drain(..count).map(|entry| (LogIndex(index), entry)));
    }
}

impl Queue {
    /// Where the next entry stands in the merge.
    fn next_time(&self) -> Option<LogTime> {
        self.entries.front().map(|entry| entry.time.max(self.reached))
    }
}

/// The log in `folder` that is being written, the newest if there are several.
///
/// # Errors
///
/// The folder cannot be read.
pub fn find_log(folder: &Path) -> Result<Option<PathBuf>, LogError> {
    members::newest_owned(folder)
}

#[expect(clippy::disallowed_methods, reason = "times its own waiting")]
fn instant() -> Instant {
    Instant::now()
}
