//! The tables of a log: names, keys, values. The only file that knows them; docs/format.md tells
//! the same byte by byte.
//!
//! Values other than blocks are *rows*: few, small, and worth as much as the blocks they explain,
//! so each carries what proves it and what finds it again in a file whose tree is gone:
//!
//! ```text
//! 0   magic     3 bytes  "fRr"
//! 3   kind      u8       see RowKind
//! 4   length    u32 LE   bytes behind the row's header
//! 8   key       u64 LE   the row's key in its table
//! 16  checksum  u64 LE   XXH3-64 of bytes 0..16 and of those behind the header
//! 24            bincode
//! ```

use super::batch::Rows;
use super::codec::{self, CodecError, Input};
use crate::event::{LogTime, Offset, ProcessUid, RunId, ThreadId};
use redb::TableDefinition;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use xxhash_rust::xxh3::Xxh3;

/// The format written here, and the newest that is read. Older ones are read as well: 2 has opcodes more, and
/// so have 3 and 4. Rows that came since (of async spans, of how a thread goes on, of the log's end) stand where older readers
/// do not look.
pub(super) const FORMAT: u32 = 4;

/// First offset of a block → the block.
pub(super) const BLOCKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("blocks");
/// Callsite id → row of a `CallsiteInfo`.
pub(super) const CALLSITES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("callsites");
/// Path id → row of a `PathInfo`.
pub(super) const PATHS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("paths");
/// Thread id → (`committed`: the position up to which its events are in the log, row of a
/// `ThreadInfo`; empty for the recorder's thread; and behind it, while a frame is open, row of a [`Resume`](crate::event::Resume)).
pub(super) const THREADS: TableDefinition<'_, u32, (u64, &[u8])> = TableDefinition::new("threads");
/// Thread id → row of an [`OpenStack`]; there while the thread is silent. From
/// [`FIRST_KEY`](super::task_rows::FIRST_KEY) on: rows of [`KeptTask`](super::task_rows::KeptTask)s,
/// there while the span is open.
pub(super) const OPEN: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("open");
/// Thread id in the high half, number in the low → row of an [`OuterFrames`](crate::event::OuterFrames): so many frames
/// of a deep stack. Only in logs of threads that were so deep.
pub(super) const OUTER: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outer");
/// Time → row of a [`Checkpoint`].
pub(super) const CHECKPOINTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("checkpoints");
/// Where the last segment of a thread that ended begins → its id. Only in logs with a limit, which
/// remove the thread's row when that segment goes.
pub(super) const ENDED: TableDefinition<'_, u64, u32> = TableDefinition::new("ended");
/// [`META_FORMAT`] → the format, u32 LE; [`META_LOG`] → row of a [`Meta`]; [`META_TASKS`] → an
/// offset, u64 LE; [`META_OUTLIVED`] → nothing; [`META_PRUNED`] → [`PRUNED_BYTES`].
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Readable by every version, for ever.
pub(super) const META_FORMAT: &str = "format";
/// Who wrote the log.
pub(super) const META_LOG: &str = "log";

/// Every open async span that was made before has a row in [`OPEN`].
pub(super) const META_TASKS: &str = "tasks";

/// There if what was not committed lay in memory that outlives the process.
pub(super) const META_OUTLIVED: &str = "outlived";
/// Row of a [`LogEnd`], written with the last entries of the process.
pub(super) const META_END: &str = "end";
/// Where the entries begin that are still there, but for the very first; and how many rows of threads
/// were removed. Both u64 LE; absent if nothing was.
pub(super) const META_PRUNED: &str = "pruned";
pub(super) const PRUNED_BYTES: usize = 16;

/// Where the entries begin that are kept, but for the very first; and how many rows of threads were
/// removed.
#[cfg(feature = "read")]
pub(super) fn pruned(txn: &redb::ReadTransaction) -> Result<(Offset, u64), redb::Error> {
    let meta = txn.open_table(META)?;
    let row = meta.get(META_PRUNED)?;
    let row: Option<[u8; PRUNED_BYTES]> = row.and_then(|row| row.value().try_into().ok());
    let half = |at: usize| row.and_then(|row| row[at..at + 8].try_into().ok());
    let number = |at| half(at).map_or(0, u64::from_le_bytes);
    Ok((Offset(number(0)), number(8)))
}

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    Meta = 1,
    Callsite = 2,
    Path = 3,
    Thread = 4,
    Open = 5,
    Checkpoint = 6,
    Task = 7,
    Resume = 8,
    End = 9,
    Outer = 10,
}

