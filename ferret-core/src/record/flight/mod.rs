//! The flight buffer: the memory of a recording, which outlives the process. Chunks lie in it, and what it takes to
//! make sense of them: callsites, clock pairs, which log they belong to. Whatever kills the process, the next
//! who opens its log finds there what was published and not committed.
//!
//! One is a file in `/dev/shm`, named after the process; where that cannot be had it is private memory, and a
//! crash loses what the last commit had not reached.

mod header;
mod layout;
#[cfg(feature = "read")]
mod left;
mod memory;
mod names;
#[cfg(feature = "read")]
mod peek;
#[cfg(feature = "read")]
mod sweep;
mod unsaved;

pub(super) use layout::Layout;
pub(super) use layout::SMALL_CHUNKS;
#[cfg(feature = "read")]
pub(crate) use left::remove;
pub(super) use names::Named;
#[cfg(feature = "read")]
pub(crate) use peek::Peek;
#[cfg(feature = "read")]
pub(crate) use sweep::sweep;
pub(super) use unsaved::logs_left;

use super::clock::ClockPair;
use crate::event::{EndKind, ProcessStart, ProcessUid};
use layout::{CLOCK_AT, CLOCK_PAIRS, FORMAT, Header, MAGIC, MAX_PATH, NAMES_AT, NAMES_BYTES};
use memory::Memory;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Memory that outlives its process.
const FOLDER: &str = "/dev/shm";

/// The memory of one recording.
#[derive(Debug)]
pub(super) struct Flight {
    memory: Memory,
    layout: Layout,
}

impl Flight {
    /// One that outlives the process, with `chunk_bytes` of large chunks, if that can be had.
    ///
    /// # Errors
    ///
    /// The kernel refused the memory.
    pub(super) fn new(process: &ProcessStart, chunk_bytes: usize) -> io::Result<Self> {
        let uid = process.uid;
        let layout = Layout::of(chunk_bytes);
        let Ok(memory) = Memory::shared(path_of(uid), layout.bytes()) else {
            return Self::private(chunk_bytes);
        };
        if !memory.reserve(0, NAMES_AT) {
            // There is no room for its first page: what came later would be found by nobody.
            memory.release(false);
            return Self::private(chunk_bytes);
        }
        let flight = Self { memory, layout };
        let header = flight.header();
        header.format.store(FORMAT, Ordering::Relaxed);
        header.large.store(layout.large(), Ordering::Relaxed);
        #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
        header.uid[0].store(uid.0 as u64, Ordering::Relaxed);
        header.uid[1].store((uid.0 >> 64) as u64, Ordering::Relaxed);
        header.pid.store(process.pid, Ordering::Relaxed);
        header.start_ticks.store(process.start_ticks, Ordering::Relaxed);
        // Release, here and below: who finds this finds what was written before, whenever the process died.
        header.magic.store(MAGIC, Ordering::Release);
        Ok(flight)
    }

