//! A look at the header of a flight buffer, without reading the rest: whose it is, and whether its process lives.

use super::header::HeaderBytes;
use super::layout::{CLOCK_AT, CLOCK_PAIRS, Header};
use super::{memory, path_of};
use crate::event::ProcessUid;
use crate::record::{clock, identity};
use rustix::fs::OFlags;
use std::fs::File;
use std::io;
use std::mem::offset_of;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Longer than a process that lives ever lets the clock be, but for one that is stopped.
const SILENT_NS: u64 = 2_000_000_000;

/// What a header says.
#[derive(Debug)]
pub(crate) struct Peek {
    /// The log's device and inode; inode 0 if it never had one.
    pub(super) log: (u64, u64),
    /// The log that was about to take its place, likewise.
    pub(super) next: (u64, u64),
    /// The log's path; none if that is too long to be kept.
    pub(super) path: Option<PathBuf>,
    /// How long ago the process last read the clock; if it never did, made the file.
    pub(super) silent_ns: u64,
    pid: u32,
    start_ticks: u64,
}

impl Peek {
    /// That of process `uid`.
    ///
    /// # Errors
    ///
    /// It is not to be seen from here, is not to be read, or is none of this format.
    pub(crate) fn at(uid: ProcessUid) -> io::Result<Self> {
        Self::of(&path_of(uid))
    }

    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let file = memory::open_own(path, OFlags::RDONLY)?;
        let header = HeaderBytes::of(&file)?;
        let [log, next] = header.logs();
        Ok(Self {
            log,
            next,
            path: header.path(),
            silent_ns: silent_ns(&file, header.long(offset_of!(Header, clocks)))?,
            pid: header.word(offset_of!(Header, pid)),
            start_ticks: header.long(offset_of!(Header, start_ticks)),
        })
    }

    /// Whether it belongs to the log of that device and inode. It knows of none if the process died in the moment
    /// after its log had been made.
    ///
    /// It may have died while another log took the place of its first. Then that has all that the first lacks as soon
    /// as it has its name, and before that nothing.
    pub(crate) fn is_of(&self, log: (u64, u64)) -> bool {
        match (self.next.1 != 0, log == self.next) {
            (true, true) => true,
            (true, false) => log == self.log && !self.has_moved(),
            (false, _) => self.log.1 == 0 || log == self.log,
        }
    }

    /// Whether the log that was to take the place of the first has done so.
    fn has_moved(&self) -> bool {
        let found = self.path.as_deref().map(std::fs::symlink_metadata);
        found.is_some_and(|found| found.is_ok_and(|found| (found.dev(), found.ino()) == self.next))
    }

    /// Whether its process lives, though it may have lost the lock that says so: a daemon that closes all its
    /// descriptors has, until it looks. One that became another program by `exec` has the pid, and reads no clock.
    pub(crate) fn is_alive(&self) -> bool {
        if self.silent_ns > SILENT_NS {
            return false;
        }
        let (state, start_ticks) = identity::state(&self.pid.to_string());
        !matches!(state.as_deref(), None | Some("Z" | "X")) && start_ticks == Some(self.start_ticks)
    }
}

fn silent_ns(file: &File, clocks: u64) -> io::Result<u64> {
    let Some(last) = clocks.checked_sub(1) else {
        // In the future, after the wall clock was set back, it is as if it were new.
        let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
        return Ok(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
    };
    let last = usize::try_from(last % CLOCK_PAIRS as u64).unwrap_or(0);
    let mut time = [0; 8];
    file.read_exact_at(&mut time, (CLOCK_AT + last * 16 + 8) as u64)?;
    Ok(clock::now().0.saturating_sub(u64::from_ne_bytes(time)))
}

#[cfg(test)]
impl Peek {
    /// One that says that.
    pub(super) fn made_up(log: (u64, u64), path: &Path, silent_ns: u64) -> Self {
        let (next, path) = ((0, 0), Some(path.to_owned()));
        Self { log, next, path, silent_ns, pid: 0, start_ticks: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: (u64, u64) = (1, 2);
    const COPY: (u64, u64) = (1, 5);

    #[test]
    fn it_is_of_its_log_and_of_none_other() {
        let peek = Peek::made_up(FIRST, Path::new("/run.redb"), 0);
        assert!(peek.is_of(FIRST) && !peek.is_of(COPY));
        let young = Peek::made_up((0, 0), Path::new("/run.redb"), 0);
        assert!(young.is_of(FIRST), "it has not been told yet");
    }

    /// Of one that died while another log took the place of its first.
    #[test]
    fn it_is_of_the_first_log_until_the_next_has_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, nameless) = (folder.path().join("run.redb"), folder.path().join("temp"));
        std::fs::write(&nameless, "log").unwrap();
        let found = std::fs::metadata(&nameless).unwrap();
        let next = (found.dev(), found.ino());
        let peek = Peek { next, ..Peek::made_up(FIRST, &path, 0) };
        assert!(peek.is_of(FIRST) && !peek.is_of(COPY));
        std::fs::write(&path, "another").unwrap();
        assert!(peek.is_of(FIRST), "that is not the next");
        std::fs::rename(&nameless, &path).unwrap();
        assert!(peek.is_of(next) && !peek.is_of(FIRST) && !peek.is_of(COPY));
    }
}
