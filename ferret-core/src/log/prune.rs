//! Drops the oldest blocks of a log that is to stay within a size or an age, in the transaction that
//! appends.
//!
//! redb gives a page that is free to who needs one two commits later, and the file back never or
//! late. So what is held is the file's size: from [`BEGINS_AT`] of the limit on as much goes as
//! comes, and where the file grows beyond the limit, that much more. Rejected: adding up what the
//! blocks take, which knows nothing of the other tables nor of what lies free between.
//!
//! What readers need of what is open stays: no block goes whose last keyframe of a thread with an
//! open frame has no row in `open`, nor one behind which an async span without a row may lie. Nor
//! the first block, which is `PROCESS_START` alone: who was recorded, and what time it was.

use super::batch::Rows;
use super::block;
use super::limits::Limits;
use super::schema::{self, Checkpoint, RowKind};
use crate::event::{LogTime, Offset};
use redb::{ReadableTable, Table, WriteTransaction};

/// The newest second is always kept, ns.
const KEPT_NS: u64 = 1_000_000_000;
/// Dropping begins at so many sixteenths of the limit: a commit or two of pages wait to be used
/// again.
const BEGINS_AT: u64 = 15;
/// It ends, for the file has shrunk, at so many.
const ENDS_AT: u64 = 12;
/// With a commit goes so much more than twice what comes with it at most, bytes, that none takes long ...
const MOST_BYTES: u64 = 1 << 20;
/// ... in so many blocks.
const MOST_BLOCKS: usize = 512;

/// What is to be dropped of a log, by what has been written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pruner {
    max_bytes: u64,
    max_age_ns: u64,
    /// The file was so large that as much goes as comes.
    begun: bool,
    /// Bytes that are to go.
    owed: u64,
    /// The file's size at the last commit.
    last_bytes: u64,
    /// The oldest block that can go; none if it is not known.
    oldest: Option<Oldest>,
    /// Where the entries that are kept begin, but for the very first.
    first: Offset,
    /// Rows of threads that were removed.
    threads: u64,
    /// As of the last commit: what comes before tells nothing of what is open that no row does.
    needed_from: Offset,
    /// What went before anything had come for it, bytes.
    ahead: u64,
}

#[derive(Clone, Copy, Debug)]
struct Oldest {
    key: u64,
    max_time: LogTime,
    stored_bytes: u64,
    next: Offset,
}

impl Pruner {
    /// Nothing is dropped without a limit.
    pub(super) fn new(limits: Limits) -> Self {
        let (max_bytes, max_age_ns) = (limits.max_bytes(), limits.max_age_ns());
        Self { max_bytes, max_age_ns, ..Self::default() }
    }

    fn is_on(&self) -> bool {
        self.max_bytes > 0 || self.max_age_ns > 0
    }

    /// Drops what is to be dropped beside `rows`, which are written; the file takes so many bytes.
    /// Gives what is so once the transaction is in.
    pub(super) fn prune(
        &self,
        txn: &WriteTransaction,
        rows: &Rows<'_>,
        file_bytes: Option<u64>,
        now: LogTime,
    ) -> Result<Self, redb::Error> {
        let mut pruner = *self;
        if !self.is_on() {
            return Ok(pruner);
        }
        if !rows.ended.is_empty() {
            let mut table = txn.open_table(schema::ENDED)?;
            for (last, thread) in &rows.ended {
                table.insert(last.0, thread.0)?;
            }
        }
        let comes = rows.blocks.iter().map(|(_, block)| block::stored_bytes(block.len())).sum();
        pruner.owe(comes, file_bytes.unwrap_or(self.last_bytes));
        pruner.needed_from = rows.needed_from;
        if pruner.drop_blocks(txn, 2 * comes + MOST_BYTES, now)? {
            pruner.drop_rows(txn)?;
        }
        Ok(pruner)
    }

    /// Drops what is to go for `comes` bytes that have not come yet, or some of it; none if there is nothing
    /// that can go.
    pub(super) fn make_room(
        &self,
        txn: &WriteTransaction,
        comes: u64,
        now: LogTime,
    ) -> Result<Option<Self>, redb::Error> {
        let mut pruner = *self;
        // Half as much again, for what is free then does not lie in one piece.
        let more = comes.saturating_sub(self.ahead);
        pruner.owed = pruner.owed.saturating_add(more + more / 2);
        pruner.ahead = comes.max(self.ahead);
        let went = pruner.drop_blocks(txn, u64::MAX, now)?;
        if went {
            pruner.drop_rows(txn)?;
        }
        Ok(went.then_some(pruner))
    }

    /// How much is to go, by what comes and how the file grew.
    fn owe(&mut self, comes: u64, file_bytes: u64) {
        let ahead = std::mem::take(&mut self.ahead);
        if self.max_bytes == 0 {
            return;
        }
        let sixteenth = self.max_bytes / 16;
        let grown = file_bytes.saturating_sub(self.last_bytes.max(self.max_bytes));
        self.last_bytes = file_bytes;
        if file_bytes.saturating_add(comes) >= BEGINS_AT * sixteenth {
            self.begun = true;
        } else if file_bytes < ENDS_AT * sixteenth {
            (self.begun, self.owed) = (false, 0);
        }
        if self.begun {
            let comes = comes.saturating_sub(ahead);
            self.owed = self.owed.saturating_add(comes).saturating_add(grown);
        }
    }