/// Who wrote a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) run: RunId,
    pub(super) uid: ProcessUid,
    pub(super) pid: u32,
    pub(super) host: String,
    pub(super) boot_id: String,
    /// What `FERRET_RUN` said, if anything did.
    pub(super) token: Option<RunId>,
    /// The oldest blocks are dropped once the log exceeds this many bytes; 0 for never.
    pub(super) max_bytes: u64,
    /// Blocks older than this are dropped, ns; 0 for never.
    pub(super) max_age_ns: u64,
    /// When the log was created.
    pub(super) created: LogTime,
    /// Always 0: see [`LogEnd`].
    pub(super) salvaged_entries: u64,
}

/// The process is over, and all of it is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogEnd {
    /// When this was written: by the process itself, or long after its death.
    pub(super) at: LogTime,
    /// Entries that were salvaged from what the process left behind; none if it ended its log itself.
    pub(super) salvaged: Option<u64>,
    /// Processes that the kernel had killed for want of memory meanwhile, on all of the machine.
    pub(super) oom_kills: Option<u64>,
}

/// The stack of a silent thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenStack {
    /// The end of the log when this was written.
    pub(super) next: Offset,
    /// The thread's last entry's time.
    pub(super) time: LogTime,
    /// The innermost frames, as `put_keyframe` writes them, relative to `time`.
    pub(super) keyframe: Vec<u8>,
}

/// A second of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The offset of the first entry behind it.
    pub(super) next: Offset,
    /// `keyframes` names every thread that may have an open frame, not only those with a segment
    /// since the checkpoint before.
    pub(super) full: bool,
    /// Where each thread's last segment begins.
    pub(super) keyframes: Vec<(ThreadId, Offset)>,
}

/// Every 64th checkpoint is full.
pub(super) const FULL_EVERY: u64 = 64;
/// Checkpoints are this far apart, ns.
pub(super) const CHECKPOINT_NS: u64 = 1_000_000_000;

pub(super) const ROW_MAGIC: [u8; 3] = *b"fRr";
pub(super) const ROW_HEADER_BYTES: usize = 24;
const ROW_CHECKSUM_AT: usize = 16;

