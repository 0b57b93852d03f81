//! What is dropped from the store: slots that are older than their level is kept, and workers of which nobody asks.

use super::{CALLS, Kept, NOBODY, Store, StoreError, USAGE, WORKERS, WorkerNumber};
use super::{add_to, begin_write, decode};
use crate::fleet::calls_row::CallsRow;
use crate::fleet::levels::Level;
use redb::{Database, ReadableTable};

impl Store {
    /// Drops what is older than it is to be kept. Of workers that are forgotten and did nothing since, what they did is
    /// added up under nobody's name: sums of everything do not go down.
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    pub(crate) fn prune(&self, now_ms: u64) -> Result<(), StoreError> {
        self.noting(|database| self.prune_in(database, now_ms))
    }

    fn prune_in(&self, database: &Database, now_ms: u64) -> Result<(), StoreError> {
        let numbers = self.numbers.lock();
        let txn = begin_write(database)?;
        {
            let (mut usage, mut calls) = (txn.open_table(USAGE)?, txn.open_table(CALLS)?);
            let mut workers = txn.open_table(WORKERS)?;
            let all = Level::All.number();
            for worker in self.unneeded(&workers, now_ms)? {
                workers.remove(worker)?;
                usage.remove((all, 0, worker))?;
                for &function in numbers.functions.values() {
                    let row = calls.remove((all, function, 0, worker))?;
                    let row = row.map(|row| decode::<CallsRow>(row.value())).transpose()?;
                    if let Some(row) = row {
                        let key = (all, function, 0, NOBODY);
                        add_to(&mut calls, key, |sum: &mut CallsRow| sum.add(&row))?;
                    }
                }
            }
            for level in [Level::TenSeconds, Level::FiveMinutes, Level::Hour] {
                let (number, first) = (level.number(), self.keep.first(level, now_ms).0);
                usage.retain_in((number, 0, 0)..(number, first, 0), |_, _| false)?;
                for function in numbers.functions.values() {
                    let old = (number, *function, 0, 0)..(number, *function, first, 0);
                    calls.retain_in(old, |_, _| false)?;
                }
            }
        }
        txn.commit()?;
        Ok(())
    }

    /// Workers of which nobody asks any more. Not the last: from its number the next is told.
    fn unneeded(
        &self,
        workers: &impl ReadableTable<u32, &'static [u8]>,
        now_ms: u64,
    ) -> Result<Vec<WorkerNumber>, StoreError> {
        let oldest_ms = now_ms.saturating_sub(self.keep.seconds(Level::Hour).saturating_mul(1_000));
        let mut unneeded = Vec::new();
        for row in workers.iter()? {
            let (worker, row) = row?;
            let kept: Kept = decode(row.value())?;
            let last_ms = kept.ended_ms.max(kept.started_ms);
            if kept.is_forgotten && last_ms.is_none_or(|last_ms| last_ms < oldest_ms) {
                unneeded.push(worker.value());
            }
        }
        let last = workers.last()?.map(|(worker, _)| worker.value());
        unneeded.retain(|worker| Some(*worker) != last);
        Ok(unneeded)
    }
}
