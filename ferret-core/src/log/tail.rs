//! The tail of one log: entries from any offset on, as they appear. The only way any command reads
//! a log.
//!
//! A poll copies a bounded number of blocks out of one short read transaction (a transaction that
//! stays open pins pages, and the file grows), then verifies and decodes outside of it. What is
//! damaged is skipped and reported; reading goes on behind it.

mod parts;

use super::cursor::BlockCursor;
use super::error::LogError;
use super::fetch::{Ends, Place, blocks_from, ends, is_behind_gap};
use super::info::{Damage, Integrity, LogInfo, ReadOptions};
use super::lock;
use super::middle::{Middle, OpenRows};
use super::name_rows::NameRows;
use super::open;
use super::source::Source;
use super::verify;
use crate::event::{Entry, LogTime, Names, Offset, Opened};
use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Damages that are told one by one; further ones are counted.
const MAX_DAMAGES: usize = 1_000;

/// One open log, and how far it has been read.
#[derive(Debug)]
pub struct Tail {
    source: Source,
    options: ReadOptions,
    file: File,
    identity: (u64, u64),
    info: LogInfo,
    names: NameRows,
    place: Place,
    fetched: VecDeque<(Offset, Vec<u8>)>,
    cursor: Option<BlockCursor>,
    /// Decoded and not yet yielded, in order.
    ready: VecDeque<Entry>,
    damages: Vec<Damage>,
    damage_count: u64,
    /// Where the log began when the place was chosen.
    began: Offset,
    /// The latest time in the blocks that were read.
    reached: LogTime,
    /// Entries dropped since, before they were read.
    missed: u64,
    middle: Middle,
    /// Blocks of which all is later are not decoded.
    until: Option<LogTime>,
    left_out: bool,
}