    /// One that dies with the process.
    ///
    /// # Errors
    ///
    /// The kernel refused the memory.
    pub(super) fn private(chunk_bytes: usize) -> io::Result<Self> {
        let layout = Layout::of(chunk_bytes);
        Ok(Self { memory: Memory::private(layout.bytes())?, layout })
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// The place of a chunk, whose pages are not reserved yet, and its length.
    pub(super) fn chunk(&self, index: usize) -> (*mut u8, usize) {
        let (at, bytes) = Layout::chunk(index);
        (self.memory.at(at), bytes)
    }

    /// Makes sure that a chunk can be written; false if it cannot.
    pub(super) fn reserve_chunk(&self, index: usize) -> bool {
        let (at, bytes) = Layout::chunk(index);
        self.memory.reserve(at, bytes)
    }

    /// Whether nothing, or not all, of it outlives the process, or is to be found then.
    pub(super) fn is_unshared(&self) -> bool {
        self.memory.is_unshared() || !self.memory.has_its_name()
    }

    /// The recording is over: see [`Memory::release`].
    pub(super) fn release(&self, keep_file: bool) {
        self.memory.release(keep_file);
    }

    fn header(&self) -> &Header {
        #[expect(clippy::cast_ptr_alignment, reason = "a mapping begins at a page")]
        let header = self.memory.at(0).cast::<Header>();
        // SAFETY: the first page of a mapping that is never unmapped, whatever bytes it has: all atomics.
        #[expect(unsafe_code, reason = "see SAFETY")]
        unsafe {
            &*header
        }
    }

    /// The log that its events belong to is this file: from now on it is worth looking for.
    pub(super) fn belongs_to(&self, path: &Path, (device, inode): (u64, u64)) {
        let header = self.header();
        self.is_called(path);
        header.device.store(device, Ordering::Relaxed);
        header.inode.store(inode, Ordering::Release);
        // Release: whoever finds that no other is to come finds this one.
        header.next_inode.store(0, Ordering::Release);
    }

    /// Its events will belong to this file, once that has the name `path`: then all that the log so far lacks is in
    /// it, or comes behind what is.
    pub(super) fn will_belong_to(&self, path: &Path, (device, inode): (u64, u64)) {
        let header = self.header();
        self.is_called(path);
        header.next_device.store(device, Ordering::Relaxed);
        header.next_inode.store(inode, Ordering::Release);
    }

    /// The log's name.
    fn is_called(&self, path: &Path) {
        let header = self.header();
        // One that is too long to be kept is not looked for when the log is gone.
        let path = Some(path.as_os_str().as_bytes()).filter(|path| path.len() <= MAX_PATH);
        let path = path.unwrap_or_default();
        let length = u16::try_from(path.len()).unwrap_or(0).to_ne_bytes();
        for (place, byte) in header.path.iter().zip(length.iter().chain(path)) {
            place.store(*byte, Ordering::Relaxed);
        }
    }

    /// The process is about to end like that.
    pub(super) fn ends(&self, how: EndKind) {
        if self.header().pid.load(Ordering::Relaxed) != std::process::id() {
            // A child that was made behind our back: the buffer is its parent's.
            return;
        }
        self.header().ending.store(ending(how), Ordering::Release);
    }

    pub(super) fn set_values(&self, values: bool) {
        self.header().values.store(u32::from(values), Ordering::Relaxed);
    }

    /// So many processes have been killed for want of memory so far, if the kernel says.
    pub(super) fn set_oom_kills(&self, kills: Option<u64>) {
        let known = kills.map_or(0, |kills| kills.saturating_add(1));
        self.header().oom_kills.store(known, Ordering::Relaxed);
    }

    /// Takes a clock pair. For the recorder alone.
    pub(super) fn tell_clock(&self, pair: ClockPair) {
        let count = self.header().clocks.load(Ordering::Relaxed);
        let [ticks, time] = self.clock(count);
        ticks.store(pair.ticks, Ordering::Relaxed);
        time.store(pair.time.0, Ordering::Relaxed);
        self.header().clocks.store(count.wrapping_add(1), Ordering::Release);
    }

    fn clock(&self, number: u64) -> &[AtomicU64; 2] {
        let index = usize::try_from(number % CLOCK_PAIRS as u64).unwrap_or(0);
        #[expect(clippy::cast_ptr_alignment, reason = "16 bytes each, from the begin of a page")]
        let pair = self.memory.at(CLOCK_AT + index * 16).cast::<[AtomicU64; 2]>();
        // SAFETY: inside the mapping, which is never unmapped; all atomics.
        #[expect(unsafe_code, reason = "see SAFETY")]
        unsafe {
            &*pair
        }
    }

    /// Takes a callsite, if there is room. For one thread at a time.
    pub(super) fn tell_name(&self, named: &Named<'_>) {
        let used = self.header().names.load(Ordering::Relaxed) as usize;
        let (head, texts, bytes) = named.pieces();
        if used + bytes > NAMES_BYTES {
            // The log has most of them; the others are shown without a name.
            return;
        }
        let (from, to) = (NAMES_AT + used, NAMES_AT + used + bytes);
        let page = |at: usize| at / 4096 * 4096;
        if used == 0 || page(from - 1) != page(to - 1) {
            let is_reserved = self.memory.reserve(page(from), page(to - 1) + 4096 - page(from));
            if !is_reserved {
                return;
            }
        }
        let mut at = from;
        for piece in [head.as_slice()].into_iter().chain(texts.map(str::as_bytes)) {
            let place = self.memory.at(at);
            // SAFETY: inside the area, by the comparison above; the pieces are no longer than the record. Nobody
            // reads or writes behind what is published, but this thread.
            #[expect(unsafe_code, reason = "see SAFETY")]
            unsafe {
                std::ptr::copy_nonoverlapping(piece.as_ptr(), place, piece.len());
            }
            at += piece.len();
        }
        let used = u32::try_from(used + bytes).unwrap_or(u32::MAX);
        self.header().names.store(used, Ordering::Release);
    }
}

/// The file of process `uid`'s.
pub(super) fn path_of(uid: ProcessUid) -> PathBuf {
    Path::new(FOLDER).join(format!("ferret-{uid}"))
}

/// How an ending is told: what kind, and a number in the high half.
fn ending(how: EndKind) -> u64 {
    let (kind, number) = match how {
        EndKind::Exited(None) => (1, 0),
        EndKind::Exited(Some(code)) => (2, code),
        EndKind::Closed => (3, 0),
        EndKind::Signal(signal) => (4, signal),
        EndKind::Lost => (0, 0),
    };
    kind | u64::from(number.cast_unsigned()) << 32
}