/// Makes a row.
pub(super) fn row<T: Serialize>(kind: RowKind, key: u64, value: &T) -> Result<Vec<u8>, CodecError> {
    let mut row = vec![0; ROW_HEADER_BYTES];
    codec::put_value(&mut row, value)?;
    let length = u32::try_from(row.len() - ROW_HEADER_BYTES)
        .map_err(|_too_large| CodecError("a row is too large for the log"))?;
    row[..3].copy_from_slice(&ROW_MAGIC);
    row[3] = kind as u8;
    row[4..8].copy_from_slice(&length.to_le_bytes());
    row[8..16].copy_from_slice(&key.to_le_bytes());
    let checksum = checksum_of(&row[..ROW_CHECKSUM_AT], &row[ROW_HEADER_BYTES..]);
    row[ROW_CHECKSUM_AT..ROW_HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    Ok(row)
}

/// How long the row at the front of `bytes` says it is.
#[cfg(feature = "read")]
pub(super) fn row_length(bytes: &[u8]) -> usize {
    let length = bytes.get(4..8).and_then(|bytes| bytes.first_chunk());
    length.map_or(0, |length| u32::from_le_bytes(*length) as usize + ROW_HEADER_BYTES)
}

/// The key of a thread's row in [`OUTER`].
pub(super) fn outer_key(thread: ThreadId, number: u32) -> u64 {
    u64::from(thread.0) << 32 | u64::from(number)
}

/// Reads the row of `kind` under `key`.
pub(super) fn read_row<T: DeserializeOwned>(
    kind: RowKind,
    key: u64,
    row: &[u8],
) -> Result<T, CodecError> {
    let (found, found_key, value) = split_row(row)?;
    if (found, found_key) != (kind as u8, key) {
        return Err(CodecError("a row is not under its own key"));
    }
    codec::get_value(value)
}

/// Verifies the row at the front of `bytes`; returns its kind, its key and its value's bytes.
pub(super) fn split_row(bytes: &[u8]) -> Result<(u8, u64, &[u8]), CodecError> {
    let mut input = Input::new(bytes);
    if input.array()? != ROW_MAGIC {
        return Err(CodecError("no row begins here"));
    }
    let kind = input.byte()?;
    let length = u32::from_le_bytes(input.array()?);
    let key = u64::from_le_bytes(input.array()?);
    let checksum = u64::from_le_bytes(input.array()?);
    let length =
        usize::try_from(length).map_err(|_too_large| CodecError("a row is larger than memory"))?;
    let value = input.take(length)?;
    if checksum_of(&bytes[..ROW_CHECKSUM_AT], value) != checksum {
        return Err(CodecError("a row's checksum does not match"));
    }
    Ok((kind, key, value))
}

fn checksum_of(signed: &[u8], value: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(signed);
    hash.update(value);
    hash.digest()
}

/// Creates every table, so that readers find them all from the first commit on.
pub(super) fn open_all(txn: &redb::WriteTransaction) -> Result<(), redb::TableError> {
    txn.open_table(BLOCKS)?;
    txn.open_table(CALLSITES)?;
    txn.open_table(PATHS)?;
    txn.open_table(THREADS)?;
    txn.open_table(OPEN)?;
    txn.open_table(CHECKPOINTS)?;
    Ok(())
}

/// Writes what a batch holds.
pub(super) fn insert(txn: &redb::WriteTransaction, rows: &Rows<'_>) -> Result<(), redb::Error> {
    insert_names(txn, rows)?;
    if !rows.open.is_empty() {
        let mut table = txn.open_table(OPEN)?;
        for (id, row) in &rows.open {
            match row {
                Some(row) => table.insert(u64::from(id.0), row.as_slice())?,
                None => table.remove(u64::from(id.0))?,
            };
        }
    }
    insert_tasks(txn, rows)?;
    if !rows.outer.is_empty() {
        let mut table = txn.open_table(OUTER)?;
        for (key, row) in &rows.outer {
            match row {
                Some(row) => table.insert(key, *row)?,
                None => table.remove(key)?,
            };
        }
    }
    if let Some(row) = &rows.end {
        txn.open_table(META)?.insert(META_END, row.as_slice())?;
    }
    if let Some((at, row)) = &rows.checkpoint {
        txn.open_table(CHECKPOINTS)?.insert(at.0, row.as_slice())?;
    }
    let mut table = txn.open_table(BLOCKS)?;
    for (first, block) in rows.blocks {
        table.insert(first.0, block.as_slice())?;
    }
    Ok(())
}

fn insert_tasks(txn: &redb::WriteTransaction, rows: &Rows<'_>) -> Result<(), redb::Error> {
    if !rows.tasks.is_empty() {
        let mut table = txn.open_table(OPEN)?;
        for (key, row) in &rows.tasks {
            match row {
                Some(row) => table.insert(key, row.as_slice())?,
                None => table.remove(key)?,
            };
        }
    }
    if let Some(from) = rows.tasks_from {
        txn.open_table(META)?.insert(META_TASKS, from.0.to_le_bytes().as_slice())?;
    }
    Ok(())
}

fn insert_names(txn: &redb::WriteTransaction, rows: &Rows<'_>) -> Result<(), redb::Error> {
    if !rows.callsites.is_empty() {
        let mut table = txn.open_table(CALLSITES)?;
        for (id, row) in rows.callsites {
            table.insert(id.0, row.as_slice())?;
        }
    }
    if !rows.paths.is_empty() {
        let mut table = txn.open_table(PATHS)?;
        for (id, row) in rows.paths {
            table.insert(id.0, row.as_slice())?;
        }
    }
    if !rows.threads.is_empty() {
        let mut table = txn.open_table(THREADS)?;
        for (id, committed, row) in &rows.threads {
            table.insert(id.0, (committed.0, row.as_ref()))?;
        }
    }
    Ok(())
}
