//! Keeps [`Names`] as the log's reference rows say them, reading only what is new.

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
    rows: u64,
    last: Option<u32>,
}

impl NameRows {
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// How many rows could not be read: their names are shown as `?`.
    pub(super) fn damaged_rows(&self) -> u64 {
        self.damaged.len() as u64
    }

    /// Reads the rows that are new in `txn`.
    pub(super) fn update(&mut self, txn: &ReadTransaction) -> Result<(), ReadError> {
        for (id, row) in self.callsites.new_rows(txn, schema::CALLSITES, <[u8]>::to_vec)? {
            match schema::read_row(RowKind::Callsite, u64::from(id), &row) {
                Ok(info) => drop(self.names.callsites.insert(CallsiteId(id), info)),
                Err(_) => drop(self.damaged.insert((RowKind::Callsite as u8, id))),
            }
        }
        for (id, row) in self.paths.new_rows(txn, schema::PATHS, <[u8]>::to_vec)? {
            match schema::read_row(RowKind::Path, u64::from(id), &row) {
                Ok(info) => drop(self.names.paths.insert(PathId(id), info)),
                Err(_) => drop(self.damaged.insert((RowKind::Path as u8, id))),
            }
        }
        for (id, row) in self.threads.new_rows(txn, schema::THREADS, |(_, row)| row.to_vec())? {
            // The recorder's has no name; of the others the watermark alone changes.
            if row.is_empty() || self.names.threads.contains_key(&ThreadId(id)) {
                continue;
            }
            match schema::read_row(RowKind::Thread, u64::from(id), &row) {
                Ok(info) => drop(self.names.threads.insert(ThreadId(id), info)),
                Err(_) => drop(self.damaged.insert((RowKind::Thread as u8, id))),
            }
        }
        Ok(())
    }
}

impl Progress {
    /// The rows that are new, and maybe known ones again.
    ///
    /// Ids are given by the process's threads, but rows written as the recorder meets them, so a
    /// lower id may come later: where the highest ids are not all that is new, the whole table is
    /// read again.
    fn new_rows<V: redb::Value + 'static>(
        &mut self,
        txn: &ReadTransaction,
        definition: TableDefinition<'_, u32, V>,
        row_of: impl for<'a> Fn(V::SelfType<'a>) -> Vec<u8>,
    ) -> Result<Vec<(u32, Vec<u8>)>, ReadError> {
        let table = txn.open_table(definition)?;
        let rows = table.len()?;
        if rows == self.rows {
            return Ok(Vec::new());
        }
        let from = self.last.map_or(0, |last| last.saturating_add(1));
        let mut new = Vec::new();
        for from in [from, 0] {
            new.clear();
            let mut order = Order::beyond(from.checked_sub(1));
            for found in table.range(from..)? {
                let (id, row) = found?;
                new.push((order.up(id.value())?, row_of(row.value())));
            }
            if from == 0 || self.rows + new.len() as u64 == rows {
                break;
            }
        }
        self.rows = rows;
        self.last = self.last.max(new.last().map(|(id, _)| *id));
        Ok(new)
    }
}
