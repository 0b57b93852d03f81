//! Which spans are open, without reading the whole log: stacks kept for silent threads, checkpoints
//! that name the last keyframe of the others, and the blocks since.

use super::cursor::BlockCursor;
use super::error::LogError;
use super::schema::{self, Checkpoint, OpenStack, RowKind};
use super::segment::{Segment, get_keyframe};
use super::source::ReadError;
use super::tail::{Damage, Tail};
use super::{block, codec::Input};
use crate::event::{LogTime, Offset, ThreadId, ThreadStack};
use redb::{ReadTransaction, ReadableTable};
use std::collections::BTreeMap;

/// Checkpoints to go back for the log's end: a thread silent for longer is in `open`.
const RECENT_CHECKPOINTS: usize = 4;

/// Blocks of the stretch behind the last checkpoint that are read, at most. A second at full speed
/// is about 100 MB, and a segment is read only to find a thread's last one.
const MAX_BLOCKS: usize = 16_384;

/// The open stacks of a log's threads at one point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Threads that have a frame open: their stacks (innermost 32 frames, or those since), and the
    /// times of their last entries.
    pub threads: Vec<(ThreadId, ThreadStack, LogTime)>,
    /// The offset of the first entry that is not in it: where to go on reading.
    pub next: Offset,
}

/// What one read transaction gives.
#[derive(Debug, Default)]
struct Found {
    silent: Vec<(u64, Vec<u8>)>,
    /// Newest first.
    checkpoints: Vec<(u64, Vec<u8>)>,
    /// The blocks behind the oldest of these checkpoints.
    blocks: Vec<(Offset, Vec<u8>)>,
    /// The blocks of keyframes before that.
    earlier: BTreeMap<Offset, Vec<u8>>,
    next: Offset,
}

impl Tail {
    /// The open stacks at the log's end.
    ///
    /// # Errors
    ///
    /// As for [`Tail::poll`].
    pub fn snapshot(&mut self) -> Result<Snapshot, LogError> {
        self.refresh()?;
        let (source, path) = self.source();
        let found = source.read(path, find)?;
        let mut stacks: BTreeMap<ThreadId, (Offset, ThreadStack, LogTime)> = BTreeMap::new();
        let mut damages = Vec::new();
        for (key, row) in &found.silent {
            match read_silent(*key, row) {
                Ok((thread, next, stack, time)) => drop(stacks.insert(thread, (next, stack, time))),
                Err(error) => damages.push(Damage { offset: found.next, what: error.to_string() }),
            }
        }
        for (key, block) in found.earlier.into_iter().chain(found.blocks) {
            if let Err(damage) = last_stacks(key, block, &mut stacks) {
                damages.push(damage);
            }
        }
        for damage in damages {
            self.report(damage);
        }
        let threads = stacks
            .into_iter()
            .filter(|(_, (_, stack, _))| stack.depth() > 0)
            .map(|(thread, (_, stack, time))| (thread, stack, time));
        Ok(Snapshot { threads: threads.collect(), next: found.next })
    }
}

fn read_silent(
    key: u64,
    row: &[u8],
) -> Result<(ThreadId, Offset, ThreadStack, LogTime), super::codec::CodecError> {
    let open: OpenStack = schema::read_row(RowKind::Open, key, row)?;
    let thread = u32::try_from(key)
        .map_err(|_too_large| super::codec::CodecError("a thread's id exceeds 32 bits"))?;
    let mut input = Input::new(&open.keyframe);
    let stack = get_keyframe(&mut input, open.time)?;
    Ok((ThreadId(thread), open.next, stack, open.time))
}

/// Reads the block's last segment of each thread, and keeps the stack behind it if it is later
/// than what is known.
fn last_stacks(
    key: Offset,
    block: Vec<u8>,
    stacks: &mut BTreeMap<ThreadId, (Offset, ThreadStack, LogTime)>,
) -> Result<(), Damage> {
    let mut cursor = BlockCursor::new(key, block, Offset(0))?;
    let mut result = Ok(());
    loop {
        let segment = match cursor.segment() {
            Ok(Some(segment)) => segment,
            Ok(None) => return result,
            Err(damage) => return Err(damage),
        };
        if let Err(error) = last_stack(&segment, stacks) {
            result = Err(Damage { offset: segment.first(), what: error.to_string() });
        }
    }
}

fn last_stack(
    segment: &Segment<'_>,
    stacks: &mut BTreeMap<ThreadId, (Offset, ThreadStack, LogTime)>,
) -> Result<(), super::codec::CodecError> {
    let mut entries = segment.entries()?;
    let known = stacks.get(&entries.thread()).map(|(offset, ..)| *offset);
    if known.is_some_and(|known| known > segment.first()) {
        return Ok(());
    }
    for entry in entries.by_ref() {
        entry?;
    }
    let (stack, time) = (entries.stack().clone(), entries.time());
    stacks.insert(entries.thread(), (segment.first(), stack, time));
    Ok(())
}

fn find(txn: &ReadTransaction) -> Result<Found, ReadError> {
    let mut found = Found::default();
    for row in txn.open_table(schema::OPEN)?.range(..1_u64 << 32)? {
        let (key, row) = row?;
        found.silent.push((key.value(), row.value().to_vec()));
    }
    let checkpoints = txn.open_table(schema::CHECKPOINTS)?;
    for row in checkpoints.range::<u64>(..)?.rev().take(RECENT_CHECKPOINTS) {
        let (key, row) = row?;
        found.checkpoints.push((key.value(), row.value().to_vec()));
    }
    let read = |(key, row): &(u64, Vec<u8>)| -> Option<Checkpoint> {
        // A damaged checkpoint is as good as none: the ones before it name older keyframes.
        schema::read_row(RowKind::Checkpoint, *key, row).ok()
    };
    let checkpoints: Vec<Checkpoint> = found.checkpoints.iter().filter_map(read).collect();
    // The checkpoint before last: whoever was silent since the one before it is in `open`.
    let from = match checkpoints.as_slice() {
        [_, before_last, ..] => before_last.next,
        _ => Offset(0),
    };
    let blocks = txn.open_table(schema::BLOCKS)?;
    let mut keyframes: BTreeMap<ThreadId, Offset> = BTreeMap::new();
    for (thread, first) in checkpoints.iter().flat_map(|checkpoint| &checkpoint.keyframes) {
        // Newest first: what is there already is later.
        keyframes.entry(*thread).or_insert(*first);
    }
    for first in keyframes.values().filter(|first| **first < from) {
        if let Some(row) = blocks.range(..=first.0)?.next_back() {
            let (key, block) = row?;
            found.earlier.entry(Offset(key.value())).or_insert_with(|| block.value().to_vec());
        }
    }
    let start = match blocks.range(..=from.0)?.next_back() {
        Some(row) => row?.0.value(),
        None => 0,
    };
    for row in blocks.range(start..)?.take(MAX_BLOCKS) {
        let (key, block) = row?;
        found.blocks.push((Offset(key.value()), block.value().to_vec()));
    }
    let last = blocks.last()?;
    found.next = last
        .and_then(|(_, block)| block::Header::read(block.value()).ok())
        .map_or(Offset(0), |header| header.next());
    Ok(found)
}
