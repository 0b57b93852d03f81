//! What can be asked of the store. Each question reads what it needs in one transaction, in order of the keys.

use super::{
    CALLS, CallsRow, EVENTS, Event, FUNCTIONS, Function, FunctionNumber, Kept, Level, Slot, Store,
    StoreError, USAGE, Usage, WORKERS, WorkerNumber, decode,
};
use ferret::event::ProcessUid;
use redb::{ReadTransaction, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde::de::DeserializeOwned;

impl Store {
    pub(super) fn read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(self.database.read().as_ref().ok_or(StoreError::Closed)?.begin_read()?)
    }

    /// All workers.
    ///
    /// # Errors
    ///
    /// The store cannot be read; as for all questions.
    pub(crate) fn workers(&self) -> Result<Vec<(WorkerNumber, Kept)>, StoreError> {
        self.rows(WORKERS)
    }

    /// The worker with this uid, forgotten or not.
    pub(crate) fn worker(
        &self,
        uid: ProcessUid,
    ) -> Result<Option<(WorkerNumber, Kept)>, StoreError> {
        Ok(self.workers()?.into_iter().find(|(_, kept)| kept.uid == uid))
    }

    /// All functions, by number.
    pub(crate) fn functions(&self) -> Result<Vec<(FunctionNumber, Function)>, StoreError> {
        self.rows(FUNCTIONS)
    }

    fn rows<T: DeserializeOwned>(
        &self,
        table: TableDefinition<u32, &[u8]>,
    ) -> Result<Vec<(u32, T)>, StoreError> {
        let mut rows = Vec::new();
        for row in self.read()?.open_table(table)?.iter()? {
            let (number, row) = row?;
            rows.push((number.value(), decode(row.value())?));
        }
        Ok(rows)
    }

    /// Shows `see` what each worker used in each slot from `first` to `last`.
    pub(crate) fn usage(
        &self,
        level: Level,
        (first, last): (Slot, Slot),
        mut see: impl FnMut(Slot, WorkerNumber, &Usage),
    ) -> Result<(), StoreError> {
        let txn = self.read()?;
        let table = txn.open_table(USAGE)?;
        let number = level.number();
        for row in table.range((number, first.0, 0)..=(number, last.0, u32::MAX))? {
            let (key, row) = row?;
            let (_, slot, worker) = key.value();
            see(Slot(slot), worker, &decode(row.value())?);
        }
        Ok(())
    }

    /// Shows `see` what the calls of a function by each worker came to in each slot from `first` to `last`.
    pub(crate) fn calls(
        &self,
        level: Level,
        function: FunctionNumber,
        (first, last): (Slot, Slot),
        mut see: impl FnMut(Slot, WorkerNumber, &CallsRow),
    ) -> Result<(), StoreError> {
        let txn = self.read()?;
        let table = txn.open_table(CALLS)?;
        let key = |slot: Slot, worker| (level.number(), function, slot.0, worker);
        for row in table.range(key(first, 0)..=key(last, u32::MAX))? {
            let (key, row) = row?;
            let (_, _, slot, worker) = key.value();
            see(Slot(slot), worker, &decode(row.value())?);
        }
        Ok(())
    }

    /// The newest events that `wanted` wants, `limit` at most, oldest first; and how many more there are.
    pub(crate) fn events(
        &self,
        after: Option<u64>,
        limit: usize,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<(Vec<Event>, u64), StoreError> {
        let txn = self.read()?;
        let table = txn.open_table(EVENTS)?;
        let first = after.map_or(0, |after| after.saturating_add(1));
        let (mut found, mut more) = (Vec::new(), 0);
        for row in table.range(first..)?.rev() {
            let event: Event = decode(row?.1.value())?;
            if !wanted(&event) {
                continue;
            }
            if found.len() < limit {
                found.push(event);
            } else {
                more += 1;
            }
        }
        found.reverse();
        Ok((found, more))
    }

    /// The number of the last event; 0 if there is none.
    pub(crate) fn last_event(&self) -> Result<u64, StoreError> {
        let last = self.read()?.open_table(EVENTS)?.last()?.map(|(number, _)| number.value());
        Ok(last.unwrap_or(0))
    }
}
