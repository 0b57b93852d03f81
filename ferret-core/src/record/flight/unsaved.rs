//! Which logs have flight buffers: of those whose processes died, something may not be saved. Asked by a process
//! that begins to record, before it removes old runs; it looks at nothing but the buffers' first bytes.

use super::layout::{FORMAT, Header, MAGIC};
use super::{FOLDER, memory};
use rustix::fs::OFlags;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::mem::offset_of;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// More files than these are not looked at: 10 ms at a program's start.
const MOST: usize = 1024;

/// The logs that this user's buffers belong to, by device and inode.
pub(in crate::record) fn logs_left() -> BTreeSet<(u64, u64)> {
    // No such folder, no such file.
    let Ok(files) = fs::read_dir(FOLDER) else { return BTreeSet::new() };
    let paths = files.flatten().map(|file| file.path());
    let is_one =
        |path: &Path| path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"ferret-"));
    let logs = paths.filter(|path| is_one(path)).take(MOST).filter_map(|path| log_of(&path).ok());
    // One that has no log yet will not be asked for by its name.
    logs.filter(|(_, inode)| *inode != 0).collect()
}

fn log_of(path: &Path) -> io::Result<(u64, u64)> {
    let file = memory::open_own(path, OFlags::RDONLY)?;
    let mut start = [0; offset_of!(Header, inode) + 8];
    file.read_exact_at(&mut start, 0)?;
    let word = |at: usize| start[at..].first_chunk().map_or(0, |b| u32::from_ne_bytes(*b));
    let long = |at: usize| start[at..].first_chunk().map_or(0, |b| u64::from_ne_bytes(*b));
    if long(offset_of!(Header, magic)) != MAGIC || word(offset_of!(Header, format)) != FORMAT {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((long(offset_of!(Header, device)), long(offset_of!(Header, inode))))
}
