//! Which spans are open, without reading the whole log: stacks kept for silent threads, checkpoints
//! that name the last keyframe of the others, and the blocks since.

mod at;

use super::block;
use super::codec::{CodecError, Input};
use super::error::LogError;
use super::info::Damage;
use super::lease::Lease;
use super::open_tasks::OpenTasks;
use super::schema::{self, Checkpoint, OpenStack, RowKind};
use super::segment::{Segment, get_keyframe};
use super::source::{Order, ReadError};
use super::tail::Tail;
use super::task_rows::FIRST_KEY;
use crate::event::{CallsiteKind, LogTime, Offset, OpenTask, ThreadId, ThreadStack};
use redb::{ReadTransaction, ReadableTable};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Checkpoints to go back for the log's end: a thread silent for longer is in `open`.
const RECENT_CHECKPOINTS: usize = 4;

/// Block bytes that are looked at in one read transaction.
pub(super) const AT_ONCE: usize = 8 << 20;
/// Block bytes that are looked at in all: some seconds at full speed. A log without checkpoints,
/// as scavenging makes them, must not be read as a whole.
pub(super) const IN_ALL: usize = 512 << 20;

/// What is open in a log at one point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Threads that have a frame open: their stacks (the innermost 32 frames at the last keyframe
    /// and those since), and the times of their last entries.
    pub threads: Vec<(ThreadId, ThreadStack, LogTime)>,
    /// The open async spans, those that were made and not polled yet, and the places that are held. Of a
    /// moment before the log's end those of then that still are: of the others nothing is known.
    pub tasks: Vec<OpenTask>,
    /// The offset of the first entry that is not in it: where to go on reading.
    pub next: Offset,
}

/// What has been found so far, on the way from the log's end back.
#[derive(Debug, Default)]
struct Search {
    silent: Vec<(u64, Vec<u8>)>,
    /// Where each thread's last segment began, as the checkpoints say.
    keyframes: BTreeMap<ThreadId, Offset>,
    /// Each thread's last segment: its first entry, its bytes.
    last: BTreeMap<ThreadId, (Offset, Vec<u8>)>,
    /// Blocks from here on have been looked at.
    reached: Offset,
    /// Nothing before is needed.
    until: Offset,
    bytes: usize,
    next: Offset,
    tasks: OpenTasks,
    damages: Vec<Damage>,
}

impl Tail {
    /// What is open at the log's end.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn snapshot(&mut self) -> Result<Snapshot, LogError> {
        self.refresh()?;
        let (is_believed, has_tasks) = (self.is_believed(), self.has_tasks());
        let (source, path) = self.source();
        let mut search = Search::default();
        source.read_in_turns(path, |txn, lease| search.begin(txn, lease, is_believed))?;
        while search.reached > search.until && search.bytes < IN_ALL {
            source.read(path, |txn| search.go_back(txn, Lease::begin()))?;
        }
        source.read_in_turns(path, |txn, lease| search.fetch_keyframes(txn, lease))?;
        if has_tasks {
            search.tasks.read_on(source, path)?;
        }
        let (snapshot, damages) = search.finish();
        for damage in damages {
            self.report(damage);
        }
        Ok(snapshot)
    }

    /// Whether there may be entries of async spans: where no callsite is async, there are none.
    fn has_tasks(&self) -> bool {
        let callsites = &self.names().callsites;
        let mut kinds = callsites.values().map(|callsite| callsite.kind);
        kinds.any(CallsiteKind::is_async) || callsites.is_empty() || self.damage().1 > 0
    }

    /// The open stacks at the last checkpoint before `time`, or at the log's beginning: fold the
    /// entries from its `next` on, as far as `time`. Of a damaged log at its beginning.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn snapshot_before(&mut self, time: LogTime) -> Result<Snapshot, LogError> {
        self.refresh()?;
        if !self.is_believed() {
            return Ok(Snapshot::default());
        }
        let (source, path) = self.source();
        let mut search = Search::default();
        let mut behind = Bound::Included(time.0);
        source.read_in_turns(path, |txn, lease| search.begin_before(txn, &mut behind, lease))?;
        source.read_in_turns(path, |txn, lease| search.fetch_keyframes(txn, lease))?;
        let (snapshot, damages) = search.finish();
        for damage in damages {
            self.report(damage);
        }
        Ok(snapshot)
    }
}

