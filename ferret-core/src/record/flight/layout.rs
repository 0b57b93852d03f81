//! Where things lie in a flight buffer. The one place that knows, for those who write one and those who read one.
//!
//! ```text
//! 0          header     one page, see Header
//! 4096       clock      512 pairs of ticks and boot-time clock, 16 bytes each, a ring
//! 12288      names      of callsites, one behind the other, see names.rs
//! 1 MiB      chunks     1024 small ones of 4 KiB, then the large ones of 64 KiB; see chunk.rs and raw.rs
//! ```
//!
//! Numbers are in the order of bytes of the machine that wrote them: a buffer never leaves it.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

/// The first eight bytes of a flight buffer.
pub(super) const MAGIC: u64 = u64::from_ne_bytes(*b"fRflight");
/// The format written here, and the newest that is read. In one of format 1 the ENDs of async spans do not tell of polls.
pub(super) const FORMAT: u32 = 2;

/// A thread's first chunk, bytes: small, so that a thousand idle threads cost 4 MiB.
pub(in crate::record) const SMALL_BYTES: usize = 4 << 10;
/// Later chunks, bytes.
pub(in crate::record) const LARGE_BYTES: usize = 64 << 10;
/// Threads that get a small first chunk at once.
pub(in crate::record) const SMALL_CHUNKS: usize = 1024;

pub(super) const CLOCK_AT: usize = 4096;
/// Pairs in the ring.
pub(super) const CLOCK_PAIRS: usize = 512;
pub(super) const NAMES_AT: usize = CLOCK_AT + CLOCK_PAIRS * 16;
pub(super) const CHUNKS_AT: usize = 1 << 20;
pub(super) const NAMES_BYTES: usize = CHUNKS_AT - NAMES_AT;

/// The first page. All atomics: another process may look at any time.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Header {
    /// [`MAGIC`], once the rest is there.
    pub(super) magic: AtomicU64,
    pub(super) format: AtomicU32,
    /// How many large chunks there are.
    pub(super) large: AtomicU32,
    /// The process, low half first.
    pub(super) uid: [AtomicU64; 2],
    /// The log's device and inode; 0 until there is one.
    pub(super) device: AtomicU64,
    pub(super) inode: AtomicU64,
    /// 0 while the process records; then how it began to end, see `Ending`.
    pub(super) ending: AtomicU64,
    /// 1 if values are recorded.
    pub(super) values: AtomicU32,
    /// Bytes of `names` that are written.
    pub(super) names: AtomicU32,
    /// Pairs of clocks so far, of which the ring has the last.
    pub(super) clocks: AtomicU64,
    /// Processes that the kernel had killed for want of memory when it was last asked, plus 1; 0 if it does not
    /// say.
    pub(super) oom_kills: AtomicU64,
    /// The process, and when the kernel started it, clock ticks since boot: see `ProcessStart`.
    pub(super) pid: AtomicU32,
    pub(super) start_ticks: AtomicU64,
    /// The log's path: its length as u16, and its bytes.
    pub(super) path: [AtomicU8; 2 + MAX_PATH],
    /// The log that is about to take the place of that one, while it does; inode 0 at any other time.
    pub(super) next_device: AtomicU64,
    pub(super) next_inode: AtomicU64,
}

/// Longer paths are not kept, bytes.
pub(super) const MAX_PATH: usize = 1024;

const _: () = assert!(size_of::<Header>() <= CLOCK_AT);

/// How a buffer of so many large chunks is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::record) struct Layout {
    large: u32,
}

impl Layout {
    /// The most large chunks there may be: 4 GiB.
    const MOST: usize = 1 << 16;

    /// One with `bytes` of large chunks, two at least.
    pub(super) fn of(bytes: usize) -> Self {
        let large = (bytes / LARGE_BYTES).clamp(2, Self::MOST);
        Self { large: u32::try_from(large).unwrap_or(2) }
    }

    /// The one that a header names; none if it cannot be.
    #[cfg(feature = "read")]
    pub(super) fn named(large: u32) -> Option<Self> {
        (2..=Self::MOST).contains(&(large as usize)).then_some(Self { large })
    }

    pub(super) fn large(self) -> u32 {
        self.large
    }

    /// Bytes in all.
    pub(super) fn bytes(self) -> usize {
        CHUNKS_AT + SMALL_CHUNKS * SMALL_BYTES + self.large as usize * LARGE_BYTES
    }

    /// How many chunks there are.
    pub(in crate::record) fn chunks(self) -> usize {
        SMALL_CHUNKS + self.large as usize
    }

    /// Where a chunk lies, and how long it is.
    pub(in crate::record) fn chunk(index: usize) -> (usize, usize) {
        match index.checked_sub(SMALL_CHUNKS) {
            None => (CHUNKS_AT + index * SMALL_BYTES, SMALL_BYTES),
            Some(large) => {
                (CHUNKS_AT + SMALL_CHUNKS * SMALL_BYTES + large * LARGE_BYTES, LARGE_BYTES)
            }
        }
    }
}
