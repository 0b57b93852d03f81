//! What numbers name in a trace: processes by pid, threads by the kernel's id, and each async span and
//! flow by one of its own. Where a number is taken (by a process of another machine, or a thread that
//! was there before) another stands for it.

use super::super::timeline::Timeline;
use super::event::Events;
use ferret::event::{LogIndex, Names, ThreadId};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Greater than the kernel's greatest pid, 2^22.
const MADE_UP: u64 = 1 << 23;

/// The numbers that are given.
#[derive(Debug)]
pub(super) struct Ids {
    pids: Vec<u64>,
    /// Threads, by the numbers they have here. Of each thread one is kept, as the log does.
    tids: BTreeMap<(LogIndex, ThreadId), u64>,
    taken: BTreeSet<u64>,
    made_up: u64,
    last: u64,
}

/// Where an event is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) pid: u64,
    pub(super) tid: u64,
}

impl Ids {
    pub(super) fn new(timeline: &Timeline) -> Self {
        let mut ids = Self {
            pids: Vec::new(),
            tids: BTreeMap::new(),
            taken: BTreeSet::new(),
            made_up: MADE_UP,
            last: 0,
        };
        let mut pids = BTreeSet::new();
        for log in (0..timeline.len()).map(LogIndex) {
            let pid = u64::from(timeline.pid(log));
            let pid = if pids.insert(pid) { pid } else { ids.make_up() };
            ids.pids.push(pid);
        }
        ids
    }

    /// A number that no other async span or flow has.
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The whole of a process.
    pub(super) fn whole(&self, log: LogIndex) -> Track {
        let pid = self.pids.get(log.0).copied().unwrap_or(0);
        Track { pid, tid: pid }
    }

    /// Says who a process is.
    pub(super) fn tell_process(
        &self,
        events: &mut Events,
        timeline: &Timeline,
        log: LogIndex,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let track = self.whole(log);
        let mut name = timeline.program(log);
        if track.pid >= MADE_UP {
            let host = timeline.process(log).map_or("another host", |start| &start.host);
            name = format!("{name}, pid {} on {host}", timeline.pid(log));
        }
        let mut event = events.event("M", "process_name", track);
        event.args();
        event.arg("name", &name)?;
        event.write(out)?;
        let mut event = events.event("M", "process_sort_index", track);
        event.args();
        event.arg("sort_index", &log.0)?;
        event.write(out)
    }

    /// A thread's track; what it is called is said when it is first asked for.
    pub(super) fn track(
        &mut self,
        events: &mut Events,
        log: LogIndex,
        names: &Names,
        thread: ThreadId,
        out: &mut dyn Write,
    ) -> io::Result<Track> {
        let pid = self.whole(log).pid;
        if let Some(&tid) = self.tids.get(&(log, thread)) {
            return Ok(Track { pid, tid });
        }
        let real = names.threads.get(&thread).map_or(0, |info| u64::from(info.tid));
        let is_free = real > 0 && self.taken.insert(real);
        let tid = if is_free { real } else { self.make_up() };
        self.tids.insert((log, thread), tid);
        let track = Track { pid, tid };
        let mut event = events.event("M", "thread_name", track);
        event.args();
        event.arg("name", &names.thread_name(thread))?;
        event.write(out)?;
        let mut event = events.event("M", "thread_sort_index", track);
        event.args();
        event.arg("sort_index", &thread.0)?;
        event.write(out)?;
        Ok(track)
    }

    fn make_up(&mut self) -> u64 {
        self.made_up += 1;
        self.made_up
    }
}
