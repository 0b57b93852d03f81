//! Keeps [`Names`] as the log's reference rows say them, reading only what is new.

use super::lease::Lease;
use super::schema::{self, RowKind};
use super::source::{Order, ReadError};
use crate::event::{CallsiteId, Names, PathId, ThreadId};
use redb::{ReadTransaction, ReadableTableMetadata, TableDefinition};
use std::collections::BTreeSet;

/// Names, and how far the tables have been read.
#[derive(Debug, Default)]
pub(super) struct NameRows {
    names: Names,
    callsites: Progress,
    paths: Progress,
    threads: Progress,
    /// Rows that could not be read: kind and id.
    damaged: BTreeSet<(u8, u32)>,
}

/// How far one table has been read.
#[derive(Debug, Default)]
struct Progress {
    /// There have been so many, those that were removed among them.
    rows: u64,
    last: Option<u32>,
    /// Where a walk goes on that was not done within its transaction.
    walk: Option<Walk>,
}

/// A walk over rows of a table.
#[derive(Clone, Copy, Debug)]
struct Walk {
    from: u32,
    found: u64,
    /// It began with the first row.
    is_whole: bool,
}

impl NameRows {
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// How many rows could not be read: their names are shown as `?`.
    pub(super) fn damaged_rows(&self) -> u64 {
        self.damaged.len() as u64
    }

    /// Reads the rows that are new in `txn`, within the lease; whether those were all.
    pub(super) fn update(
        &mut self,
        txn: &ReadTransaction,
        lease: Lease,
    ) -> Result<bool, ReadError> {
        let (_, removed) = schema::pruned(txn)?;
        let Self { names, callsites, paths, threads, damaged } = self;
        let all =
            callsites.new_rows(
                txn,
                schema::CALLSITES,
                0,
                lease,
                |id, row| match schema::read_row(RowKind::Callsite, u64::from(id), row) {
                    Ok(info) => drop(names.callsites.insert(CallsiteId(id), info)),
                    Err(_) => drop(damaged.insert((RowKind::Callsite as u8, id))),
                },
            )?;
        let all = all
            && paths.new_rows(txn, schema::PATHS, 0, lease, |id, row| {
                match schema::read_row(RowKind::Path, u64::from(id), row) {
                    Ok(info) => drop(names.paths.insert(PathId(id), info)),
                    Err(_) => drop(damaged.insert((RowKind::Path as u8, id))),
                }
            })?;
        Ok(all
            && threads.new_rows(txn, schema::THREADS, removed, lease, |id, (_, row)| {
                // The recorder's has no name; of the others the watermark alone changes.
                if row.is_empty() || names.threads.contains_key(&ThreadId(id)) {
                    return;
                }
                match schema::read_row(RowKind::Thread, u64::from(id), row) {
                    Ok(info) => drop(names.threads.insert(ThreadId(id), info)),
                    Err(_) => drop(damaged.insert((RowKind::Thread as u8, id))),
                }
            })?)
    }
}

impl Progress {
    /// Takes the rows that are new, and maybe known ones again; false if the lease was over first.
    ///
    /// Ids are given by the process's threads, but rows written as the recorder meets them, so a
    /// lower id may come later: where the highest ids are not all that is new, the whole table is
    /// read again. What comes in behind a walk of several transactions is found by the next one.
    fn new_rows<V: redb::Value + 'static>(
        &mut self,
        txn: &ReadTransaction,
        definition: TableDefinition<'_, u32, V>,
        removed: u64,
        lease: Lease,
        mut take: impl for<'a> FnMut(u32, V::SelfType<'a>),
    ) -> Result<bool, ReadError> {
        let table = txn.open_table(definition)?;
        let rows = table.len()? + removed;
        if self.walk.is_none() && rows == self.rows {
            return Ok(true);
        }
        loop {
            let from = self.last.map_or(0, |last| last.saturating_add(1));
            let mut walk = self.walk.take().unwrap_or(Walk { from, found: 0, is_whole: from == 0 });
            let mut order = Order::beyond(walk.from.checked_sub(1));
            for row in table.range(walk.from..)? {
                let (id, row) = row?;
                let id = order.up(id.value())?;
                take(id, row.value());
                self.last = self.last.max(Some(id));
                walk = Walk { from: id.saturating_add(1), found: walk.found + 1, ..walk };
                if lease.is_over() && id < u32::MAX {
                    self.walk = Some(walk);
                    return Ok(false);
                }
            }
            if walk.is_whole || self.rows + walk.found == rows {
                self.rows = if walk.is_whole { walk.found + removed } else { rows };
                return Ok(true);
            }
            self.walk = Some(Walk { from: 0, found: 0, is_whole: true });
        }
    }
}
