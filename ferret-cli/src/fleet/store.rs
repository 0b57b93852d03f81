//! What is kept of the past: a redb file of this reader's own, beside no log. Everything in it comes from the
//! logs, and is made anew from them when it is lost; only what logs told that are gone is nowhere else.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | number |
//! | `workers` | worker | [`Kept`] |
//! | `functions` | function | [`Function`] |
//! | `usage` | level, slot, worker | [`Usage`] |
//! | `calls` | level, function, slot, worker | [`CallsRow`] |
//! | `events` | number | [`Event`] |
//!
//! Values are postcard's. A slot's rows and how much of the log is in them are written in one transaction: what was
//! read is in it once, whatever happens. (A row for each slot with all its functions was rejected: a function's
//! history would have read all of them.)

mod asking;
mod kept;
mod opening;
mod pruning;

pub(crate) use kept::{Event, Function, Kept, Severity, What};

use super::calls_row::CallsRow;
use super::levels::{Keep, Level};
use super::slots::{Slot, SlotRow};
use super::usage::Usage;
use ferret::event::CallsiteInfo;
use parking_lot::{Mutex, RwLock};
use redb::{Database, ReadableTable as _, Table, TableDefinition, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// A worker's number in the store.
pub(crate) type WorkerNumber = u32;

/// A function's number in the store.
pub(crate) type FunctionNumber = u32;

/// Whose everything is that workers did of which nobody asks any more.
pub(crate) const NOBODY: WorkerNumber = u32::MAX;

const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const WORKERS: TableDefinition<u32, &[u8]> = TableDefinition::new("workers");
const FUNCTIONS: TableDefinition<u32, &[u8]> = TableDefinition::new("functions");
const USAGE: TableDefinition<(u8, u32, u32), &[u8]> = TableDefinition::new("usage");
const CALLS: TableDefinition<(u8, u32, u32, u32), &[u8]> = TableDefinition::new("calls");
const EVENTS: TableDefinition<u64, &[u8]> = TableDefinition::new("events");

/// The version of all of this.
const FORMAT: u64 = 1;

/// Events that are kept.
const MAX_EVENTS: u64 = 10_000;

/// An error of the store's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Another process has it.
    #[error(
        "{} is in use by another ferret: stop that one, or name another file with --store", .0.display()
    )]
    Taken(PathBuf),
    #[error("the store cannot be read or written: {0}")]
    Redb(Box<redb::Error>),
    /// It failed, and could not be opened anew yet.
    #[error("the store is closed since it failed; it is tried again")]
    Closed,
    #[error("a row of the store cannot be read: {0}")]
    Row(postcard::Error),
    #[error(
        "it is a log, or another program's database, and no store: name another file with --store, which need not be \
         there yet"
    )]
    Anothers,
    #[error("the folder of the store cannot be made: {0}")]
    Folder(std::io::Error),
    #[error("the file of the store cannot be made or opened: {0}")]
    File(std::io::Error),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Redb(Box::new(error.into()))
    }
}

/// The store, open.
#[derive(Debug)]
pub(crate) struct Store {
    /// None while it cannot be opened anew.
    database: RwLock<Option<Database>>,
    /// None: in memory.
    path: Option<PathBuf>,
    /// A writing failed: redb takes no other then until it is opened anew.
    has_failed: AtomicBool,
    keep: Keep,
    /// Held by who writes, as long as that takes.
    numbers: Mutex<Numbers>,
    /// It was there and could not be read: the file has this name now.
    pub(crate) moved_aside: Option<PathBuf>,
}

/// The functions of each program, by what they are.
type Functions = BTreeMap<(String, CallsiteInfo), FunctionNumber>;

/// What has a number, and which is the next.
#[derive(Debug, Default)]
struct Numbers {
    functions: Functions,
    next_event: u64,
}

/// What is to be added of one worker.
#[derive(Debug)]
pub(crate) struct Contribution {
    pub(crate) worker: WorkerNumber,
    /// The worker as it is to be kept from now on.
    pub(crate) kept: Kept,
    /// Of what is kept only how much was read: what happened is told by who follows the log, and with that its state.
    pub(crate) is_of_past: bool,
    pub(crate) slots: BTreeMap<Slot, SlotRow>,
}

impl Store {
    /// Adds what was read, all of it or nothing.
    ///
    /// # Errors
    ///
    /// The store cannot be written: then it is as before.
    pub(crate) fn add(
        &self,
        contributions: &[Contribution],
        events: &[Event],
        now_ms: u64,
    ) -> Result<(), StoreError> {
        self.noting(|database| self.add_to(database, contributions, events, now_ms))
    }

    fn add_to(
        &self,
        database: &Database,
        contributions: &[Contribution],
        events: &[Event],
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let mut numbers = self.numbers.lock();
        let txn = begin_write(database)?;
        // A transaction that fails leaves the numbers as they were.
        let (mut new, mut next_event) = (BTreeMap::new(), numbers.next_event);
        {
            let mut writing = Writing::begin(&txn, self.keep, now_ms)?;
            for Contribution { worker, kept, is_of_past, slots } in contributions {
                writing.keep(*worker, kept, *is_of_past)?;
                let functions = (&numbers.functions, &mut new);
                writing.add(*worker, &kept.program, slots, functions)?;
            }
            for event in events {
                let event = Event { number: next_event, ..event.clone() };
                writing.events.insert(next_event, encode(&event)?.as_slice())?;
                next_event += 1;
            }
            let oldest = next_event.saturating_sub(MAX_EVENTS);
            writing.events.retain_in(..oldest, |_, _| false)?;
        }
        txn.commit()?;
        numbers.functions.append(&mut new);
        numbers.next_event = next_event;
        Ok(())
    }

