//! Verifying a log: every block by its header, every entry by decoding it, every row by its
//! checksum, and every page of the tree where no live process changes it meanwhile.

use super::error::LogError;
use super::info::{Damage, LogInfo, ReadOptions};
use super::lease::Lease;
use super::schema::{self, Checkpoint, OpenStack, RowKind};
use super::source::{Order, ReadError};
use super::tail::Tail;
use super::task_rows::{FIRST_KEY, KeptTask};
use crate::event::Offset;
use redb::{ReadTransaction, TableDefinition};
use std::ops::Bound;
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
    tail.verify()?;
    let (source, path) = tail.source();
    let (mut rows, mut damaged) = (0, Vec::new());
    let (mut open, mut checkpoints) = (Walk::default(), Walk::default());
    source.read_in_turns(path, |txn, lease| {
        let all = open.go_on(txn, schema::OPEN, lease, |key, row| {
            let read = if key < FIRST_KEY {
                schema::read_row::<OpenStack>(RowKind::Open, key, row).map(drop)
            } else {
                schema::read_row::<KeptTask>(RowKind::Task, key, row).map(drop)
            };
            match read {
                Ok(()) => rows += 1,
                Err(error) => damaged.push(format!("what is open under {key}: {error}")),
            }
        })?;
        let checkpoint =
            |key, row: &[u8]| match schema::read_row::<Checkpoint>(RowKind::Checkpoint, key, row) {
                Ok(_) => rows += 1,
                Err(error) => damaged.push(format!("the checkpoint at {key} ns: {error}")),
            };
        Ok(all && checkpoints.go_on(txn, schema::CHECKPOINTS, lease, checkpoint)?)
    })?;
    for what in damaged {
        tail.report(Damage { offset: Offset(0), what });
    }
    let names = tail.names();
    let names = names.callsites.len() + names.paths.len() + names.threads.len();
    let (damages, damage_count) = tail.damage();
    let damages = damages.to_vec();
    Ok(CheckReport { info: tail.info().clone(), entries, names, rows, damages, damage_count })
}

/// A walk over rows that a tail does not need.
#[derive(Debug, Default)]
struct Walk {
    last: Option<u64>,
}

impl Walk {
    /// Reads on within the lease; whether that was all there is.
    fn go_on(
        &mut self,
        txn: &ReadTransaction,
        table: TableDefinition<'_, u64, &'static [u8]>,
        lease: Lease,
        mut read: impl FnMut(u64, &[u8]),
    ) -> Result<bool, ReadError> {
        let mut order = Order::beyond(self.last);
        let behind = (self.last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        for found in txn.open_table(table)?.range::<u64>(behind)? {
            let (key, row) = found?;
            let key = order.up(key.value())?;
            read(key, row.value());
            self.last = Some(key);
            if lease.is_over() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
