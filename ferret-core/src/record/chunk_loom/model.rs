//! The hand-over around chunks, in a form that loom can follow: chunks, cursors and what a thread
//! announces are the real ones; `Writer` does what `Registration` does, `Reader` what `Drain` does.
//!
//! The channels are a flag a chunk: that a chunk is in one is all that a channel tells, and a flag's
//! Release and Acquire are the least that orders it. What holds here holds for a real channel.

use super::super::*;
use crate::record::arena::ChunkIndex;
use crate::record::engine::ThreadShared;
use crate::record::loss::Loss;
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;

/// What threads and the recorder share.
pub(super) struct Shared {
    pub(super) chunks: Vec<Chunk>,
    full: Vec<AtomicBool>,
    free: Vec<AtomicBool>,
}

impl Shared {
    /// `count` free chunks, each with room for so many STARTs.
    pub(super) fn new(count: usize, starts: usize) -> Arc<Self> {
        let slots = starts + (END_RESERVE + LOSS_RESERVE) as usize;
        Arc::new(Self {
            chunks: (0..count).map(|_| super::chunk(slots)).collect(),
            full: (0..count).map(|_| AtomicBool::new(false)).collect(),
            free: (0..count).map(|_| AtomicBool::new(true)).collect(),
        })
    }

    /// Takes a chunk out of a channel, if there is one in it.
    fn take(channel: &[AtomicBool]) -> Option<usize> {
        channel.iter().position(|flag| {
            flag.compare_exchange(true, false, Ordering::Acquire, Ordering::Relaxed).is_ok()
        })
    }
}

/// The slot of a thread's event at a position: one of another thread, or place, is told from it.
fn slot(thread: u32, position: u64) -> Slot {
    [u64::from(thread), position]
}

/// A thread of a recording.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Arc<ThreadShared>,
    pub(super) cursor: Cursor,
    pub(super) loss: Loss,
    chunk: Option<usize>,
    sequence: u32,
    next: u64,
}

impl Writer {
    /// One whose next chunk is its `sequence`-th.
    pub(super) fn new(shared: &Arc<Shared>, thread: &Arc<ThreadShared>, sequence: u32) -> Self {
        let (shared, thread) = (Arc::clone(shared), Arc::clone(thread));
        let (cursor, loss) = (Cursor::new(), Loss::new());
        Self { shared, thread, cursor, loss, chunk: None, sequence, next: 0 }
    }

    /// Hands its chunk over and takes a free one; false if there is none.
    pub(super) fn next_chunk(&mut self) -> bool {
        let Some(index) = Shared::take(&self.shared.free) else { return false };
        self.give_up_chunk();
        let chunk = self.shared.chunks[index];
        chunk.claim(self.thread.id, self.sequence, self.next);
        self.chunk = Some(index);
        self.cursor.take(chunk);
        self.thread.announce(Some(ChunkIndex(u32::try_from(index).unwrap())));
        self.sequence += 1;
        true
    }

    fn give_up_chunk(&mut self) {
        if let (Some(index), Some((_, next))) = (self.chunk.take(), self.cursor.place()) {
            self.next = next;
            self.cursor.release();
            self.shared.full[index].store(true, Ordering::Release);
        }
    }

    /// Writes an event where the cursor has found this room.
    pub(super) fn write(&self, room: Room) {
        let (thread, position) = self.cursor.place().unwrap();
        let event: Vec<Slot> =
            (0..u64::from(room.slots)).map(|slots| slot(thread, position + slots)).collect();
        self.cursor.push_all(room, &event);
    }

    /// Writes an event of one slot, in the next chunk if need be and to be had.
    pub(super) fn start(&mut self) -> bool {
        if self.cursor.room_to_start().is_none() && !self.next_chunk() {
            return false;
        }
        self.cursor.room_to_start().map(|room| self.write(room)).is_some()
    }

    /// Says goodbye, and hands over what it has.
    pub(super) fn leave(mut self) {
        if let Some(room) = self.cursor.room_for_end(1) {
            self.write(room);
        }
        self.give_up_chunk();
        self.thread.announce(None);
        self.thread.end();
    }
}

/// The recorder's view of one thread.
pub(super) struct Reader {
    thread: Arc<ThreadShared>,
    sequence: u32,
    read: u32,
    /// Where the thread has been read up to: so many events, and all of them right.
    pub(super) position: u64,
    /// All of it has been read, and it has ended.
    pub(super) finished: bool,
}

/// The recorder.
pub(super) struct Recorder {
    shared: Arc<Shared>,
    pub(super) readers: Vec<Reader>,
    handed_over: Vec<usize>,
    done: Vec<usize>,
}

impl Recorder {
    /// One that knows these threads, and awaits of each the chunk of that number.
    pub(super) fn new(shared: &Arc<Shared>, threads: &[(&Arc<ThreadShared>, u32)]) -> Self {
        let reader = |(thread, sequence): &(&Arc<ThreadShared>, u32)| Reader {
            thread: Arc::clone(thread),
            sequence: *sequence,
            read: 0,
            position: 0,
            finished: false,
        };
        let readers = threads.iter().map(reader).collect();
        Self { shared: Arc::clone(shared), readers, handed_over: Vec::new(), done: Vec::new() }
    }

    /// Reads what each thread has published.
    pub(super) fn look(&mut self) {
        for index in 0..self.readers.len() {
            let ended = self.readers[index].thread.has_ended();
            self.read_on(index);
            let reader = &mut self.readers[index];
            reader.finished = ended && reader.thread.current().is_none();
        }
    }

    fn read_on(&mut self, index: usize) {
        loop {
            if let Some(chunk) = self.next_of(index) {
                self.readers[index].read(self.shared.chunks[chunk]);
                self.handed_over.retain(|other| *other != chunk);
                self.done.push(chunk);
                self.readers[index].sequence += 1;
                self.readers[index].read = 0;
                continue;
            }
            let reader = &mut self.readers[index];
            if let Some(current) = reader.thread.current() {
                let chunk = self.shared.chunks[current.0 as usize];
                if chunk.label() == (reader.thread.id, reader.sequence) {
                    return reader.read(chunk);
                }
            }
            while let Some(chunk) = Shared::take(&self.shared.full) {
                self.handed_over.push(chunk);
            }
            if self.next_of(index).is_none() {
                return;
            }
        }
    }

    /// A thread's next chunk, if it has been handed over.
    fn next_of(&self, index: usize) -> Option<usize> {
        let awaited = (self.readers[index].thread.id, self.readers[index].sequence);
        let is_it = |chunk: &&usize| self.shared.chunks[**chunk].label() == awaited;
        self.handed_over.iter().find(is_it).copied()
    }

    /// Gives back the chunks that have been read to their end.
    pub(super) fn recycle(&mut self) {
        for chunk in self.done.drain(..) {
            self.shared.chunks[chunk].disown();
            self.shared.free[chunk].store(true, Ordering::Release);
        }
    }
}

impl Reader {
    /// Whatever is read is this thread's, and what comes next.
    fn read(&mut self, chunk: Chunk) {
        for seen in chunk.published_from(self.read) {
            assert_eq!(*seen, slot(self.thread.id, self.position), "thread, position");
            self.read += 1;
            self.position += 1;
        }
    }
}
