//! The recorder's reading end: takes what threads have published, strictly in order, and folds it.

mod counted;

use super::arena::ChunkIndex;
use super::engine::{Engine, ThreadShared};
use super::fold::{Fold, Missing, ThreadFold};
#[cfg(feature = "read")]
use super::left::{KnownToLog, LeftThread};
use super::raw::Head;
use crate::event::{LogTime, Position, Sink, ThreadId, ThreadInfo};
use std::collections::HashMap;
use std::sync::Arc;

/// A thread with an open stack is silent after this long, ns.
const SILENT_NS: u64 = 1_000_000_000;

/// All threads of a recording, and how far each has been read.
#[derive(Debug)]
pub(super) struct Drain<'e> {
    engine: &'e Engine,
    /// Absent while the thread is being read.
    threads: HashMap<ThreadId, Option<ThreadDrain>>,
    /// In order of joining, for a fair round.
    order: Vec<ThreadId>,
    /// Chunks given up by their threads and not read to their end.
    handed_over: HashMap<ThreadId, Vec<(u32, ChunkIndex)>>,
    /// Chunks read to their end. Recycled after the commit that covers them.
    done: Vec<ChunkIndex>,
    /// Where the look that is under way goes on: the place in `order`, ...
    at: usize,
    /// ... how many chunks of that thread it has read to their end, ...
    chunks: usize,
    /// ... and what it has found at all.
    pace: Pace,
}

/// How much the threads have done since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pace {
    /// Nothing.
    #[default]
    Idle,
    /// No thread has filled a chunk.
    Calm,
    /// One has.
    Busy,
}

/// How far a look at the threads has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Every thread has been read up to what it had published when the look began.
    Whole(Pace),
    /// As much as one commit shall hold: commit it, and go on.
    Part,
}

/// How much a look reads before it is interrupted for a commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// The batch, bytes.
    pub(super) bytes: usize,
    /// Chunks read to their end, where fewer are free: threads that fill them as fast as they are read have
    /// none left by the time all is read.
    pub(super) chunks: usize,
}

#[derive(Debug)]
struct ThreadDrain {
    shared: Arc<ThreadShared>,
    fold: ThreadFold,
    /// The sequence number of the chunk being read.
    sequence: u32,
    /// Slots of it read.
    read: u32,
    /// The position after the last event read.
    next_position: Position,
    /// Its watermark has moved since the last commit.
    moved: bool,
    /// When an entry last came of it, by the recorder's clock; `None` once the silence is reported. Of what
    /// a thread does not all makes an entry: it may be busy, and silent in the log.
    heard: Option<LogTime>,
    /// It has made entries the short way in this look.
    spoke: bool,
    /// All of it has been read, and it has ended.
    finished: bool,
}

/// How far to read a thread.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// What is published, or until it is enough. But no more than so many chunks: a thread that fills
    /// them as fast as they are read must not keep the others waiting. It had no more of them when the
    /// look began.
    Batch { limit: Limit, most: usize },
    /// Up to a position that is waited for.
    ///
    /// The bound matters. Thread A meets a span that B started; B is read first, but if it were read
    /// past that START it could in turn meet a span that A started further on, and wait for ever.
    /// What B did before the START can only refer to what A did before meeting it.
    Position(Position),
}

