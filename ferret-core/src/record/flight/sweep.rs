//! Taking away flight buffers that nobody will ask for: of processes that died before they had a log, and of
//! logs that are gone. Whoever begins to record does it, and whoever salvages.

use super::layout::{CLOCK_AT, CLOCK_PAIRS, FORMAT, Header, MAGIC, MAX_PATH};
use super::{FOLDER, memory};
use crate::record::clock;
use rustix::fs::OFlags;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::mem::offset_of;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A process that lives reads the clock every 40 ms. One that is stopped does not, but its log is there.
const SILENT_NS: u64 = 60_000_000_000;
/// As long as that, where what there is of it is not to be seen.
const LONG_SILENT_NS: u64 = 3_600_000_000_000;
/// More files than these are looked at another time.
const MOST: usize = 256;

/// Looks at those of this user.
pub(in crate::record) fn sweep() {
    // No such folder, no such file.
    let Ok(files) = fs::read_dir(FOLDER) else { return };
    let is_one = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"ferret-"))
    };
    let paths = files.flatten().map(|file| file.path()).filter(is_one);
    for path in paths.take(MOST) {
        if is_abandoned(&path) == Some(true) {
            // Another was faster.
            drop(fs::remove_file(path));
        }
    }
}

/// Whether nobody will ask for it; none if that is not to be told.
fn is_abandoned(path: &Path) -> Option<bool> {
    let file = memory::open_own(path, OFlags::RDONLY).ok()?;
    let mut header = [0; size_of::<Header>()];
    file.read_exact_at(&mut header, 0).ok()?;
    let word = |at: usize| header[at..].first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
    let long = |at: usize| header[at..].first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
    if long(offset_of!(Header, magic)) != MAGIC || word(offset_of!(Header, format)) != FORMAT {
        return None;
    }
    let silent_ns = silence_ns(&file, long(offset_of!(Header, clocks)))?;
    if silent_ns < SILENT_NS {
        return Some(false);
    }
    let log = (long(offset_of!(Header, device)), long(offset_of!(Header, inode)));
    if log.1 == 0 {
        return Some(true);
    }
    let at = offset_of!(Header, path);
    let length = header[at..].first_chunk().map_or(0, |bytes| u16::from_ne_bytes(*bytes));
    let length = usize::from(length);
    let named = header[at + 2..].get(..length.min(MAX_PATH)).filter(|path| !path.is_empty())?;
    Some(!is_there(Path::new(OsStr::from_bytes(named)), log, silent_ns)?)
}

/// How long ago its process last read the clock; if it never did, made the file.
fn silence_ns(file: &File, clocks: u64) -> Option<u64> {
    let Some(last) = clocks.checked_sub(1) else {
        let made = file.metadata().and_then(|metadata| metadata.modified()).ok()?;
        return u64::try_from(made.elapsed().ok()?.as_nanos()).ok();
    };
    let last = usize::try_from(last % CLOCK_PAIRS as u64).ok()?;
    let mut time = [0; 8];
    file.read_exact_at(&mut time, (CLOCK_AT + last * 16 + 8) as u64).ok()?;
    Some(clock::now().0.saturating_sub(u64::from_ne_bytes(time)))
}

/// Whether a log is in its folder, by whatever name; none if that cannot be seen.
fn is_there(path: &Path, log: (u64, u64), silent_ns: u64) -> Option<bool> {
    let is_it = |found: fs::Metadata| (found.dev(), found.ino()) == log;
    if fs::symlink_metadata(path).is_ok_and(is_it) {
        return Some(true);
    }
    let files = match fs::read_dir(path.parent()?) {
        Ok(files) => files,
        // Its folder is gone as well, or is another container's.
        Err(error) => {
            let is_gone = error.kind() == io::ErrorKind::NotFound && silent_ns > LONG_SILENT_NS;
            return is_gone.then_some(false);
        }
    };
    Some(files.flatten().any(|file| file.metadata().is_ok_and(is_it)))
}
