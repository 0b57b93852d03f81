//! The memory of all chunks, and the free lists: bounded by construction, reserved once, never
//! returned. It is one mapping, so that it can become a shared one without the chunks noticing.

use super::chunk::Chunk;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A chunk's number in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ChunkIndex(pub(super) u32);

/// A thread's first chunk, bytes: small, so that a thousand idle threads cost 4 MiB.
const SMALL_BYTES: usize = 4 << 10;
/// Later chunks, bytes.
const LARGE_BYTES: usize = 64 << 10;
/// Threads that get a small first chunk at once.
const SMALL_CHUNKS: usize = 1024;

/// Large chunks that go round while the program is calm: 1 MiB. A channel gives back the chunk
/// that was put in longest ago, so with all of them in one list a program would touch them all,
/// and find none in its cache.
const WARM_CHUNKS: usize = 16;

type FreeList = (Sender<ChunkIndex>, Receiver<ChunkIndex>);

/// All chunks. The channels carry indices; their capacity is the number of chunks, so a send
/// cannot fail.
#[derive(Debug)]
pub(super) struct Arena {
    chunks: Vec<Chunk>,
    /// The mapping that holds them, and its length.
    memory: AtomicPtr<u8>,
    bytes: usize,
    small: FreeList,
    /// Large chunks used lately, at most [`WARM_CHUNKS`] as a rule.
    warm: FreeList,
    /// Large chunks for when they run out.
    cold: FreeList,
}

impl Arena {
    /// Reserves the memory: `buffer_bytes` of large chunks, at least two, and the small ones.
    /// Pages are touched only when used.
    ///
    /// # Errors
    ///
    /// The kernel refused the mapping.
    pub(super) fn new(buffer_bytes: usize) -> io::Result<Self> {
        let large_count = (buffer_bytes / LARGE_BYTES).clamp(2, 1 << 16);
        let bytes = SMALL_CHUNKS * SMALL_BYTES + large_count * LARGE_BYTES;
        let memory = map(bytes)?;
        let sizes = std::iter::repeat_n(SMALL_BYTES, SMALL_CHUNKS)
            .chain(std::iter::repeat_n(LARGE_BYTES, large_count));
        let mut chunks = Vec::with_capacity(SMALL_CHUNKS + large_count);
        let mut at = 0;
        for size in sizes {
            let place = memory.wrapping_add(at);
            // SAFETY: fresh zeroed pages, cut into disjoint pieces inside `bytes`, page-aligned
            // because both sizes are multiples of a page, never unmapped.
            #[expect(unsafe_code, reason = "see SAFETY")]
            chunks.push(unsafe { Chunk::at(place, size) });
            at += size;
        }
        let arena = Self {
            chunks,
            memory: AtomicPtr::new(memory),
            bytes,
            small: bounded(SMALL_CHUNKS),
            warm: bounded(large_count),
            cold: bounded(large_count),
        };
        for index in 0..arena.chunks.len() {
            arena.free(ChunkIndex(u32::try_from(index).expect("clamped above")));
        }
        Ok(arena)
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
        self.small.1.try_recv().ok().or_else(|| self.next())
    }

    /// A free chunk for a thread that filled one.
    pub(super) fn next(&self) -> Option<ChunkIndex> {
        self.warm.1.try_recv().or_else(|_empty| self.cold.1.try_recv()).ok()
    }

    /// As `next`, waiting for at most `patience`: the first to be recycled is a warm one.
    pub(super) fn next_within(&self, patience: std::time::Duration) -> Option<ChunkIndex> {
        self.warm.1.recv_timeout(patience).ok()
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
    }

    /// Gives the memory back when the recording is over: a program that records now and then must
    /// not grow by a buffer each time. The mapping stays, for threads may still write into their
    /// chunks, and keep what they touch.
    pub(super) fn release(&self) {
        let memory = self.memory.load(Ordering::Relaxed).cast();
        // SAFETY: our own private mapping, whose pages read as zeros afterwards: a chunk like a new
        // one. Its slots had one reader, the recorder, which has ended.
        #[expect(unsafe_code, reason = "see SAFETY")]
        let failed = unsafe { libc::madvise(memory, self.bytes, libc::MADV_DONTNEED) };
        debug_assert_eq!(failed, 0, "the range is a mapping of ours");
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

/// Zeroed private pages, reserved but not yet touched.
fn map(bytes: usize) -> io::Result<*mut u8> {
    // SAFETY: a new anonymous mapping at an address of the kernel's choice touches nothing.
    #[expect(unsafe_code, reason = "see SAFETY")]
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if memory == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(memory.cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::chunk::Cursor;

    /// A thread between two chunks announces its old one, which may be recycled and another's by
    /// then: half of what that one says of its owner must not be taken for the next chunk.
    #[test]
    fn a_recycled_chunk_is_nobodys_until_it_is_claimed() {
        let arena = Arena::new(0).unwrap();
        let index = arena.first().unwrap();
        arena.chunk(index).claim(7, 3, 100);
        assert_eq!(arena.chunk(index).label(), (7, 3));
        arena.recycle(index);
        assert_eq!(arena.chunk(index).label().0, 0);
    }

    #[test]
    fn released_memory_is_as_new_and_can_still_be_written() {
        let arena = Arena::new(0).unwrap();
        let chunk = arena.chunk(arena.next().unwrap());
        let cursor = Cursor::new();
        chunk.claim(7, 0, 100);
        cursor.take(chunk);
        cursor.push(cursor.room_to_start().unwrap(), [1, 1]);
        assert_eq!(chunk.published_from(0), [[1, 1]]);
        arena.release();
        assert_eq!((chunk.label(), chunk.published_from(0).len()), ((0, 0), 0));
        cursor.push(cursor.room_to_start().unwrap(), [2, 2]);
        assert!(cursor.place().is_some());
    }
}
