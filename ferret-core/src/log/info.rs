//! What a reader is told besides entries: options in, facts and damages out.

use super::schema::Meta;
use crate::event::{LogTime, Offset, ProcessUid, RunId};
use std::path::{Path, PathBuf};

/// How to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Never write, not even to repair a file whose process was killed: it is then recovered in
    /// memory.
    pub read_only: bool,
}

/// What is known of a log besides its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogInfo {
    /// The file.
    pub path: PathBuf,
    /// The process that wrote it.
    pub uid: ProcessUid,
    /// The run it belongs to.
    pub run: RunId,
    /// What `FERRET_RUN` said when the process started.
    pub token: Option<RunId>,
    /// The process's pid, in its own pid namespace.
    pub pid: u32,
    /// Its host.
    pub host: String,
    /// The kernel's boot: times compare exactly between logs that share it.
    pub boot_id: String,
    /// Bytes that the file takes on the disk.
    pub bytes: u64,
    /// The file's length, which runs ahead of that.
    pub length: u64,
    /// The first entry that is still there.
    pub first_offset: Offset,
    /// The offset the next entry will get.
    pub next_offset: Offset,
    /// The earliest time of the first block.
    pub first_time: LogTime,
    /// Its process was killed, and opening it has repaired it.
    pub repaired: bool,
    /// Entries that were added after its process's death.
    pub salvaged_entries: u64,
}

/// A part of a log that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins.
    pub offset: Offset,
    /// What is wrong.
    pub what: String,
}

impl LogInfo {
    /// What `meta` says; the log's ends are not known yet.
    pub(super) fn new(path: &Path, meta: Meta, repaired: bool) -> Self {
        Self {
            path: path.to_owned(),
            uid: meta.uid,
            run: meta.run,
            token: meta.token,
            pid: meta.pid,
            host: meta.host,
            boot_id: meta.boot_id,
            bytes: 0,
            length: 0,
            first_offset: Offset(0),
            next_offset: Offset(0),
            first_time: meta.created,
            repaired,
            salvaged_entries: meta.salvaged_entries,
        }
    }
}
