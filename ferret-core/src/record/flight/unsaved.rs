//! Which logs of a folder have flight buffers: of those whose processes died, something may not be saved. Asked by a
//! process that begins to record, before it removes old runs; it looks at nothing but the buffers' first bytes.

use super::header::HeaderBytes;
use super::{FOLDER, memory};
use rustix::fs::OFlags;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// More files than these are not looked at: 10 ms at a program's start.
const MOST: usize = 1024;

/// Device and inode.
type Identity = (u64, u64);

/// The logs in `folder` that this user's buffers belong to. A buffer whose log is gone may name an inode that is
/// another file's by now, so the folder of its log must be this one too.
pub(in crate::record) fn logs_left(folder: &Path) -> BTreeSet<Identity> {
    // No such folder, no such file.
    let Ok(files) = fs::read_dir(FOLDER) else { return BTreeSet::new() };
    let Some(folder) = identity(folder) else { return BTreeSet::new() };
    let paths = files.flatten().map(|file| file.path());
    let is_one =
        |path: &Path| path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"ferret-"));
    let buffers = paths.filter(|path| is_one(path)).take(MOST);
    let logs = buffers.filter_map(|buffer| logs_of(&buffer, folder).ok()).flatten();
    // One that has no log yet will not be asked for by its name.
    logs.filter(|(_, inode)| *inode != 0).collect()
}

/// The log of a buffer, if that was in `folder`, and the one that was about to take its place.
fn logs_of(buffer: &Path, folder: Identity) -> io::Result<[Identity; 2]> {
    let file = memory::open_own(buffer, OFlags::RDONLY)?;
    let header = HeaderBytes::of(&file)?;
    // One whose path is too long to be kept may be anywhere.
    if header.path().is_some_and(|path| path.parent().and_then(identity) != Some(folder)) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(header.logs())
}

fn identity(folder: &Path) -> Option<Identity> {
    // One that is gone has nothing in it.
    fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()))
}
