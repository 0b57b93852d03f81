//! Taking away flight buffers that nobody will ask for: of processes that died before they had a log, and of
//! logs that are gone. Whoever reads a log does it, never a process that records: the folders of others' logs may be
//! on a disk that does not answer.

use super::FOLDER;
use super::peek::Peek;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A process that lives reads the clock every 40 ms, and has a log after some more.
const SILENT_NS: u64 = 60_000_000_000;
/// A log that was moved, or is another container's, is not to be seen either: it is given a day.
const LONG_SILENT_NS: u64 = 86_400_000_000_000;
/// More files than these are looked at another time.
const MOST: usize = 256;

/// Looks at those of this user.
pub(crate) fn sweep() {
    // No such folder, no such file.
    let Ok(files) = fs::read_dir(FOLDER) else { return };
    let is_one = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"ferret-"))
    };
    let paths = files.flatten().map(|file| file.path()).filter(is_one);
    // Those of others cannot be looked at, and do not count.
    let peeks = paths.filter_map(|path| Some((Peek::of(&path).ok()?, path)));
    for (peek, path) in peeks.take(MOST) {
        if is_abandoned(&peek) {
            // Another was faster.
            drop(fs::remove_file(path));
        }
    }
}

/// Whether nobody will ask for it.
fn is_abandoned(peek: &Peek) -> bool {
    if peek.log.1 == 0 {
        return peek.silent_ns > SILENT_NS;
    }
    let Some(path) = peek.path.as_deref().filter(|_| peek.silent_ns > LONG_SILENT_NS) else {
        return false;
    };
    !is_there(path, peek.log) && (peek.next.1 == 0 || !is_there(path, peek.next))
}

/// Whether a log is in its folder, by whatever name; also where that cannot be seen.
fn is_there(path: &Path, log: (u64, u64)) -> bool {
    let is_it = |found: fs::Metadata| (found.dev(), found.ino()) == log;
    if fs::symlink_metadata(path).is_ok_and(is_it) {
        return true;
    }
    let Some(folder) = path.parent() else { return true };
    match fs::read_dir(folder) {
        Ok(files) => files.flatten().any(|file| file.metadata().is_ok_and(is_it)),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(log: (u64, u64), path: &Path, silent_ns: u64, expect: bool) {
        assert_eq!(is_abandoned(&Peek::made_up(log, path, silent_ns)), expect);
    }

    #[test]
    fn a_buffer_is_kept_while_its_log_is_there_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.redb");
        fs::write(&path, "log").unwrap();
        let found = fs::metadata(&path).unwrap();
        let log = (found.dev(), found.ino());
        let long = LONG_SILENT_NS + 1;
        check(log, &path, long, false);
        fs::rename(&path, folder.path().join("run.1-2.redb")).unwrap();
        check(log, &path, long, false);
        // It may have been moved to another folder.
        check((log.0, u64::MAX), &path, LONG_SILENT_NS, false);
        check((log.0, u64::MAX), &path, long, true);
        check((log.0, u64::MAX), &folder.path().join("gone/run.redb"), long, true);
    }

    #[test]
    fn one_without_a_log_is_given_the_time_to_make_one() {
        check((1, 0), Path::new("/run.redb"), SILENT_NS, false);
        check((1, 0), Path::new("/run.redb"), SILENT_NS + 1, true);
    }
}
