//! Which async spans are open at a log's end, without reading all of it: those that have a row, and
//! what the entries tell that came since every older one had.

use super::codec::CodecError;
use super::cursor::BlockCursor;
use super::error::LogError;
use super::info::Damage;
use super::schema::{self, RowKind};
use super::snapshot::{AT_ONCE, IN_ALL};
use super::source::{Order, ReadError, Source};
use super::task_rows::{FIRST_KEY, KeptTask};
use crate::event::{Entry, LogEntry, Offset, OpenTask, Part, Parts, SpanId, TaskLife};
use redb::ReadTransaction;
use std::collections::BTreeMap;
use std::path::Path;

/// The open async spans of a log, and places; first those of the rows, then, when the entries have
/// been read, all.
#[derive(Debug, Default)]
pub(super) struct OpenTasks {
    open: BTreeMap<SpanId, OpenTask>,
    /// The entries from here on are still to be read ...
    reached: Offset,
    /// ... up to here, where the rows are of.
    next: Offset,
    damages: Vec<Damage>,
}

impl OpenTasks {
    /// Reads the rows; the log ends at `next`.
    pub(super) fn begin(txn: &ReadTransaction, next: Offset) -> Result<Self, ReadError> {
        let meta = txn.open_table(schema::META)?;
        let from = meta.get(schema::META_TASKS)?.and_then(|row| row.value().try_into().ok());
        // A log that keeps no such rows, of an older ferret or as scavenging makes them, is not read
        // as a whole for them.
        let reached = from.map_or(next, |from| Offset(u64::from_le_bytes(from)));
        let mut tasks = Self { reached, next, ..Self::default() };
        for row in rows(txn)? {
            match row {
                Ok(task) => drop(tasks.open.insert(task.span, task)),
                Err(error) => tasks.damages.push(Damage { offset: next, what: error.to_string() }),
            }
        }
        Ok(tasks)
    }

    /// Whether all has been read.
    fn is_whole(&self) -> bool {
        self.reached >= self.next
    }

    /// Reads on to the end, in a log that has so much behind its rows as one does that is written well.
    pub(super) fn read_on(&mut self, source: &mut Source, path: &Path) -> Result<(), LogError> {
        let mut sum = 0;
        while !self.is_whole() && sum < IN_ALL {
            let blocks = source.read(path, |txn| self.fetch(txn))?;
            sum += blocks.iter().map(|(_, block)| block.len()).sum::<usize>();
            self.read(blocks);
        }
        Ok(())
    }

    /// Copies the blocks that come next, [`AT_ONCE`] or a block more.
    fn fetch(&self, txn: &ReadTransaction) -> Result<Vec<(Offset, Vec<u8>)>, ReadError> {
        let table = txn.open_table(schema::BLOCKS)?;
        // It lies where a block begins, unless those around it were dropped.
        let before = table.range(..=self.reached.0)?.next_back().transpose()?;
        let from = before.map_or(self.reached.0, |(key, _)| key.value());
        let (mut fetched, mut sum) = (Vec::new(), 0);
        let mut order = Order::beyond(from.checked_sub(1));
        for found in table.range(from..self.next.0)? {
            let (key, block) = found?;
            sum += block.value().len();
            fetched.push((Offset(order.up(key.value())?), block.value().to_vec()));
            if sum >= AT_ONCE {
                break;
            }
        }
        Ok(fetched)
    }

    /// Takes what [`OpenTasks::fetch`] gave; no block means that there are no more.
    fn read(&mut self, blocks: Vec<(Offset, Vec<u8>)>) {
        if blocks.is_empty() {
            self.reached = self.next;
        }
        let mut parts = Parts::default();
        for (key, block) in blocks {
            let wanted = self.reached;
            // Behind a damaged block the next begins.
            self.reached = self.reached.max(Offset(key.0.saturating_add(1)));
            let mut cursor = match BlockCursor::new(key, block, wanted) {
                Ok(cursor) => cursor,
                Err(damage) => {
                    self.damages.push(damage);
                    continue;
                }
            };
            self.reached = self.reached.max(cursor.next());
            loop {
                match cursor.next_parts(&mut parts, |_, _, _| {}) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(damage) => {
                        self.damages.push(damage);
                        break;
                    }
                }
                for part in parts.iter() {
                    // What is a part of its own is of no async span.
                    if let Part::Other(entry) = part {
                        self.apply(entry);
                    }
                }
                parts.clear();
            }
        }
    }

    fn apply(&mut self, entry: &Entry) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are not of async spans")]
        match entry.what {
            LogEntry::Created { span, parent, path } => {
                let life = TaskLife::Created(entry.time);
                self.open.entry(span).or_insert(OpenTask { span, path, parent, life });
            }
            LogEntry::SpanStart { span, path, parent, is_async: true } => {
                let life = TaskLife::Begun(entry.time);
                self.open.insert(span, OpenTask { span, path, parent, life });
            }
            LogEntry::SpanEnd { span, .. } => drop(self.open.remove(&span)),
            _ => {}
        }
    }

    /// Them, and what could not be read.
    pub(super) fn finish(self) -> (Vec<OpenTask>, Vec<Damage>) {
        (self.open.into_values().collect(), self.damages)
    }
}

/// The rows of async spans and places; not those of threads.
pub(super) fn rows(txn: &ReadTransaction) -> Result<Vec<Result<OpenTask, CodecError>>, ReadError> {
    let mut order = Order::new();
    let mut rows = Vec::new();
    for row in txn.open_table(schema::OPEN)?.range(FIRST_KEY..)? {
        let (key, row) = row?;
        let key = order.up(key.value())?;
        let read = schema::read_row::<KeptTask>(RowKind::Task, key, row.value());
        rows.push(read.map(|kept| kept.task));
    }
    Ok(rows)
}
