//! What a tail takes out of one read transaction: the next blocks, and where the log begins and ends.

use super::block;
use super::lease::Lease;
use super::schema::{self, LogEnd, RowKind};
use super::source::{Order, ReadError};
use crate::event::Offset;
use redb::{ReadTransaction, ReadableTable};
use std::collections::VecDeque;

/// Block bytes copied in one read transaction, at most (one block more).
pub(super) const FETCH_BYTES: usize = 4 << 20;

/// Where a log begins and ends.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Where the entries begin that are kept, but for the very first.
    pub(super) pruned: Offset,
    pub(super) first: Option<block::Header>,
    pub(super) last: Option<block::Header>,
    /// What was said of its end.
    pub(super) end: Option<LogEnd>,
    pub(super) is_outlived: bool,
}

/// Where to read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the block that holds this offset.
    At(Offset),
    /// In the first block from this key on, which should begin at `next`. A damaged block does not
    /// say where the next begins.
    Behind { key: Offset, next: Option<Offset> },
}

/// Whether entries were dropped from the log before or among the blocks.
pub(super) fn is_behind_gap(
    place: Place,
    blocks: &VecDeque<(Offset, Vec<u8>)>,
    ends: &Ends,
) -> bool {
    let Some((first, _)) = blocks.front() else { return false };
    let expected = match place {
        Place::At(offset) => offset,
        Place::Behind { next, .. } => next.unwrap_or(*first),
    };
    // The block of the very first entry has that alone.
    ends.pruned > Offset(1) && (*first == Offset(0) || *first > expected)
}

pub(super) fn blocks_from(
    txn: &ReadTransaction,
    place: Place,
    lease: Lease,
    enough: usize,
) -> Result<VecDeque<(Offset, Vec<u8>)>, ReadError> {
    let table = txn.open_table(schema::BLOCKS)?;
    let from = match place {
        Place::Behind { key, .. } => key.0,
        Place::At(offset) => match table.range(..=offset.0)?.next_back() {
            Some(found) => found?.0.value(),
            None => 0,
        },
    };
    let (mut fetched, mut bytes) = (VecDeque::new(), 0);
    let mut order = Order::beyond(from.checked_sub(1));
    for found in table.range(from..)? {
        let (key, block) = found?;
        // What is too large for a block is not copied, and found to be none.
        let block = block.value();
        let block = if block.len() > block::LARGEST { Vec::new() } else { block.to_vec() };
        bytes += block.len();
        fetched.push_back((Offset(order.up(key.value())?), block));
        if bytes >= enough || lease.is_over() {
            break;
        }
    }
    Ok(fetched)
}

/// Where a log begins and ends, as far as that can be read.
pub(super) fn ends(txn: &ReadTransaction) -> Result<Ends, ReadError> {
    let (pruned, _) = schema::pruned(txn)?;
    let table = txn.open_table(schema::BLOCKS)?;
    let header = |block: &[u8]| block::Header::read(block).ok();
    let first = table.range(pruned.0..)?.next().transpose()?;
    let first = first.and_then(|(_, block)| header(block.value()));
    let last = table.last()?.and_then(|(_, block)| header(block.value()));
    let meta = txn.open_table(schema::META)?;
    let is_outlived = meta.get(schema::META_OUTLIVED)?.is_some();
    let end = meta.get(schema::META_END)?;
    // A damaged row is as good as none: then it is salvaged once more, by its watermarks.
    let end = end.and_then(|row| schema::read_row(RowKind::End, 0, row.value()).ok());
    Ok(Ends { pruned, first, last, end, is_outlived })
}