impl<'e> Drain<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            threads: HashMap::new(),
            order: Vec::new(),
            handed_over: HashMap::new(),
            done: Vec::new(),
            at: 0,
            chunks: 0,
            pace: Pace::Idle,
        }
    }

    /// Whether the next look begins, and is not one that goes on.
    pub(super) fn begins(&self) -> bool {
        self.at == 0 && self.chunks == 0
    }

    /// Reads what is published, until it is enough. A look that goes on goes on where it was.
    pub(super) fn look<S: Sink>(&mut self, fold: &mut Fold<S>, now: LogTime, limit: Limit) -> Look {
        if fold.budget.fill(now) {
            self.turn(fold, now);
        }
        self.join(fold);
        self.file_handed_over();
        while let Some(id) = self.order.get(self.at) {
            let to = Until::Batch { limit, most: self.engine.arena.most_of_a_thread() };
            let before = self.chunks;
            let caught_up = self.thread(*id, to, fold, now);
            if self.chunks > before {
                self.pace = Pace::Busy;
            }
            if !caught_up && self.is_enough(fold, limit) {
                return Look::Part;
            }
            self.at += 1;
            self.chunks = 0;
        }
        self.at = 0;
        fold.round(now);
        self.count_tasks(fold);
        self.forget_finished();
        Look::Whole(std::mem::take(&mut self.pace))
    }

    /// Whether what has been read and not committed is as much as `limit`.
    pub(super) fn is_enough<S: Sink>(&self, fold: &Fold<S>, limit: Limit) -> bool {
        fold.sink.pending_bytes() + Self::counted_bytes(fold) >= limit.bytes
            || (self.done.len() >= limit.chunks && self.runs_short())
    }

    /// Whether chunks run out that a commit would give back.
    pub(super) fn runs_short(&self) -> bool {
        self.engine.arena.is_short(&self.done)
    }

    /// Says what the open frames of all threads have allocated and not said: no more comes of them.
    #[cfg(feature = "read")]
    pub(super) fn say_last_heap<S: Sink>(&mut self, fold: &mut Fold<S>) {
        for id in &self.order {
            if let Some(Some(thread)) = self.threads.get_mut(id) {
                fold.say_last_heap(&mut thread.fold, thread.next_position);
                thread.moved = true;
            }
        }
    }

    /// Says of every thread whose watermark has moved how to go on behind it. For before a commit.
    pub(super) fn tell_how_to_go_on<S: Sink>(&mut self, fold: &mut Fold<S>) {
        for id in &self.order {
            let thread = self.threads.get_mut(id).and_then(Option::as_mut);
            if let Some(thread) = thread.filter(|thread| thread.moved) {
                fold.sink.resume(*id, thread.fold.resume().as_ref());
                thread.fold.tell_outer(|number, frames| fold.sink.outer(*id, number, frames));
            }
        }
    }

    /// Gives back the chunks read. For after the commit.
    pub(super) fn recycle(&mut self) {
        self.threads.values_mut().flatten().for_each(|thread| thread.moved = false);

        for chunk in self.done.drain(..) {
            self.engine.arena.recycle(chunk);
        }
    }

    /// Spans that threads have skipped and not said so. For when no more is heard of them.
    pub(super) fn unsaid(&self) -> u64 {
        let of = |thread: &ThreadDrain| {
            let chunk = self.engine.arena.chunk(thread.shared.current()?);
            let is_its_own = chunk.label() == (thread.fold.id.0, thread.sequence);
            is_its_own.then(|| chunk.unsaid())
        };
        self.threads.values().flatten().filter_map(of).sum()
    }

    /// Tells the stacks that are open, to a sink that has lost them.
    pub(super) fn tell_again<S: Sink>(&mut self, fold: &mut Fold<S>) {
        for id in &self.order {
            let thread = self.threads.get_mut(id).and_then(Option::as_mut);
            if let Some(thread) = thread.filter(|thread| thread.fold.stack.depth() > 0) {
                fold.sink.silent(*id, &thread.fold.stack);
                thread.fold.forget_outer();
                thread.fold.tell_outer(|number, frames| fold.sink.outer(*id, number, frames));
            }
        }
    }

    fn join<S: Sink>(&mut self, fold: &mut Fold<S>) {
        for shared in self.engine.joined() {
            let id = ThreadId(shared.id);
            introduce(fold, &shared);
            self.threads.insert(id, Some(ThreadDrain::new(shared)));
            self.order.push(id);
        }
    }

    /// Takes a thread of a dead process, to be read on from its watermark.
    #[cfg(feature = "read")]
    pub(super) fn take_left<S: Sink>(&mut self, fold: &mut Fold<S>, left: LeftThread) {
        let id = ThreadId(left.shared.id);
        let how = match left.log {
            KnownToLog::No => {
                introduce(fold, &left.shared);
                None
            }
            KnownToLog::Yes(how) => how,
        };
        let thread = ThreadDrain {
            sequence: left.chunks.first().map_or(0, |(sequence, _)| *sequence),
            read: left.read,
            next_position: left.next_position,
            fold: how.map_or_else(|| ThreadFold::new(id), |how| ThreadFold::resumed(id, how)),
            ..ThreadDrain::new(Arc::new(left.shared))
        };
        self.threads.insert(id, Some(thread));
        self.order.push(id);
        self.handed_over.insert(id, left.chunks);
    }

    fn file_handed_over(&mut self) {
        while let Ok(chunk) = self.engine.handed_over().try_recv() {
            self.file(chunk);
        }
    }

    /// Files a chunk with its thread, which may not have joined yet.
    fn file(&mut self, chunk: ChunkIndex) -> ThreadId {
        let (thread, sequence) = self.engine.arena.chunk(chunk).label();
        self.handed_over.entry(ThreadId(thread)).or_default().push((sequence, chunk));
        ThreadId(thread)
    }

    /// Reads a thread; whether all of it has been read.
    fn thread<S: Sink>(
        &mut self,
        id: ThreadId,
        until: Until,
        fold: &mut Fold<S>,
        now: LogTime,
    ) -> bool {
        let Some(mut thread) = self.threads.get_mut(&id).and_then(Option::take) else {
            return true;
        };
        let before = (thread.sequence, thread.read);
        let said = fold.said;
        let ended = thread.shared.has_ended();
        let caught_up = self.read_on(&mut thread, until, fold, now);
        fold.settle(&mut thread.fold);
        fold.write_numbers(&mut thread.fold, thread.next_position);
        fold.sink.drained(id, thread.next_position);
        if (thread.sequence, thread.read) != before {
            thread.moved = true;
            self.pace = self.pace.max(Pace::Calm);
        }
        thread.finished = ended && caught_up && thread.shared.current().is_none();
        if thread.finished {
            fold.thread_gone(&mut thread.fold, thread.next_position, now);
        }
        // Before its silence is reported, which is the last of it until it is heard again.
        fold.say_heap(&mut thread.fold, thread.next_position, now);
        // Of another thread's that was read in between, it is heard a little longer.
        if std::mem::take(&mut thread.spoke) || fold.said != said {
            thread.heard = Some(now);
        }
        thread.report_silence(fold, now);
        self.threads.insert(id, Some(thread));
        caught_up
    }

    /// Reads chunk after chunk; false if `until` came before the end of what there is.
    fn read_on<S: Sink>(
        &mut self,
        thread: &mut ThreadDrain,
        until: Until,
        fold: &mut Fold<S>,
        now: LogTime,
    ) -> bool {
        loop {
            if let Some(index) = self.handed_over(thread) {
                if !self.read(thread, index, until, fold, now) {
                    return false;
                }
                self.forget_handed_over(thread, index);
                thread.sequence += 1;
                thread.read = 0;
                self.done.push(index);
                if let Until::Batch { limit, most } = until {
                    self.chunks += 1;
                    if self.chunks >= most || self.is_enough(fold, limit) {
                        return false;
                    }
                }
                continue;
            }
            if let Some(index) = thread.shared.current()
                && self.engine.arena.chunk(index).label() == (thread.fold.id.0, thread.sequence)
            {
                return self.read(thread, index, until, fold, now);
            }
            // The thread has moved on, or ended, or the answer is stale, the chunk having been
            // given up: whichever it is, the chunk that comes next is in the channel, or is to be
            // announced in a moment.
            self.file_handed_over();
            if self.handed_over(thread).is_none() {
                return true;
            }
        }
    }

    /// The thread's next chunk, if it has been handed over.
    fn handed_over(&self, thread: &ThreadDrain) -> Option<ChunkIndex> {
        let chunks = self.handed_over.get(&thread.fold.id)?;
        chunks.iter().find(|(sequence, _)| *sequence == thread.sequence).map(|(_, index)| *index)
    }

    fn forget_handed_over(&mut self, thread: &ThreadDrain, index: ChunkIndex) {
        let id = thread.fold.id;
        if let Some(chunks) = self.handed_over.get_mut(&id) {
            chunks.retain(|(_, chunk)| *chunk != index);
            if chunks.is_empty() {
                self.handed_over.remove(&id);
            }
        }
    }

    /// Reads what is published of the chunk and not read yet; false if `until` came first.
    fn read<S: Sink>(
        &mut self,
        thread: &mut ThreadDrain,
        index: ChunkIndex,
        until: Until,
        fold: &mut Fold<S>,
        now: LogTime,
    ) -> bool {
        let chunk = self.engine.arena.chunk(index);
        let base = chunk.base();
        let mut slots = chunk.published_from(thread.read);
        let mut reached = false;
        while !reached {
            let position = Position(base + u64::from(thread.read));
            if matches!(until, Until::Batch { .. }) {
                let folded = fold.run(&mut thread.fold, position, slots);
                if folded > 0 {
                    thread.spoke = true;
                    thread.read += u32::try_from(folded).unwrap_or(0);
                    slots = &slots[folded..];
                    continue;
                }
            }
            let Some(head) = slots.first().and_then(|first| Head::of(*first)) else { break };
            let Some((event, rest)) = slots.split_at_checked(head.slots()) else { break };
            if let Err(missing) = fold.event(&mut thread.fold, position, &head, event, false) {
                self.read_first(missing, fold, now);
                let folded = fold.event(&mut thread.fold, position, &head, event, true);
                debug_assert_eq!(folded, Ok(()), "the final try always succeeds");
            }
            thread.read += u32::try_from(event.len()).unwrap_or(0);
            slots = rest;
            reached = matches!(until, Until::Position(until) if position >= until);
        }
        thread.next_position = Position(base + u64::from(thread.read));
        !reached
    }

    /// Reads another thread up to the START that is missing: a parent is published before its
    /// child can be, so it is there to be read.
    fn read_first<S: Sink>(&mut self, missing: Missing, fold: &mut Fold<S>, now: LogTime) {
        self.join(fold);
        let wanted = missing.0.start;
        let is_ahead = |thread: &ThreadDrain| thread.next_position <= wanted;
        if !self.threads.get(&missing.0.thread).and_then(Option::as_ref).is_some_and(is_ahead) {
            // It has been read, and there was no room to know it: reading on would fold the thread's
            // next event before what that refers to.
            return;
        }
        self.file_handed_over();
        self.thread(missing.0.thread, Until::Position(wanted), fold, now);
    }

    fn forget_finished(&mut self) {
        self.threads.retain(|_, thread| thread.as_ref().is_none_or(|thread| !thread.finished));
        self.order.retain(|id| self.threads.contains_key(id));
    }
}

/// Tells the sink who a thread is.
fn introduce<S: Sink>(fold: &mut Fold<S>, thread: &ThreadShared) {
    let start = fold.clock.time(thread.start_ticks);
    let info = ThreadInfo { name: thread.name.clone(), tid: thread.tid, start };
    fold.sink.thread(ThreadId(thread.id), &info);
}

impl ThreadDrain {
    fn new(shared: Arc<ThreadShared>) -> Self {
        Self {
            fold: ThreadFold::new(ThreadId(shared.id)),
            shared,
            sequence: 0,
            read: 0,
            next_position: Position::default(),
            moved: false,
            heard: None,
            spoke: false,
            finished: false,
        }
    }

    fn report_silence<S: Sink>(&mut self, fold: &mut Fold<S>, now: LogTime) {
        if self.heard.is_some_and(|heard| now.since(heard) >= SILENT_NS) {
            self.heard = None;
            fold.say_counted(&mut self.fold, self.next_position);
            if self.fold.stack.depth() > 0 {
                fold.sink.silent(self.fold.id, &self.fold.stack);
            }
        }
    }
}