impl Tail {
    /// Opens the log at `path`. A log whose process was killed is repaired first, or, where it
    /// cannot be written, recovered in memory. One of another boot or machine is read as a whole
    /// once, to verify it: 0.8 s a GB that is in memory. What does not verify is damage
    /// ([`Tail::damage`]), and [`LogInfo::integrity`] says so.
    ///
    /// # Errors
    ///
    /// There is no log, it is damaged beyond reading, or it is locked for too long.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self, LogError> {
        Self::of(path, open::open(path, *options)?, *options)
    }

    /// The same file once more, whatever has its name by now, from its beginning.
    ///
    /// # Errors
    ///
    /// As for [`Tail::open`].
    pub fn again(&self, options: &ReadOptions) -> Result<Self, LogError> {
        let path = &self.info.path;
        let (file, known) = (self.same_file(false)?, Some(self.info.integrity));
        Self::of(path, open::open_in(path, file, *options, known)?, *options)
    }

    /// The file, with locks of its own.
    pub(super) fn same_file(&self, write: bool) -> Result<File, LogError> {
        let path = &self.info.path;
        let file = open::again(path, &self.file, write)
            .map_err(|error| LogError::io(path, "open", error))?;
        let found = file.metadata().map_err(|error| LogError::io(path, "stat", error))?;
        if (found.dev(), found.ino()) == self.identity {
            Ok(file)
        } else {
            Err(LogError::NotFound { path: path.clone() })
        }
    }

    fn of(path: &Path, opened: open::Opened, options: ReadOptions) -> Result<Self, LogError> {
        let open::Opened { source, file, meta, repaired, integrity } = opened;
        let metadata = file.metadata().map_err(|error| LogError::io(path, "stat", error))?;
        let mut tail = Self {
            source,
            options,
            file,
            identity: (metadata.dev(), metadata.ino()),
            info: LogInfo::new(path, meta, repaired, integrity),
            names: NameRows::default(),
            place: Place::At(Offset(0)),
            fetched: VecDeque::new(),
            cursor: None,
            ready: VecDeque::new(),
            damages: Vec::new(),
            damage_count: 0,
            began: Offset(0),
            reached: LogTime::default(),
            missed: 0,
            middle: Middle::default(),
            until: None,
            left_out: false,
        };
        tail.refresh()?;
        tail.began = tail.info.first_offset;
        tail.set_integrity(integrity);
        Ok(tail)
    }

    /// The next entry to yield is the one at `offset`, or the first one there is behind it.
    pub fn seek(&mut self, offset: Offset) {
        self.place = Place::At(offset);
        self.fetched.clear();
        self.cursor = None;
        self.ready.clear();
        self.began = self.info.first_offset;
        self.middle.clear();
    }

    /// What is open before the entry at `offset`, which [`Tail::poll`] gave: where the log does not
    /// tell that from its beginning, or entries were missed. Each is given once, before its entry;
    /// ask until there is no more.
    pub fn next_opened(&mut self, offset: Offset) -> Option<Opened> {
        self.middle.next(offset)
    }

    /// Leaves out blocks in which nothing is as early as this. What is left may be later too: that a block was left out
    /// tells [`Tail::has_left_out`].
    pub fn leave_out_behind(&mut self, until: LogTime) {
        self.until = Some(until);
    }

    /// Whether a block was, of which all is behind [`Tail::leave_out_behind`].
    pub fn has_left_out(&self) -> bool {
        self.left_out
    }

    /// Entries that were dropped from the log before this could read them, since it was opened.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// The entries now available from where the last poll ended, `max_entries` at most. Empty: at
    /// the end, for now.
    ///
    /// # Errors
    ///
    /// The file is damaged as a whole, or out of reach. Damage to a part is no error: see
    /// [`Tail::damage`].
    pub fn poll(&mut self, max_entries: usize) -> Result<Vec<Entry>, LogError> {
        let mut entries: Vec<Entry> = Vec::new();
        let ready = self.ready.len().min(max_entries);
        entries.extend(self.ready.drain(..ready));
        self.decode(max_entries, &mut entries)?;
        if entries.len() > max_entries {
            self.ready.extend(entries.drain(max_entries..));
        }
        Ok(entries)
    }

    /// Decodes segment by segment until there are so many in `entries`, or no more.
    fn decode(&mut self, enough: usize, entries: &mut Vec<Entry>) -> Result<(), LogError> {
        while entries.len() < enough && self.begin_segment()?.is_some() {
            let Some(cursor) = &mut self.cursor else { break };
            let resume = &mut self.middle;
            let see = |first, thread, stack: &_| resume.meets(first, thread, stack);
            let decoded = cursor.next_entries(entries, see);
            self.end_segment(decoded);
        }
        Ok(())
    }

    /// Goes to the next segment; says when it begins. None at the end, for now.
    fn begin_segment(&mut self) -> Result<Option<LogTime>, LogError> {
        loop {
            if let Some(cursor) = &self.cursor {
                match cursor.next_time() {
                    Ok(Some(time)) => return Ok(Some(time)),
                    Ok(None) => self.cursor = None,
                    // Its decoder tells it.
                    Err(_) => return Ok(Some(self.reached)),
                }
            } else if let Some((key, block)) = self.fetched.pop_front() {
                self.begin_block(key, block);
            } else if !self.fetch()? {
                return Ok(None);
            }
        }
    }

    fn end_segment(&mut self, decoded: Result<bool, Damage>) {
        match decoded {
            Ok(true) => {}
            Ok(false) => self.cursor = None,
            Err(damage) => {
                self.cursor = None;
                self.report(damage);
            }
        }
    }

    /// The names that the entries yielded so far refer to, and maybe more.
    pub fn names(&self) -> &Names {
        self.names.names()
    }

    /// What is known of the log, as of the last poll.
    pub fn info(&self) -> &LogInfo {
        &self.info
    }

    /// Whether a live process owns the file; `None` if that cannot be told from here. Whether the log's process
    /// lives is more than that: see `ferret::is_alive`.
    pub fn owned(&self) -> Option<bool> {
        self.file.try_clone().ok().and_then(lock::is_owned)
    }

    /// What could not be read so far: the first thousand places, and how many there are in all.
    /// A name that could not be read is counted, and shown as `?`.
    pub fn damage(&self) -> (&[Damage], u64) {
        (&self.damages, self.damage_count + self.names.damaged_rows())
    }

    /// The file's device and inode, which tell it from another under the same name.
    pub fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Brings [`Tail::info`] and [`Tail::names`] up to date without reading entries.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn refresh(&mut self) -> Result<(), LogError> {
        if !self.renew()? {
            return Ok(());
        }
        let (names, mut found) = (&mut self.names, Ends::default());
        self.source.read_in_turns(&self.info.path, |txn, lease| {
            found = ends(txn)?;
            names.update(txn, lease)
        })?;
        self.set_ends(found);
        Ok(())
    }

    pub(super) fn source(&mut self) -> (&mut Source, &Path) {
        (&mut self.source, &self.info.path)
    }

    /// Verifies every page, unless a live process writes to the log or it has been done.
    pub(super) fn verify(&mut self) -> Result<(), LogError> {
        if self.info.integrity == Integrity::ThisBoot && !verify::is_live(&self.file) {
            self.set_integrity(verify::verify(&self.info.path, &self.file)?);
        }
        Ok(())
    }

    fn set_integrity(&mut self, integrity: Integrity) {
        self.info.integrity = integrity;
        if integrity == Integrity::Broken {
            let offset = self.info.first_offset;
            self.report(Damage { offset, what: verify::BROKEN.to_owned() });
        }
    }

    /// Whether what stands beside the entries is no older than they are.
    pub(super) fn is_believed(&self) -> bool {
        self.info.integrity != Integrity::Broken && self.damage_count == 0
    }

    /// Notes what could not be read.
    pub(super) fn report(&mut self, damage: Damage) {
        self.damage_count += 1;
        if self.damages.len() < MAX_DAMAGES {
            self.damages.push(damage);
        }
    }

    fn begin_block(&mut self, key: Offset, block: Vec<u8>) {
        let (wanted, expected) = match self.place {
            Place::At(offset) => (offset, None),
            Place::Behind { next, .. } => (next.unwrap_or(key), next),
        };
        let behind = Offset(key.0.saturating_add(1));
        match BlockCursor::new(key, block, wanted) {
            Ok(cursor) => {
                if let Some(expected) = expected {
                    self.look_back(expected, cursor.first());
                }
                self.reached = self.reached.max(cursor.times().1);
                let next = cursor.next().max(wanted);
                self.place = Place::Behind { key: behind, next: Some(next) };
                // Not all that follow: a thread that was silent for long may tell of something earlier yet. Nor one that
                // may say first what a thread had open.
                let is_behind = self.until.is_some_and(|until| cursor.times().0 > until)
                    && !self.middle.is_met_by_threads();
                self.left_out |= is_behind;
                self.cursor = (!is_behind).then_some(cursor);
            }
            Err(damage) => {
                self.place = Place::Behind { key: behind, next: None };
                self.report(damage);
            }
        }
    }

    /// Behind what was read up to `expected` comes `found`: what is between was dropped, or is missing.
    fn look_back(&mut self, expected: Offset, found: Offset) {
        let kept = self.info.first_offset.min(found).max(expected);
        let missed = kept.0.saturating_sub(expected.max(self.began).0);
        self.missed += missed;
        if kept > expected {
            self.middle.begins(found, self.info.first_time, missed);
        }
        if found > kept {
            let what = format!("{} entries are missing", found.0 - kept.0);
            self.report(Damage { offset: kept, what });
        }
    }

    /// Opens a log again that was recovered in memory, if it has been written since: its process lives, and could
    /// not write when it was opened, or somebody has repaired it. Whether it can be read now.
    fn renew(&mut self) -> Result<bool, LogError> {
        if !self.source.is_stale(&self.file) {
            return Ok(true);
        }
        let reopened = open::reopen(&self.info.path, &self.file, self.options)?;
        let is_open = reopened.is_some();
        if let Some(source) = reopened {
            self.source = source;
        }
        Ok(is_open)
    }

    /// Copies the next blocks; false if there are none.
    fn fetch(&mut self) -> Result<bool, LogError> {
        if !self.renew()? {
            return Ok(false);
        }
        match self.fetch_now() {
            // It was written meanwhile: it is opened again for the next poll.
            Err(error) if error.is_damage() && self.source.is_stale(&self.file) => Ok(false),
            fetched => fetched,
        }
    }

    fn fetch_now(&mut self) -> Result<bool, LogError> {
        let (place, enough, names) = (self.place, self.options.fetch_bytes(), &mut self.names);
        let (mut fetched, mut found, mut open) = (VecDeque::new(), Ends::default(), None);
        self.source.read_in_turns(&self.info.path, |txn, lease| {
            // Blocks only where all names are known that they may refer to.
            if !names.update(txn, lease)? {
                return Ok(false);
            }
            (fetched, found) = (blocks_from(txn, place, lease, enough)?, ends(txn)?);
            if is_behind_gap(place, &fetched, &found) {
                open = Some(OpenRows::read(txn)?);
            }
            Ok(true)
        })?;
        self.set_ends(found);
        for damage in open.map_or_else(Vec::new, |rows| self.middle.has_read(rows)) {
            self.report(damage);
        }
        self.fetched = fetched;
        Ok(!self.fetched.is_empty())
    }

    fn set_ends(&mut self, Ends { pruned, first, last, end, is_outlived }: Ends) {
        self.info.is_outlived = is_outlived;
        if let Some(end) = end {
            self.info.ends(end);
        }
        if let Some(first) = first {
            self.info.first_offset = first.first.max(pruned);
            self.info.first_time = first.min_time;
        }
        if let Some(last) = last {
            self.info.next_offset = last.next();
        }
        // A file that cannot be asked for its size any more keeps the last known one.
        if let Ok(metadata) = self.file.metadata() {
            self.info.bytes = metadata.blocks() * 512;
            self.info.length = metadata.len();
        }
    }
}
