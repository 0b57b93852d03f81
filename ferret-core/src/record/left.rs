//! What a dead process left behind, folded as its recorder would have: its chunks are read from the log's
//! watermarks on, by the very code that reads those of the living. Nothing in them is trusted.

use super::arena::{Arena, ChunkIndex};
use super::chunk::next_base;
use super::clock::ClockMap;
use super::drain::{Drain, Limit, Look, Pace};
use super::engine::{Engine, ThreadShared};
use super::flight::Flight;
use super::fold::Fold;
use super::origin::Origin;
use super::raw::{Head, Kind, bytes_of};
use super::sampler;
use crate::event::{
    CallsiteId, CallsiteInfo, EndKind, Known, LogTime, Position, ProcessUid, Resume, Sink, ThreadId,
};
use std::collections::BTreeMap;
use std::io;

/// No thread gets that far: at a billion events a second in a hundred years.
const FARTHEST: u64 = 1 << 62;
/// All there is, at once.
const ALL: Limit = Limit { bytes: usize::MAX, chunks: usize::MAX };

/// The flight buffer of a dead process.
#[derive(Debug)]
pub(crate) struct Left(Flight);

impl Left {
    /// What process `uid` left behind.
    ///
    /// # Errors
    ///
    /// It is not to be seen from here ([`io::ErrorKind::NotFound`]), is somebody else's
    /// ([`io::ErrorKind::PermissionDenied`]), is none ([`io::ErrorKind::InvalidData`]), or cannot be read.
    pub(crate) fn by(uid: ProcessUid) -> io::Result<Self> {
        Flight::left_by(uid).map(Self)
    }

    /// The same, wherever it lies.
    #[cfg(feature = "fuzz")]
    pub(crate) fn at(path: &std::path::Path, uid: ProcessUid) -> io::Result<Self> {
        Flight::read(path, uid).map(Self)
    }

    /// How the process had begun to end, if it had.
    pub(crate) fn ending(&self) -> Option<EndKind> {
        self.0.ending()
    }

    /// When the process last read the clock; none if it never did.
    pub(crate) fn last_heard(&self) -> Option<LogTime> {
        self.0.clocks().last().map(|pair| pair.time)
    }

    /// Processes that the kernel has killed for want of memory since this one last looked.
    pub(crate) fn oom_kills(&self) -> Option<u64> {
        Some(sampler::oom_kills()?.saturating_sub(self.0.oom_kills()?))
    }

    /// Gives `sink` what was published and is not in the log; says how many spans were skipped and not said.
    pub(crate) fn fold_into<S: Sink>(self, sink: S, mut known: Known, now: LogTime) -> (S, u64) {
        let Some(clock) = ClockMap::of(&self.0.clocks()) else {
            // It died before it had read the clock twice: no event of it has a time.
            return (sink, 0);
        };
        let names = Names { names: self.0.names().into_iter().collect(), values: self.0.values() };
        let threads = std::mem::take(&mut known.threads);
        let mut fold = Fold::resumed(sink, clock, Box::new(names), known);
        let engine = Engine::left(self.0);
        let mut drain = Drain::new(&engine);
        let mut unsaid = 0_u64;
        for thread in LeftThread::all(&engine.arena, threads) {
            unsaid = unsaid.saturating_add(thread.unsaid);
            drain.take_left(&mut fold, thread);
        }
        while drain.look(&mut fold, now, ALL) != Look::Whole(Pace::Idle) {}
        drain.say_last_heap(&mut fold);
        drain.tell_how_to_go_on(&mut fold);
        (fold.sink, unsaid)
    }
}

/// A thread, as far as its chunks and the log tell of it.
#[derive(Debug)]
pub(super) struct LeftThread {
    pub(super) shared: ThreadShared,
    pub(super) log: KnownToLog,
    /// The watermark, ...
    pub(super) next_position: Position,
    /// ... how many slots of the first chunk lie below it, ...
    pub(super) read: u32,
    /// ... and the chunks that do not, by their sequence.
    pub(super) chunks: Vec<(u32, ChunkIndex)>,
    unsaid: u64,
}

