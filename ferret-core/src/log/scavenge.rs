//! Saving what is left of a log whose tree is gone: blocks and rows are found by their magic in the
//! raw file, believed for their checksums alone, and written into a new log.
//!
//! Pages that redb has freed are found too. They do no harm: a block is never rewritten with other
//! contents, and of a row that was, any version names the same thing.

use super::block::{self, Header};
use super::error::LogError;
use super::schema::{self, Meta, RowKind};
use super::source::{CACHE_BYTES, ReadError, guarded, redb_error};
use crate::event::Offset;
use redb::{ConcurrencyMode, WriteTransaction};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Bytes searched at once.
const WINDOW: usize = 4 << 20;
/// The longest thing to be found: rows have the same limit. Windows overlap by this.
const LONGEST: usize = block::LARGEST;

/// Block bytes written in one transaction.
const COMMIT_BYTES: usize = 16 << 20;

/// What was saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scavenged {
    /// Entries in the blocks that were saved.
    pub entries: u64,
    /// Blocks that were saved.
    pub blocks: u64,
    /// Callsites, paths and threads whose names were saved.
    pub names: u64,
}

/// What a file holds.
#[derive(Debug, Default)]
struct Found {
    /// First offset → header, and where the block begins in the file.
    blocks: BTreeMap<Offset, (Header, u64)>,
    /// (kind, key) → row.
    rows: BTreeMap<(u8, u64), Vec<u8>>,
}

/// Saves what can be read of the file at `path` into a new log at `out`, which must not exist.
///
/// # Errors
///
/// The file cannot be read, nothing of a log is in it, or `out` cannot be written.
pub fn scavenge(path: &Path, out: &Path) -> Result<Scavenged, LogError> {
    let file = File::open(path).map_err(|error| LogError::io(path, "open", error))?;
    let found = find(&file).map_err(|error| LogError::io(path, "read", error))?;
    if found.blocks.is_empty() {
        let what = "no block of a log is anywhere in it".to_owned();
        return Err(LogError::NotALog { path: path.to_owned(), what });
    }
    let new = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(out)
        .map_err(|error| LogError::io(out, "create", error))?;
    guarded(out, || write(&file, &found, new).map_err(|ReadError(error)| redb_error(out, error)))
}

fn find(file: &File) -> io::Result<Found> {
    let length = file.metadata()?.len();
    let mut found = Found::default();
    let mut window = vec![0; WINDOW + LONGEST];
    let mut at = 0;
    while at < length {
        let there = usize::try_from(length - at).unwrap_or(usize::MAX).min(window.len());
        file.read_exact_at(&mut window[..there], at)?;
        // What begins in the overlap is found by the next window, in full.
        for start in 0..there.min(WINDOW) {
            look(&window[start..there], at + start as u64, &mut found);
        }
        at += WINDOW as u64;
    }
    Ok(found)
}

/// Adds what begins with `bytes`, if anything does.
fn look(bytes: &[u8], at: u64, found: &mut Found) {
    if bytes.starts_with(&block::MAGIC) {
        if let Ok((header, _)) = block::verify(bytes) {
            found.blocks.insert(header.first, (header, at));
        }
    } else if bytes.starts_with(&schema::ROW_MAGIC)
        && let Ok((kind, key, value)) = schema::split_row(bytes)
    {
        let row = bytes[..schema::ROW_HEADER_BYTES + value.len()].to_vec();
        found.rows.insert((kind, key), row);
    }
}

fn write(file: &File, found: &Found, new: File) -> Result<Scavenged, ReadError> {
    let backend = redb::backends::FileBackend::new(new)?;
    let database = redb::Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .create_with_backend(backend)?;
    let mut saved = Scavenged::default();
    let txn = database.begin_write()?;
    schema::open_all(&txn)?;
    saved.names = write_rows(&txn, found)?;
    txn.commit()?;
    let mut blocks = found.blocks.values();
    let mut reached = Offset(0);
    loop {
        let txn = database.begin_write()?;
        let mut bytes = 0;
        let mut table = txn.open_table(schema::BLOCKS)?;
        while bytes < COMMIT_BYTES
            && let Some((header, at)) = blocks.next()
        {
            if header.first < reached {
                continue;
            }
            let mut block = vec![0; block::HEADER_BYTES + header.length as usize];
            file.read_exact_at(&mut block, *at).map_err(redb::Error::Io)?;
            table.insert(header.first.0, block.as_slice())?;
            reached = header.next();
            bytes += block.len();
            saved.blocks += 1;
            saved.entries += u64::from(header.count);
        }
        drop(table);
        txn.commit()?;
        if bytes == 0 {
            break;
        }
    }
    database.close()?;
    Ok(saved)
}

/// Writes names and `meta`; returns how many names there are. Watermarks and checkpoints are left
/// out: nobody will write to this log, and a snapshot can do without.
fn write_rows(txn: &WriteTransaction, found: &Found) -> Result<u64, ReadError> {
    let mut meta = txn.open_table(schema::META)?;
    meta.insert(schema::META_FORMAT, schema::FORMAT.to_le_bytes().as_slice())?;
    let unknown = || schema::row(RowKind::Meta, 0, &Meta::default()).unwrap_or_default();
    let row = found.rows.get(&(RowKind::Meta as u8, 0)).cloned().unwrap_or_else(unknown);
    meta.insert(schema::META_LOG, row.as_slice())?;
    let mut callsites = txn.open_table(schema::CALLSITES)?;
    let mut paths = txn.open_table(schema::PATHS)?;
    let mut threads = txn.open_table(schema::THREADS)?;
    let mut names = 0;
    for ((kind, key), row) in &found.rows {
        let Ok(id) = u32::try_from(*key) else { continue };
        if *kind == RowKind::Callsite as u8 {
            callsites.insert(id, row.as_slice())?;
        } else if *kind == RowKind::Path as u8 {
            paths.insert(id, row.as_slice())?;
        } else if *kind == RowKind::Thread as u8 {
            threads.insert(id, (0, row.as_slice()))?;
        } else {
            continue;
        }
        names += 1;
    }
    Ok(names)
}
