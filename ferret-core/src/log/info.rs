//! What a reader is told besides entries: options in, facts and damages out.

use super::fetch::FETCH_BYTES;
use super::schema::{LogEnd, Meta};
use super::source::CACHE_BYTES;
use crate::event::{LogTime, Offset, ProcessUid, RunId};
use std::path::{Path, PathBuf};

/// How to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Never write, not even to repair a file whose process was killed: it is then recovered in
    /// memory.
    pub read_only: bool,
    /// One of many that are read by the same process: its cache, and what is copied at a time, take a 32nd of
    /// the memory.
    pub is_one_of_many: bool,
}

impl ReadOptions {
    /// Memory that the cache of a log may take, bytes.
    pub(super) fn cache_bytes(self) -> usize {
        self.share_of(CACHE_BYTES)
    }

    /// Bytes of blocks that are copied at a time.
    pub(super) fn fetch_bytes(self) -> usize {
        self.share_of(FETCH_BYTES)
    }

    fn share_of(self, bytes: usize) -> usize {
        if self.is_one_of_many { bytes / 32 } else { bytes }
    }
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
    /// The first entry that is still there; but for `PROCESS_START`, entry 0, which always is.
    pub first_offset: Offset,
    /// The offset the next entry will get.
    pub next_offset: Offset,
    /// The earliest time of the block that holds it.
    pub first_time: LogTime,
    /// The log was to take so many bytes on the disk at most: what was oldest was dropped.
    pub max_bytes: Option<u64>,
    /// Entries were to be dropped at this age, ns.
    pub max_age_ns: Option<u64>,
    /// Its process was killed, and opening it has repaired it.
    pub repaired: bool,
    /// Its process has ended it, or somebody has for it: nothing more comes.
    pub is_ended: bool,
    /// Entries that were added after its process's death: what it had published, and not committed.
    pub salvaged_entries: u64,
    /// When that was; none if it was not.
    pub salvaged_at: Option<LogTime>,
    /// Processes that the kernel had killed for want of memory, on all of the machine, between the last that was
    /// heard of the process and then; none if the kernel does not say.
    pub oom_kills: Option<u64>,
    /// What was not in it yet lay in memory that outlives its process; whether that is to be seen from here is not
    /// said.
    pub is_outlived: bool,
    /// Why what it leaves out is believed not to be there.
    pub integrity: Integrity,
}

/// Why a log is believed. What it holds proves itself, block by block; that nothing is missing or
/// out of date is known for one of these reasons, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Its process lives, or ended on the boot that goes on now: the kernel has all that it wrote.
    ThisBoot,
    /// Every page was verified: when it was opened, since it is of another boot or machine; by its
    /// repair; or because [`check`](super::check) was asked to.
    Verified,
    /// It was, and is not as it was written: what is read is true, and something may be missing.
    Broken,
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
    /// Takes what the log says of its end.
    pub(super) fn ends(&mut self, end: LogEnd) {
        self.is_ended = true;
        self.salvaged_entries = end.salvaged.unwrap_or(0);
        self.salvaged_at = end.salvaged.map(|_| end.at);
        self.oom_kills = end.oom_kills;
    }

    /// How many entries are there.
    pub fn entries(&self) -> u64 {
        // The first of all stays where those behind it are dropped.
        let head = u64::from(self.first_offset > Offset(1));
        self.next_offset.0.saturating_sub(self.first_offset.0) + head
    }

    /// What `meta` says; the log's ends are not known yet.
    pub(super) fn new(path: &Path, meta: Meta, repaired: bool, integrity: Integrity) -> Self {
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
            max_bytes: Some(meta.max_bytes).filter(|bytes| *bytes > 0),
            max_age_ns: Some(meta.max_age_ns).filter(|ns| *ns > 0),
            repaired,
            is_ended: false,
            salvaged_entries: 0,
            salvaged_at: None,
            oom_kills: None,
            is_outlived: false,
            integrity,
        }
    }
}