    /// The number for a worker that is not known yet.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub(crate) fn next_worker(&self) -> Result<WorkerNumber, StoreError> {
        let txn = self.read()?;
        let table = txn.open_table(WORKERS)?;
        let last = table.last()?.map(|(key, _)| key.value());
        Ok(last.map_or(0, |last| last.saturating_add(1)))
    }

    /// Takes workers out of the list of workers. What they did stays in the history.
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    pub(crate) fn forget(&self, workers: &[WorkerNumber]) -> Result<(), StoreError> {
        self.noting(|database| {
            let txn = begin_write(database)?;
            {
                let mut table = txn.open_table(WORKERS)?;
                for worker in workers {
                    let row = table.get(worker)?;
                    let found = row.map(|row| decode::<Kept>(row.value())).transpose()?;
                    if let Some(kept) = found {
                        let kept = Kept { is_forgotten: true, ..kept };
                        table.insert(worker, encode(&kept)?.as_slice())?;
                    }
                }
            }
            txn.commit()?;
            Ok(())
        })
    }

    /// Writes; notes if that failed.
    fn noting<T>(
        &self,
        write: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = write(self.database.read().as_ref().ok_or(StoreError::Closed)?);
        if done.is_err() {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        done
    }

    pub(crate) fn keep(&self) -> Keep {
        self.keep
    }
}

/// Begins to write. What is free in the file is written, too, each time: the store of a server that was killed would
/// be read as a whole for it.
fn begin_write(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    Ok(txn)
}

/// The tables of one writing transaction.
struct Writing<'t> {
    workers: Table<'t, u32, &'static [u8]>,
    functions: Table<'t, u32, &'static [u8]>,
    usage: Table<'t, (u8, u32, u32), &'static [u8]>,
    calls: Table<'t, (u8, u32, u32, u32), &'static [u8]>,
    events: Table<'t, u64, &'static [u8]>,
    /// The first slot of each level that is kept.
    first: [(Level, Slot); 4],
}

impl<'t> Writing<'t> {
    fn begin(txn: &'t WriteTransaction, keep: Keep, now_ms: u64) -> Result<Self, StoreError> {
        Ok(Self {
            workers: txn.open_table(WORKERS)?,
            functions: txn.open_table(FUNCTIONS)?,
            usage: txn.open_table(USAGE)?,
            calls: txn.open_table(CALLS)?,
            events: txn.open_table(EVENTS)?,
            first: Level::EVERY.map(|level| (level, keep.first(level, now_ms))),
        })
    }

    fn keep(
        &mut self,
        worker: WorkerNumber,
        kept: &Kept,
        is_of_past: bool,
    ) -> Result<(), StoreError> {
        let row = if is_of_past {
            let before = self.workers.get(worker)?;
            let before = before.map(|row| decode::<Kept>(row.value())).transpose()?;
            let before = before.unwrap_or_else(|| Kept { state: String::new(), ..kept.clone() });
            encode(&Kept { read: kept.read.clone(), ..before })?
        } else {
            encode(kept)?
        };
        self.workers.insert(worker, row.as_slice())?;
        Ok(())
    }

    /// Adds what a worker did. Slots of ten seconds that are in one slot of a level are added up before: of a long past
    /// there are very many.
    fn add(
        &mut self,
        worker: WorkerNumber,
        program: &str,
        slots: &BTreeMap<Slot, SlotRow>,
        (known, new): (&Functions, &mut Functions),
    ) -> Result<(), StoreError> {
        for (level, first) in self.first {
            let mut usages: BTreeMap<Slot, Usage> = BTreeMap::new();
            let mut calls: BTreeMap<(FunctionNumber, Slot), CallsRow> = BTreeMap::new();
            for (slot, row) in slots {
                let slot = level.slot_of(*slot);
                if slot < first {
                    continue;
                }
                usages.entry(slot).or_default().add(&row.usage);
                for (info, row) in &row.calls {
                    let function = self.number(program, info, (known, new))?;
                    calls.entry((function, slot)).or_default().add(row);
                }
            }
            for (slot, usage) in usages {
                let key = (level.number(), slot.0, worker);
                add_to(&mut self.usage, key, |sum: &mut Usage| sum.add(&usage))?;
            }
            for ((function, slot), row) in calls {
                let key = (level.number(), function, slot.0, worker);
                add_to(&mut self.calls, key, |sum: &mut CallsRow| sum.add(&row))?;
            }
        }
        Ok(())
    }

    fn number(
        &mut self,
        program: &str,
        info: &CallsiteInfo,
        (known, new): (&Functions, &mut Functions),
    ) -> Result<FunctionNumber, StoreError> {
        let key = (program.to_owned(), info.clone());
        if let Some(number) = known.get(&key).or_else(|| new.get(&key)) {
            return Ok(*number);
        }
        let number = u32::try_from(known.len() + new.len()).unwrap_or(u32::MAX);
        let row = Function { program: key.0.clone(), info: key.1.clone() };
        self.functions.insert(number, encode(&row)?.as_slice())?;
        new.insert(key, number);
        Ok(number)
    }
}

/// Adds to a row, which begins as nothing.
fn add_to<K, T: Default + Serialize + DeserializeOwned>(
    table: &mut Table<'_, K, &'static [u8]>,
    key: K,
    add: impl FnOnce(&mut T),
) -> Result<(), StoreError>
where
    K: redb::Key + Copy,
    for<'a> K: std::borrow::Borrow<K::SelfType<'a>>,
{
    let mut row: T = match table.get(key)? {
        Some(found) => decode(found.value())?,
        None => T::default(),
    };
    add(&mut row);
    table.insert(key, encode(&row)?.as_slice())?;
    Ok(())
}

fn encode(row: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(row).map_err(StoreError::Row)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(StoreError::Row)
}
