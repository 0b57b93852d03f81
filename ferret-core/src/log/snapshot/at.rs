//! A log at a past moment: what was open then, and how far there are entries of before it.

use super::super::block;
use super::super::codec::CodecError;
use super::super::error::LogError;
use super::super::info::Damage;
use super::super::lease::Lease;
use super::super::open_tasks::OpenTasks;
use super::super::schema::{self, Checkpoint, RowKind};
use super::super::segment::Segment;
use super::super::source::{Order, ReadError};
use super::super::tail::Tail;
use super::{RECENT_CHECKPOINTS, Search, Snapshot};
use crate::event::{LogTime, Offset, ThreadId, ThreadStack};
use redb::{AccessGuard, ReadTransaction};
use std::ops::Bound;

/// What happens up to a moment is in the log when a checkpoint of so much later is, ns: a checkpoint in
/// the middle of a look at the threads does not have what the ones behind it did meanwhile.
const SETTLES_NS: u64 = 1_000_000_000;

/// A checkpoint may have entries that are so much later than it says, ns: of the look before it.
const MARGIN_NS: u64 = 250_000_000;

/// Behind a block of which nothing is so early there is nothing of the moment, ns: no thread's events
/// wait longer for their commit while it goes well.
const BEHIND_NS: u64 = 500_000_000;

/// Blocks at the end of a log of which one has its latest entry. The END of a process that was killed is dated when it
/// was heard of last, and what it did after that lies before it.
const LAST_BLOCKS: usize = 256;

impl Tail {
    /// The latest time of an entry: across threads time may go back, so that need not be the last entry's. The log's
    /// beginning where no block of its end can be read.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn last_time(&mut self) -> Result<LogTime, LogError> {
        self.refresh()?;
        let first = self.info().first_time;
        let (source, path) = self.source();
        source.read(path, |txn| {
            let mut last = first;
            for row in txn.open_table(schema::BLOCKS)?.range::<u64>(..)?.rev().take(LAST_BLOCKS) {
                let (_, block) = row?;
                let header = block::Header::read(block.value());
                last = last.max(header.map_or(first, |header| header.max_time));
            }
            Ok(last)
        })
    }

    /// How far to read to have met all entries up to `time`, though across threads time may go back:
    /// up to the entry of this offset. None where no checkpoint tells: to the end.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn settled(&mut self, time: LogTime) -> Result<Option<Offset>, LogError> {
        self.refresh()?;
        if !self.is_believed() {
            return Ok(None);
        }
        let (source, path) = self.source();
        let from = time.0.saturating_add(SETTLES_NS);
        source.read(path, |txn| first_next(txn.open_table(schema::CHECKPOINTS)?.range(from..)?))
    }

    /// Where to read from to miss no entry that is later than `time`: those before it are none.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn unsettled(&mut self, time: LogTime) -> Result<Offset, LogError> {
        self.refresh()?;
        if !self.is_believed() {
            return Ok(Offset(0));
        }
        let (source, path) = self.source();
        let until = time.0.saturating_sub(MARGIN_NS);
        let next = source.read(path, |txn| {
            first_next(txn.open_table(schema::CHECKPOINTS)?.range(..=until)?.rev())
        })?;
        Ok(next.unwrap_or_default())
    }

    /// The open stacks at `time`, of which no more is decoded than each thread's last segment; and where
    /// the entries of then end, nearly: [`Tail::settled`] says where there are no more of them for
    /// sure. Of the async spans of then those that have not ended since.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn snapshot_at(&mut self, time: LogTime) -> Result<Snapshot, LogError> {
        self.refresh()?;
        let (is_believed, has_tasks) = (self.is_believed(), self.has_tasks());
        let end = self.info().next_offset;
        let (source, path) = self.source();
        let mut search = Search::default();
        let mut tasks = OpenTasks::default();
        if has_tasks {
            tasks = source.read(path, |txn| OpenTasks::begin(txn, end))?;
            tasks.read_on(source, path)?;
        }
        if is_believed {
            let mut behind = Bound::Included(time.0.saturating_sub(MARGIN_NS));
            source
                .read_in_turns(path, |txn, lease| search.begin_before(txn, &mut behind, lease))?;
            source.read_in_turns(path, |txn, lease| search.fetch_keyframes(txn, lease))?;
        }
        source.read_in_turns(path, |txn, lease| search.go_on(txn, time, lease))?;
        let mut threads = Vec::new();
        let (mut tasks, mut damages) = tasks.finish();
        tasks.retain(|task| task.life.since().is_none_or(|since| since <= time));
        damages.append(&mut search.damages);
        for (thread, (first, bytes)) in &search.last {
            match stack_at(*first, bytes, time) {
                Ok((stack, at)) if stack.depth() > 0 => threads.push((*thread, stack, at)),
                Ok(_) => {}
                Err(error) => damages.push(Damage { offset: *first, what: error.to_string() }),
            }
        }
        for damage in damages {
            self.report(damage);
        }
        Ok(Snapshot { threads, tasks, next: search.next })
    }
}

impl Search {
    /// Keeps of each thread the last segment that begins by `time`, from `next` on; false if the lease
    /// was over first.
    fn go_on(
        &mut self,
        txn: &ReadTransaction,
        time: LogTime,
        lease: Lease,
    ) -> Result<bool, ReadError> {
        let mut order = Order::new();
        // A checkpoint is at the border of two blocks.
        for row in txn.open_table(schema::BLOCKS)?.range(self.next.0..)? {
            let (key, block) = row?;
            let key = Offset(order.up(key.value())?);
            let block = block.value();
            let Ok(header) = block::Header::read(block) else {
                self.next = Offset(key.0.saturating_add(1));
                continue;
            };
            if header.min_time > time.after(BEHIND_NS) {
                return Ok(true);
            }
            if header.min_time <= time {
                self.overtake(key, block, time);
            }
            self.next = header.next().max(Offset(key.0.saturating_add(1)));
            if lease.is_over() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn overtake(&mut self, key: Offset, block: &[u8], time: LogTime) {
        let begins_by = |segment: &Segment<'_>| {
            Ok(segment.time()? <= time && segment.thread()? != ThreadId::RECORDER)
        };
        for (thread, (first, bytes)) in self.segments(key, block, begins_by) {
            self.last.insert(thread, (first, bytes.to_vec()));
        }
    }
}

/// What the first of these checkpoints that can be read says where to read on: one that is damaged is as good as none.
fn first_next<'a>(
    checkpoints: impl Iterator<
        Item = redb::Result<(AccessGuard<'a, u64>, AccessGuard<'a, &'static [u8]>)>,
    >,
) -> Result<Option<Offset>, ReadError> {
    for row in checkpoints.take(RECENT_CHECKPOINTS) {
        let (key, row) = row?;
        let kind = RowKind::Checkpoint;
        if let Ok(checkpoint) = schema::read_row::<Checkpoint>(kind, key.value(), row.value()) {
            return Ok(Some(checkpoint.next));
        }
    }
    Ok(None)
}

/// The stack at `time` in the thread that the segment is of.
fn stack_at(
    first: Offset,
    bytes: &[u8],
    time: LogTime,
) -> Result<(ThreadStack, LogTime), CodecError> {
    let (segment, _) = Segment::split(first, bytes)?;
    let mut all = Vec::new();
    segment.entries()?.decode_into(Offset(0), &mut all)?;
    let until = all.iter().take_while(|entry| entry.time <= time).count();
    let mut entries = segment.entries()?;
    entries.skip(until)?;
    Ok((entries.stack().clone(), entries.time()))
}
