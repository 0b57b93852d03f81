//! Verifying a log: every block by its header, every entry by decoding it, every row by its
//! checksum.

use super::error::LogError;
use super::info::{Damage, LogInfo, ReadOptions};
use super::schema::{self, Checkpoint, OpenStack, RowKind};
use super::source::{Order, ReadError};
use super::tail::Tail;
use super::task_rows::{FIRST_KEY, KeptTask};
use crate::event::Offset;
use redb::{ReadTransaction, TableDefinition};
use std::path::Path;

/// Entries decoded at once.
const AT_ONCE: usize = 65_536;

/// What was found in a log.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckReport {
    /// What is known of the log.
    pub info: LogInfo,
    /// Entries that were read.
    pub entries: u64,
    /// Callsites, paths and threads that have a name.
    pub names: usize,
    /// Checkpoints, stacks of silent threads and open async spans that were read.
    pub rows: u64,
    /// The first thousand places that cannot be read.
    pub damages: Vec<Damage>,
    /// How many there are in all.
    pub damage_count: u64,
}

impl CheckReport {
    /// Whether everything can be read.
    pub fn is_sound(&self) -> bool {
        self.damage_count == 0
    }
}

/// Reads all of the log at `path`. One whose process was killed is repaired by that, unless
/// `options` forbid it.
///
/// # Errors
///
/// As for [`Tail::open`] and [`Tail::poll`]: damage to a part is in the report.
pub fn check(path: &Path, options: &ReadOptions) -> Result<CheckReport, LogError> {
    let mut tail = Tail::open(path, options)?;
    let mut entries = 0;
    // A log that is being written grows while it is read: what is there now is enough.
    let end = tail.info().next_offset;
    loop {
        let some = tail.poll(AT_ONCE)?;
        entries += some.len() as u64;
        match some.last() {
            Some(last) if last.offset.plus(1) < end => {}
            Some(_) | None => break,
        }
    }
    let (source, path) = tail.source();
    let (rows, damaged) = source.read(path, rows)?;
    for what in damaged {
        tail.report(Damage { offset: Offset(0), what });
    }
    let names = tail.names();
    let names = names.callsites.len() + names.paths.len() + names.threads.len();
    let (damages, damage_count) = tail.damage();
    let damages = damages.to_vec();
    Ok(CheckReport { info: tail.info().clone(), entries, names, rows, damages, damage_count })
}

/// Reads the rows that a tail does not need; returns how many there are, and what is wrong.
fn rows(txn: &ReadTransaction) -> Result<(u64, Vec<String>), ReadError> {
    let mut damaged = Vec::new();
    let open = each(txn, schema::OPEN, |key, row| {
        let read = if key < FIRST_KEY {
            schema::read_row::<OpenStack>(RowKind::Open, key, row).map(drop)
        } else {
            schema::read_row::<KeptTask>(RowKind::Task, key, row).map(drop)
        };
        read.map_err(|error| damaged.push(format!("what is open under {key}: {error}")))
    })?;
    let checkpoints = each(txn, schema::CHECKPOINTS, |key, row| {
        schema::read_row::<Checkpoint>(RowKind::Checkpoint, key, row).map(drop).map_err(|error| {
            damaged.push(format!("the checkpoint at {key} ns: {error}"));
        })
    })?;
    Ok((open + checkpoints, damaged))
}

/// Counts the rows that `read` can read.
fn each(
    txn: &ReadTransaction,
    table: TableDefinition<'_, u64, &'static [u8]>,
    mut read: impl FnMut(u64, &[u8]) -> Result<(), ()>,
) -> Result<u64, ReadError> {
    let (mut sound, mut order) = (0, Order::new());
    for found in txn.open_table(table)?.range::<u64>(..)? {
        let (key, row) = found?;
        sound += u64::from(read(order.up(key.value())?, row.value()).is_ok());
    }
    Ok(sound)
}
