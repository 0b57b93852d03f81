//! The log of a dead process, open once more to be brought to its end. Who has it holds the lock that says who
//! lives, so there is one at a time; and everything is written in one transaction, or nothing.

use super::append::open_database;
use super::backend::wait_until;
use super::batch::Batch;
use super::error::LogError;
use super::info::ReadOptions;
use super::lock::Liveness;
use super::schema::{self, LogEnd, OpenStack, RowKind};
use super::source::{Order, ReadError, guarded, redb_error};
use super::tail::Tail;
use super::task_rows::{FIRST_KEY, KeptTask};
use crate::event::{
    EndKind, Known, LogEntry, LogTime, Offset, OpenTask, OuterFrames, Position, ProcessEnd, Resume,
    TaskLife, ThreadId,
};
use redb::{Database, ReadTransaction, ReadableDatabase, TableError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How long another who does the same is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Entries at the end of the log among which ENDs of async spans are looked for: a few ticks of a busy program.
const LATELY: u64 = 1 << 18;

/// A dead process's log, to be ended.
#[derive(Debug)]
pub(crate) struct Reopened {
    path: PathBuf,
    database: Database,
    /// What is to be written behind what is there.
    pub(crate) batch: Batch,
    first_new: Offset,
    _alive: Liveness,
}

/// What a log turned out to be.
#[derive(Debug)]
pub(crate) enum Reopen {
    /// Its process lives, or somebody is at it for longer than one waits.
    Owned,
    /// It has its end.
    Ended,
    /// It is to be ended, and this is known of it.
    Dead(Box<Reopened>, Known),
}

impl Reopened {
    /// Opens the log that `tail` reads for that: that file, whatever has its name by now.
    ///
    /// # Errors
    ///
    /// It is no log, is damaged, or cannot be written.
    pub(crate) fn open(tail: &Tail) -> Result<Reopen, LogError> {
        let path = tail.info().path.as_path();
        let mut alive = None;
        wait_until(PATIENCE, || {
            alive = Liveness::take(tail.same_file(true)?)
                .map_err(|error| LogError::io(path, "lock", error))?;
            Ok::<_, LogError>(alive.is_some())
        })?;
        let Some(alive) = alive else { return Ok(Reopen::Owned) };
        let file = tail.same_file(true)?;
        let mut tail = tail.again(&ReadOptions::default())?;
        if tail.info().is_ended {
            return Ok(Reopen::Ended);
        }
        let tasks = tail.snapshot()?.tasks;
        let mut known = Known { tasks, ended_tasks: ended_lately(&mut tail)?, ..Known::default() };
        let first_new = tail.info().next_offset;
        let names = tail.names();
        known.callsites = names.callsites.iter().map(|(id, info)| (*id, info.kind)).collect();
        known.callsites.sort_unstable_by_key(|(id, _)| *id);
        known.paths = names.paths.iter().map(|(id, info)| (*id, *info)).collect();
        known.paths.sort_unstable_by_key(|(id, _)| *id);
        drop(tail);
        let mut batch = Batch::new(first_new);
        let database = guarded(path, || {
            let failed = |error: redb::Error| redb_error(path, error);
            let database = open_database(file).map_err(|error| failed(error.into()))?;
            let txn = database.begin_read().map_err(|error| failed(error.into()))?;
            rows(&txn, &mut batch, &mut known).map_err(|ReadError(error)| failed(error))?;
            Ok(database)
        })?;
        let path = path.to_owned();
        let reopened = Self { path, database, batch, first_new, _alive: alive };
        Ok(Reopen::Dead(Box::new(reopened), known))
    }

    /// Writes all of it and the end, which was at `ended`; says how many entries were salvaged, the end not among them.
    ///
    /// # Errors
    ///
    /// The log could not be written: it is as it was.
    pub(crate) fn end(
        mut self,
        how: EndKind,
        oom_kills: Option<u64>,
        ended: LogTime,
        now: LogTime,
    ) -> Result<u64, LogError> {
        let salvaged = self.batch.next().0 - self.first_new.0;
        self.batch.put_own(ended, &LogEntry::ProcessEnd(ProcessEnd { how }));
        self.batch.end(LogEnd { at: now, salvaged: Some(salvaged), oom_kills });
        let Self { path, database, mut batch, _alive, .. } = self;
        guarded(&path, || {
            let failed = |error: redb::Error| redb_error(&path, error);
            let txn = database.begin_write().map_err(|error| failed(error.into()))?;
            schema::insert(&txn, &batch.rows(now)).map_err(failed)?;
            txn.commit().map_err(|error| failed(error.into()))?;
            database.close().map_err(|error| failed(error.into()))
        })?;
        Ok(salvaged)
    }
}

/// Async spans that ended among the last entries.
fn ended_lately(tail: &mut Tail) -> Result<Vec<OpenTask>, LogError> {
    tail.seek(Offset(tail.info().next_offset.0.saturating_sub(LATELY)));
    let mut ended = BTreeMap::new();
    loop {
        let entries = tail.poll(1 << 16)?;
        if entries.is_empty() {
            return Ok(ended.into_values().collect());
        }
        for entry in entries {
            if let LogEntry::SpanEnd { span, path, start, .. } = entry.what
                && tail.names().callsite_info(path).is_some_and(|callsite| callsite.kind.is_async())
            {
                let life = TaskLife::Begun(start);
                ended.insert(span, OpenTask { span, path, parent: None, life });
            }
        }
    }
}

/// Reads what the batch and whoever folds must know of rows.
fn rows(txn: &ReadTransaction, batch: &mut Batch, known: &mut Known) -> Result<(), ReadError> {
    let (mut silent, mut order) = (BTreeMap::new(), Order::new());
    for row in txn.open_table(schema::OPEN)?.range::<u64>(..)? {
        let (key, row) = row?;
        let key = order.up(key.value())?;
        // What is damaged stays: nobody will ask for it to be removed.
        if key >= FIRST_KEY {
            if let Ok(kept) = schema::read_row::<KeptTask>(RowKind::Task, key, row.value()) {
                batch.has_task(key, kept.task.span);
            }
        } else if let Ok(open) = schema::read_row::<OpenStack>(RowKind::Open, key, row.value()) {
            silent.insert(key, open.next);
        }
    }
    let mut order = Order::new();
    for row in txn.open_table(schema::THREADS)?.range::<u32>(..)? {
        let (id, value) = row?;
        let (id, (committed, row)) = (order.up(id.value())?, value.value());
        let (info, behind) = row.split_at(schema::row_length(row).min(row.len()));
        let how = schema::read_row::<Resume>(RowKind::Resume, u64::from(id), behind).ok();
        let (id, committed) = (ThreadId(id), Position(committed));
        batch.has_thread(id, committed, info.to_vec(), silent.remove(&u64::from(id.0)));
        known.threads.push((id, committed, how));
    }
    let deep = |(id, committed, how): (_, _, Option<Resume>)| {
        let outer =
            how.as_ref().map_or_else(|| Ok(Vec::new()), |how| outer(txn, id, how.outer()))?;
        Ok((id, committed, how.map(|how| how.on(outer)).filter(Resume::is_sound)))
    };
    known.threads = known.threads.drain(..).map(deep).collect::<Result<_, ReadError>>()?;
    Ok(())
}

/// The frames far below the stack of a thread that has so many groups of them: the innermost first, down to one
/// that cannot be read.
fn outer(
    txn: &ReadTransaction,
    id: ThreadId,
    groups: usize,
) -> Result<Vec<OuterFrames>, ReadError> {
    if groups == 0 {
        return Ok(Vec::new());
    }
    let table = match txn.open_table(schema::OUTER) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        table => table?,
    };
    let mut outer = Vec::new();
    for number in (0..groups).rev().take(Resume::MOST_OUTER) {
        let key = schema::outer_key(id, u32::try_from(number).unwrap_or(u32::MAX));
        let row = table
            .get(key)?
            .map(|row| schema::read_row::<OuterFrames>(RowKind::Outer, key, row.value()));
        let Some(Ok(frames)) = row else { break };
        if frames.frames.len() != Resume::FRAMES || frames.opened.len() != Resume::FRAMES {
            break;
        }
        outer.push(frames);
    }
    Ok(outer)
}