    /// Whether any block went.
    fn drop_blocks(
        &mut self,
        txn: &WriteTransaction,
        most: u64,
        now: LogTime,
    ) -> Result<bool, redb::Error> {
        let most = self.owed.min(most);
        let mut dropped = 0;
        let mut blocks = 0;
        let mut table = None;
        while blocks < MOST_BLOCKS {
            if self.oldest.is_none() {
                self.oldest = oldest_block(open(&mut table, txn)?)?;
            }
            let Some(oldest) = self.oldest else { break };
            let is_old = self.max_age_ns > 0 && now.since(oldest.max_time) > self.max_age_ns;
            let is_needed = oldest.next > self.needed_from || now.since(oldest.max_time) < KEPT_NS;
            if is_needed || !(is_old || dropped < most) {
                break;
            }
            open(&mut table, txn)?.remove(oldest.key)?;
            dropped += oldest.stored_bytes;
            self.owed = self.owed.saturating_sub(oldest.stored_bytes);
            self.first = oldest.next;
            self.oldest = None;
            blocks += 1;
        }
        Ok(blocks > 0)
    }

    /// Of what has gone with the blocks the rows go too; and says so.
    fn drop_rows(&mut self, txn: &WriteTransaction) -> Result<(), redb::Error> {
        self.drop_checkpoints(txn)?;
        self.drop_threads(txn)?;
        let mut row = [0; schema::PRUNED_BYTES];
        row[..8].copy_from_slice(&self.first.0.to_le_bytes());
        row[8..].copy_from_slice(&self.threads.to_le_bytes());
        txn.open_table(schema::META)?.insert(schema::META_PRUNED, row.as_slice())?;
        Ok(())
    }

    /// Removes those from which nothing can be folded any more, but for the last.
    fn drop_checkpoints(&self, txn: &WriteTransaction) -> Result<(), redb::Error> {
        let mut table = txn.open_table(schema::CHECKPOINTS)?;
        while let Some(at) = self.stale_checkpoint(&table)? {
            table.remove(at)?;
        }
        Ok(())
    }

    /// The oldest checkpoint, if entries behind it are gone and there is a younger one.
    fn stale_checkpoint(
        &self,
        table: &impl ReadableTable<u64, &'static [u8]>,
    ) -> Result<Option<u64>, redb::Error> {
        let mut two = table.range::<u64>(..)?;
        let (Some(oldest), Some(_)) = (two.next().transpose()?, two.next()) else {
            return Ok(None);
        };
        let at = oldest.0.value();
        let read = schema::read_row::<Checkpoint>(RowKind::Checkpoint, at, oldest.1.value());
        Ok(read.is_ok_and(|checkpoint| checkpoint.next < self.first).then_some(at))
    }

    /// Removes the names of threads of which no entry is left.
    fn drop_threads(&mut self, txn: &WriteTransaction) -> Result<(), redb::Error> {
        let mut ended = txn.open_table(schema::ENDED)?;
        let mut threads = txn.open_table(schema::THREADS)?;
        loop {
            let oldest = ended.first()?.map(|(last, thread)| (last.value(), thread.value()));
            let Some((last, thread)) = oldest.filter(|(last, _)| *last < self.first.0) else {
                return Ok(());
            };
            ended.remove(last)?;
            if threads.remove(thread)?.is_some() {
                self.threads += 1;
            }
        }
    }

    /// Another has opened the file, who may have changed it.
    pub(super) fn reopened(&mut self) {
        self.oldest = None;
    }
}

type Blocks<'txn> = Table<'txn, u64, &'static [u8]>;

/// The table, opened at the first need.
fn open<'a, 'txn>(
    table: &'a mut Option<Blocks<'txn>>,
    txn: &'txn WriteTransaction,
) -> Result<&'a mut Blocks<'txn>, redb::Error> {
    match table {
        Some(table) => Ok(table),
        None => Ok(table.insert(txn.open_table(schema::BLOCKS)?)),
    }
}

/// The oldest block but the first of all, and only where there is a younger one.
fn oldest_block(table: &Blocks<'_>) -> Result<Option<Oldest>, redb::Error> {
    let mut two = table.range(1..)?;
    let (Some(oldest), Some(younger)) = (two.next().transpose()?, two.next().transpose()?) else {
        return Ok(None);
    };
    let (key, block) = (oldest.0.value(), oldest.1.value());
    let stored_bytes = block::stored_bytes(block.len());
    // One that cannot be read is as old as can be.
    let max_time = block::Header::read(block).map(|header| header.max_time).unwrap_or_default();
    Ok(Some(Oldest { key, max_time, stored_bytes, next: Offset(younger.0.value()) }))
}