/// Whether the log has heard of a thread, and how to go on then: nothing is open of it if it does not say.
#[derive(Debug)]
pub(super) enum KnownToLog {
    No,
    Yes(Option<Resume>),
}

impl LeftThread {
    /// Those that left anything behind.
    fn all(arena: &Arena, known: Vec<(ThreadId, Position, Option<Resume>)>) -> Vec<Self> {
        let mut known: BTreeMap<_, _> =
            known.into_iter().map(|(id, at, how)| (id, (at, how))).collect();
        let mut chunks: BTreeMap<ThreadId, BTreeMap<u32, ChunkIndex>> = BTreeMap::new();
        for index in (0..).map(ChunkIndex).take(arena.len()) {
            let (thread, sequence) = arena.chunk(index).label();
            let can_be = arena.chunk(index).base() < FARTHEST && sequence < u32::MAX;
            if thread != ThreadId::RECORDER.0 && can_be {
                chunks.entry(ThreadId(thread)).or_default().entry(sequence).or_insert(index);
            }
        }
        let thread = |(id, chunks)| Self::of(arena, id, chunks, known.remove(&id));
        chunks.into_iter().map(thread).collect()
    }

    fn of(
        arena: &Arena,
        id: ThreadId,
        chunks: BTreeMap<u32, ChunkIndex>,
        known: Option<(Position, Option<Resume>)>,
    ) -> Self {
        let shared = introduction(arena, id, chunks.get(&0));
        let unsaid = chunks.last_key_value().map_or(0, |(_, last)| arena.chunk(*last).unsaid());
        let (next_position, log) = match known {
            Some((at, how)) => (at, KnownToLog::Yes(how)),
            None => (Position(0), KnownToLog::No),
        };
        let mut new: Vec<(u32, ChunkIndex)> = Vec::new();
        let mut end = 0;
        for (sequence, index) in chunks {
            let chunk = arena.chunk(index);
            // One whose memory did not outlive the process is missing: what comes behind refers to it.
            let follows =
                |(last, _): &(u32, _)| last.checked_add(1) == Some(sequence) && chunk.base() >= end;
            // The first has what is behind the watermark, or begins there.
            let next = next_base(next_position.0, chunk.capacity());
            let begins = chunk.base() <= next_position.0 || chunk.base() == next;
            if !new.last().map_or(begins, follows) {
                break;
            }
            end = chunk.base() + chunk.published_from(0).len() as u64;
            if end > next_position.0 {
                new.push((sequence, index));
            }
        }
        let base = new.first().map_or(0, |(_, first)| arena.chunk(*first).base());
        let read = u32::try_from(next_position.0.saturating_sub(base)).unwrap_or(u32::MAX);
        Self { shared, log, next_position, read, chunks: new, unsaid }
    }
}

/// Who the thread is, as its first chunk tells.
fn introduction(arena: &Arena, id: ThreadId, first: Option<&ChunkIndex>) -> ThreadShared {
    let chunk = first.map(|index| arena.chunk(*index));
    let slots = chunk.as_ref().map(|chunk| chunk.published_from(0)).unwrap_or_default();
    let told = slots.first().and_then(|slot| Head::of(*slot));
    match told.filter(|told| told.kind == Kind::ThreadStart) {
        Some(told) => {
            let name = bytes_of(&slots[1..], told.callsite.0 as usize);
            let name = String::from_utf8_lossy(&name).into_owned();
            ThreadShared::new(id.0, name, told.argument, told.ticks)
        }
        None => ThreadShared::new(id.0, String::new(), 0, 0),
    }
}

/// What its callsites were called.
#[derive(Debug)]
struct Names {
    names: BTreeMap<CallsiteId, CallsiteInfo>,
    values: bool,
}

impl Origin for Names {
    fn callsite(&self, id: CallsiteId) -> Option<CallsiteInfo> {
        self.names.get(&id).cloned()
    }

    fn values(&self) -> bool {
        self.values
    }
}

#[cfg(test)]
#[path = "left_tests.rs"]
mod tests;
