//! What only a parent can know: how a process ended, appended to its log once it is dead.

use super::backend::LogBackend;
use super::batch::Batch;
use super::block;
use super::error::LogError;
use super::lock::Liveness;
use super::schema;
use super::source::{CACHE_BYTES, PATIENCE, ReadError, guarded, redb_error};
use super::tail::Tail;
use crate::event::{LogEntry, LogTime, Offset, Position, ProcessExit, ThreadId};
use redb::{ConcurrencyMode, Database, ReadableTable, WriteTransaction};

/// Appends `PROCESS_EXIT` to the log that `tail` reads, whatever has its name by now. Its process must be
/// dead; a file that it left in need of repair is repaired.
///
/// # Errors
///
/// A live process owns the log ([`LogError::Locked`]), or it cannot be written.
pub fn append_exit(tail: &Tail, exit: ProcessExit, now: LogTime) -> Result<(), LogError> {
    let path = tail.info().path.as_path();
    let locked = |doing| LogError::Locked { path: path.to_owned(), doing };
    let _alive = Liveness::take(tail.same_file(true)?)
        .map_err(|error| LogError::io(path, "lock", error))?
        .ok_or_else(|| locked("appending the exit status"))?;
    let file = tail.same_file(true)?;
    guarded(path, || {
        let failed = |error: redb::Error| redb_error(path, error);
        let database = open_database(file).map_err(|error| failed(error.into()))?;
        let txn = database.begin_write().map_err(|error| failed(error.into()))?;
        append(&txn, exit, now).map_err(|ReadError(error)| failed(error))?;
        txn.commit().map_err(|error| failed(error.into()))?;
        database.close().map_err(|error| failed(error.into()))
    })
}

pub(super) fn open_database(file: std::fs::File) -> Result<Database, redb::DatabaseError> {
    let backend = LogBackend::new(file, false, PATIENCE)?;
    redb::Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .create_with_backend(backend)
}

/// Writes the entry behind what the dead process committed, which only this transaction can tell.
fn append(txn: &WriteTransaction, exit: ProcessExit, now: LogTime) -> Result<(), ReadError> {
    let next = end_of(txn)?;
    let mut threads = txn.open_table(schema::THREADS)?;
    let (position, row) = threads.get(ThreadId::RECORDER.0)?.map_or((0, Vec::new()), |found| {
        let (committed, row) = found.value();
        (committed, row.to_vec())
    });
    threads.insert(ThreadId::RECORDER.0, (position + 1, row.as_slice()))?;
    drop(threads);
    let batch = Batch::of_one(next, Position(position), now, &LogEntry::ProcessExit(exit));
    let mut blocks = txn.open_table(schema::BLOCKS)?;
    for (first, block) in batch.into_blocks() {
        blocks.insert(first.0, block.as_slice())?;
    }
    Ok(())
}

fn end_of(txn: &WriteTransaction) -> Result<Offset, ReadError> {
    let blocks = txn.open_table(schema::BLOCKS)?;
    let Some((key, block)) = blocks.last()? else { return Ok(Offset(0)) };
    // Behind a block whose header is damaged anything above its key is free: no block is as large.
    let behind_damage = Offset(key.value().saturating_add(1 << 32));
    Ok(block::Header::read(block.value()).map_or(behind_damage, |header| header.next()))
}