impl Search {
    /// Finds the last checkpoint up to `behind`, and what it and those before it say, back to one
    /// that is full; false if the lease was over first, and `behind` then says how far it came.
    fn begin_before(
        &mut self,
        txn: &ReadTransaction,
        behind: &mut Bound<u64>,
        lease: Lease,
    ) -> Result<bool, ReadError> {
        let mut order = Order::new();
        let table = txn.open_table(schema::CHECKPOINTS)?;
        for row in table.range::<u64>((Bound::Unbounded, *behind))?.rev() {
            let (key, row) = row?;
            *behind = Bound::Excluded(order.down(key.value())?);
            let read =
                schema::read_row::<Checkpoint>(RowKind::Checkpoint, key.value(), row.value());
            let Ok(checkpoint) = read else { continue };
            // Later ones were seen first.
            if self.keyframes.is_empty() && self.next == Offset(0) {
                self.next = checkpoint.next;
            }
            for (thread, first) in checkpoint.keyframes {
                self.keyframes.entry(thread).or_insert(first);
            }
            if checkpoint.full {
                break;
            }
            if lease.is_over() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Finds who is silent, then the log's end, and how far there is to go back; false if the lease
    /// was over first. In this order: what a thread did after it was silent is found in the blocks. Of a log
    /// that is not believed the blocks alone say so: the rows may be older than they.
    fn begin(
        &mut self,
        txn: &ReadTransaction,
        lease: Lease,
        is_believed: bool,
    ) -> Result<bool, ReadError> {
        if is_believed && !self.begin_by_rows(txn, lease)? {
            return Ok(false);
        }
        let last = txn.open_table(schema::BLOCKS)?;
        let last = last.last()?;
        let header = last.and_then(|(_, block)| block::Header::read(block.value()).ok());
        self.next = header.map_or(Offset(0), |header| header.next());
        self.reached = self.next;
        if is_believed {
            self.tasks = OpenTasks::begin(txn, self.next)?;
        }
        Ok(true)
    }

    fn begin_by_rows(&mut self, txn: &ReadTransaction, lease: Lease) -> Result<bool, ReadError> {
        let last = self.silent.last().map(|(key, _)| *key);
        let mut order = Order::beyond(last);
        let from = last.map_or(1, |last| last + 1);
        for row in txn.open_table(schema::OPEN)?.range(from..FIRST_KEY)? {
            let (key, row) = row?;
            self.silent.push((order.up(key.value())?, row.value().to_vec()));
            if lease.is_over() {
                return Ok(false);
            }
        }
        let mut before_last = None;
        let checkpoints = txn.open_table(schema::CHECKPOINTS)?;
        for (number, row) in
            checkpoints.range::<u64>(..)?.rev().take(RECENT_CHECKPOINTS).enumerate()
        {
            let (key, row) = row?;
            // A damaged one is as good as none: the ones before it name older keyframes.
            let Ok(checkpoint) =
                schema::read_row::<Checkpoint>(RowKind::Checkpoint, key.value(), row.value())
            else {
                continue;
            };
            if number > 0 && before_last.is_none() {
                before_last = Some(checkpoint.next);
            }
            for (thread, first) in checkpoint.keyframes {
                // Newest first: what is there already is later.
                self.keyframes.entry(thread).or_insert(first);
            }
        }
        self.until = before_last.unwrap_or(Offset(0));
        Ok(true)
    }

    /// Looks at the blocks before those that were looked at.
    fn go_back(&mut self, txn: &ReadTransaction, lease: Lease) -> Result<(), ReadError> {
        let blocks = txn.open_table(schema::BLOCKS)?;
        let enough = self.bytes + AT_ONCE;
        let mut order = Order::beyond(Some(self.reached.0));
        for row in blocks.range(..self.reached.0)?.rev() {
            let (key, block) = row?;
            self.reached = Offset(order.down(key.value())?);
            self.bytes += block.value().len();
            self.look(self.reached, block.value(), |_| true);
            if self.reached <= self.until || self.bytes >= enough || lease.is_over() {
                return Ok(());
            }
        }
        self.reached = self.until;
        Ok(())
    }

    /// Fetches the keyframes from before; false if the lease was over first.
    fn fetch_keyframes(&mut self, txn: &ReadTransaction, lease: Lease) -> Result<bool, ReadError> {
        let blocks = txn.open_table(schema::BLOCKS)?;
        while let Some((thread, first)) = self.keyframes.pop_first() {
            if self.last.contains_key(&thread) {
                continue;
            }
            if let Some(row) = blocks.range(..=first.0)?.next_back() {
                let (key, block) = row?;
                let is_it = |segment: &Segment<'_>| segment.first() == first;
                self.look(Offset(key.value()), block.value(), is_it);
            }
            if lease.is_over() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps the block's last wanted segment of each thread that has none yet.
    fn look(&mut self, key: Offset, block: &[u8], wanted: impl Fn(&Segment<'_>) -> bool) {
        for (thread, (first, bytes)) in self.segments(key, block, |segment| Ok(wanted(segment))) {
            self.last.entry(thread).or_insert_with(|| (first, bytes.to_vec()));
        }
    }

    /// The block's last wanted segment of each thread.
    fn segments<'b>(
        &mut self,
        key: Offset,
        block: &'b [u8],
        wanted: impl Fn(&Segment<'_>) -> Result<bool, CodecError>,
    ) -> BTreeMap<ThreadId, (Offset, &'b [u8])> {
        let mut found = BTreeMap::new();
        let result = block::verify(block).and_then(|(_, mut bytes)| {
            let mut first = key;
            while !bytes.is_empty() {
                let (segment, rest) = Segment::split(first, bytes)?;
                if wanted(&segment)? {
                    let own = &bytes[..bytes.len() - rest.len()];
                    found.insert(segment.thread()?, (segment.first(), own));
                }
                (first, bytes) = (segment.next(), rest);
            }
            Ok(())
        });
        if let Err(error) = result {
            self.damages.push(Damage { offset: key, what: error.to_string() });
        }
        found
    }

    /// Decodes what was found.
    fn finish(self) -> (Snapshot, Vec<Damage>) {
        let mut damages = self.damages;
        let (tasks, unread) = self.tasks.finish();
        damages.extend(unread);
        let mut stacks: BTreeMap<ThreadId, (Offset, ThreadStack, LogTime)> = BTreeMap::new();
        for (key, row) in &self.silent {
            match read_silent(*key, row) {
                Ok((thread, next, stack, time)) => drop(stacks.insert(thread, (next, stack, time))),
                Err(error) => damages.push(Damage { offset: self.next, what: error.to_string() }),
            }
        }
        for (thread, (first, bytes)) in &self.last {
            if stacks.get(thread).is_some_and(|(next, ..)| first < next) {
                continue;
            }
            match last_stack(*first, bytes) {
                Ok((stack, time)) => drop(stacks.insert(*thread, (*first, stack, time))),
                Err(error) => damages.push(Damage { offset: *first, what: error.to_string() }),
            }
        }
        let threads = stacks
            .into_iter()
            .filter(|(_, (_, stack, _))| stack.depth() > 0)
            .map(|(thread, (_, stack, time))| (thread, stack, time));
        (Snapshot { threads: threads.collect(), tasks, next: self.next }, damages)
    }
}

pub(super) fn read_silent(
    key: u64,
    row: &[u8],
) -> Result<(ThreadId, Offset, ThreadStack, LogTime), CodecError> {
    let open: OpenStack = schema::read_row(RowKind::Open, key, row)?;
    let thread =
        u32::try_from(key).map_err(|_too_large| CodecError("a thread's id exceeds 32 bits"))?;
    let stack = get_keyframe(&mut Input::new(&open.keyframe), open.time)?;
    Ok((ThreadId(thread), open.next, stack, open.time))
}

/// The stack behind a segment's last entry.
fn last_stack(first: Offset, bytes: &[u8]) -> Result<(ThreadStack, LogTime), CodecError> {
    let (segment, _) = Segment::split(first, bytes)?;
    let mut entries = segment.entries()?;
    entries.decode_into(Offset(u64::MAX), &mut Vec::new())?;
    Ok((entries.stack().clone(), entries.time()))
}
