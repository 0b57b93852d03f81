//! For the targets in `fuzz/` and nobody else: parts of the log that any bytes are given to.

use super::batch::Batch;
use super::block::{self, HEADER_BYTES};
use super::codec::{self, Input};
use super::cursor::BlockCursor;
use super::schema::{self, Checkpoint, Meta, OpenStack, RowKind};
use super::segment::get_keyframe;
use super::task_rows::FIRST_KEY;
use crate::event::{CallsiteInfo, Entry, Known, LogTime, Offset, PathInfo, Resume, ThreadInfo};

/// The entries of a block whose header is made to prove `bytes`: 16 bytes say its first offset (8),
/// its count (4) and its segments (4), the others are those segments. And what is wrong with them.
pub fn block(bytes: &[u8]) -> Option<(Vec<Entry>, Option<String>)> {
    let (said, body) = bytes.split_at_checked(16)?;
    let mut block = vec![0; HEADER_BYTES];
    block[..8].copy_from_slice(&block::MAGIC);
    block[8..10].copy_from_slice(&u16::try_from(schema::FORMAT).ok()?.to_le_bytes());
    block[12..16].copy_from_slice(&u32::try_from(body.len()).ok()?.to_le_bytes());
    block[16..32].copy_from_slice(said);
    block.extend_from_slice(body);
    let checksum = block::checksum_of(&block[..48], &block[HEADER_BYTES..]);
    block[48..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    let mut input = Input::new(said);
    let first = Offset(u64::from_le_bytes(input.array().ok()?));
    let mut entries = Vec::new();
    let mut cursor = match BlockCursor::new(first, block, first) {
        Ok(cursor) => cursor,
        Err(damage) => return Some((entries, Some(damage.what))),
    };
    loop {
        match cursor.next_segment_from(&mut entries, |_, _, _| {}) {
            Ok(true) => {}
            Ok(false) => return Some((entries, None)),
            Err(damage) => return Some((entries, Some(damage.what))),
        }
    }
}

/// Reads `bytes` as a block with a header of its own; true if it is one.
pub fn verify(bytes: &[u8]) -> bool {
    block::verify(bytes).is_ok()
}

/// Reads a row that is made to prove `bytes`, all but the first of which are its value. True if it
/// is one of what the first says.
pub fn row(bytes: &[u8]) -> bool {
    let Some((&kind, value)) = bytes.split_first() else { return false };
    match kind {
        1 => codec::get_value::<Meta>(value).is_ok(),
        2 => codec::get_value::<CallsiteInfo>(value).is_ok(),
        3 => codec::get_value::<PathInfo>(value).is_ok(),
        4 => codec::get_value::<ThreadInfo>(value).is_ok(),
        5 => codec::get_value::<OpenStack>(value)
            .is_ok_and(|open| get_keyframe(&mut Input::new(&open.keyframe), open.time).is_ok()),
        6 => codec::get_value::<Checkpoint>(value).is_ok(),
        _ => schema::split_row(value).is_ok(),
    }
}

/// What a log may say of its process: the parts of a [`Known`] in their order.
pub(crate) fn known(bytes: &[u8]) -> Option<Known> {
    let (callsites, paths, threads, tasks, ended_tasks) = codec::get_value(bytes).ok()?;
    let mut known = Known { callsites, paths, threads, tasks, ended_tasks };
    for (_, _, how) in &mut known.threads {
        // As whoever reads it from the rows does.
        *how = how.take().filter(Resume::is_sound);
    }
    Some(known)
}

/// The batch of who goes on with a log of that length, which says that.
pub(crate) fn batch(next: Offset, known: &Known) -> Batch {
    let mut batch = Batch::new(next);
    for (id, committed, _) in &known.threads {
        batch.has_thread(*id, *committed, Vec::new(), None);
    }
    for (key, task) in (FIRST_KEY..).zip(&known.tasks) {
        batch.has_task(key, task.span);
    }
    batch
}

/// What a commit of the batch would write, read: its entries; each row of a thread; or what is wrong.
pub(crate) fn read_back(mut batch: Batch, now: LogTime) -> Result<Vec<Entry>, String> {
    let rows = batch.rows(now);
    for (id, _, row) in rows.threads {
        let (_, behind) = row.split_at(schema::row_length(&row).min(row.len()));
        if !behind.is_empty() {
            let how = schema::read_row::<Resume>(RowKind::Resume, u64::from(id.0), behind);
            let how = how.map_err(|error| format!("how thread {} goes on: {error}", id.0))?;
            if !how.is_sound() {
                return Err(format!("thread {} cannot go on", id.0));
            }
        }
    }
    let mut entries = Vec::new();
    for (first, block) in rows.blocks {
        let mut cursor =
            BlockCursor::new(*first, block.clone(), *first).map_err(|damage| damage.what)?;
        while cursor.next_segment_from(&mut entries, |_, _, _| {}).map_err(|damage| damage.what)? {}
    }
    Ok(entries)
}
