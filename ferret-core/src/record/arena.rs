//! All chunks, and the free lists: bounded by construction, reserved one by one as they are first used, never
//! returned.

use super::chunk::Chunk;
use super::flight::Flight;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

pub(super) use super::flight::SMALL_CHUNKS;

/// A chunk's number in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ChunkIndex(pub(super) u32);

/// Large chunks that go round while the program is calm: 1 MiB. A channel gives back the chunk
/// that was put in longest ago, so with all of them in one list a program would touch them all,
/// and find none in its cache.
const WARM_CHUNKS: usize = 16;

/// How many chunks have come back so far: a thread that found none need not look again before that changes. Relaxed:
/// who sees it late skips a few spans more.
static RECYCLED: AtomicU32 = AtomicU32::new(0);

/// Says when it is of use to look for a chunk again.
#[inline]
pub(super) fn recycled() -> u32 {
    RECYCLED.load(Ordering::Relaxed)
}

type FreeList = (Sender<ChunkIndex>, Receiver<ChunkIndex>);

/// All chunks. The channels carry indices; their capacity is the number of chunks, so a send
/// cannot fail.
#[derive(Debug)]
pub(super) struct Arena {
    flight: Flight,
    chunks: Vec<Chunk>,
    /// Those whose memory has been made sure of. Relaxed: who has a chunk got it from a channel.
    reserved: Vec<AtomicBool>,
    small: FreeList,
    /// Large chunks used lately, at most [`WARM_CHUNKS`] as a rule.
    warm: FreeList,
    /// Large chunks for when they run out.
    cold: FreeList,
}

impl Arena {
    /// The chunks of a recording that begins, all of them free.
    pub(super) fn new(flight: Flight) -> Self {
        let arena = Self::left(flight);
        for index in 0..arena.chunks.len() {
            arena.free(ChunkIndex(u32::try_from(index).unwrap_or(u32::MAX)));
        }
        arena
    }

    /// The chunks of a recording that is over, none of them free.
    pub(super) fn left(flight: Flight) -> Self {
        let count = flight.layout().chunks();
        let chunk = |index| {
            let (place, bytes) = flight.chunk(index);
            // SAFETY: initialised pages, cut into disjoint pieces inside the mapping, which is never unmapped;
            // page-aligned because both sizes are multiples of a page.
            #[expect(unsafe_code, reason = "see SAFETY")]
            unsafe {
                Chunk::at(place, bytes)
            }
        };
        let large_count = count - SMALL_CHUNKS;
        Self {
            chunks: (0..count).map(chunk).collect(),
            reserved: (0..count).map(|_| AtomicBool::new(false)).collect(),
            small: bounded(SMALL_CHUNKS),
            warm: bounded(large_count),
            cold: bounded(large_count),
            flight,
        }
    }

    /// The memory that they lie in.
    pub(super) fn flight(&self) -> &Flight {
        &self.flight
    }

    /// The chunk with this index.
    pub(super) fn chunk(&self, index: ChunkIndex) -> Chunk {
        self.chunks[index.0 as usize]
    }

    /// How many chunks there are.
    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// How many chunks a thread can have filled at most: only its first is a small one.
    pub(super) fn most_of_a_thread(&self) -> usize {
        self.large() + 1
    }

    /// How many large ones there are.
    pub(super) fn large(&self) -> usize {
        self.len() - SMALL_CHUNKS
    }

    /// A free chunk for a thread that has none yet.
    pub(super) fn first(&self) -> Option<ChunkIndex> {
        // An empty channel is the answer "no", not a failure, here and below.
        let small = self.small.1.try_recv().ok();
        small.and_then(|index| self.reserve(index)).or_else(|| self.next())
    }

    /// A free chunk for a thread that filled one.
    pub(super) fn next(&self) -> Option<ChunkIndex> {
        let large = self.warm.1.try_recv().or_else(|_empty| self.cold.1.try_recv()).ok();
        large.and_then(|index| self.reserve(index))
    }

    /// As `next`, waiting for at most `patience`: the first to be recycled is a warm one.
    pub(super) fn next_within(&self, patience: std::time::Duration) -> Option<ChunkIndex> {
        self.warm.1.recv_timeout(patience).ok().and_then(|index| self.reserve(index))
    }

    /// Makes sure of the memory of a chunk that is about to be used. The first time that costs as much as touching
    /// it would. None if it cannot be had: the chunk is free again, for another time.
    fn reserve(&self, index: ChunkIndex) -> Option<ChunkIndex> {
        let is_reserved = &self.reserved[index.0 as usize];
        if !is_reserved.load(Ordering::Relaxed) {
            if !self.flight.reserve_chunk(index.0 as usize) {
                self.free(index);
                return None;
            }
            is_reserved.store(true, Ordering::Relaxed);
        }
        Some(index)
    }

    /// Whether more chunks, small or large, wait to be recycled than are free.
    pub(super) fn is_short(&self, waiting: &[ChunkIndex]) -> bool {
        let small = waiting.iter().filter(|index| is_small(**index)).count();
        let large = waiting.len() - small;
        small > self.small.1.len() || large > self.warm.1.len() + self.cold.1.len()
    }

    /// Puts a chunk back that the recorder has done with.
    pub(super) fn recycle(&self, index: ChunkIndex) {
        self.chunk(index).disown();
        self.free(index);
        RECYCLED.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives the memory back when the recording is over: a program that records now and then must not grow by a
    /// buffer each time. What is left behind for others stays if the log could not be brought to its end.
    pub(super) fn release(&self, is_salvage_needed: bool) {
        self.flight.release(is_salvage_needed);
    }

    fn free(&self, index: ChunkIndex) {
        let list = if is_small(index) {
            &self.small.0
        } else if self.warm.1.len() < WARM_CHUNKS {
            &self.warm.0
        } else {
            &self.cold.0
        };
        let sent = list.try_send(index);
        debug_assert!(sent.is_ok(), "a free list holds every chunk");
    }
}

fn is_small(index: ChunkIndex) -> bool {
    (index.0 as usize) < SMALL_CHUNKS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::chunk::Cursor;

    /// A thread between two chunks announces its old one, which may be recycled and another's by
    /// then: half of what that one says of its owner must not be taken for the next chunk.
    #[test]
    fn a_recycled_chunk_is_nobodys_until_it_is_claimed() {
        let arena = Arena::new(Flight::private(0).unwrap());
        let index = arena.first().unwrap();
        arena.chunk(index).claim(7, 3, 100);
        assert_eq!(arena.chunk(index).label(), (7, 3));
        arena.recycle(index);
        assert_eq!(arena.chunk(index).label().0, 0);
    }

    #[test]
    fn released_memory_is_as_new_and_can_still_be_written() {
        let arena = Arena::new(Flight::private(0).unwrap());
        let chunk = arena.chunk(arena.next().unwrap());
        let cursor = Cursor::new();
        chunk.claim(7, 0, 100);
        cursor.take(chunk);
        cursor.push(cursor.room_to_start().unwrap(), [1, 1]);
        assert_eq!(chunk.published_from(0), [[1, 1]]);
        arena.release(false);
        assert_eq!((chunk.label(), chunk.published_from(0).len()), ((0, 0), 0));
        cursor.push(cursor.room_to_start().unwrap(), [2, 2]);
        assert!(cursor.place().is_some());
    }
}
