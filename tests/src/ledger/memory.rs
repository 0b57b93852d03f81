//! Numbers in a file that is mapped, so that they are there when who wrote them is not.
#![expect(unsafe_code, reason = "a shared mapping has no safe face")]

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// A shared mapping of a file of its own, made of numbers that are 0 at first.
#[derive(Debug)]
pub struct Memory {
    address: NonNull<AtomicU64>,
    words: usize,
}

impl Memory {
    /// Makes the file, and maps it.
    ///
    /// # Errors
    ///
    /// It is there already, or there is no room.
    pub fn create(path: &Path, words: usize) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        file.set_len(bytes(words) as u64)?;
        Self::map(&file, words)
    }

    /// Maps a file that [`Memory::create`] has made.
    ///
    /// # Errors
    ///
    /// It is not there, or has another size.
    pub fn open(path: &Path, words: usize) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() != bytes(words) as u64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no ledger: its size is wrong"));
        }
        Self::map(&file, words)
    }

    /// The numbers.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping has so many words, zeroed by `set_len`, aligned to a page, and lives as
        // long as `self`; whoever else writes to it does so by atomics of the same size.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr(), self.words) }
    }

    fn map(file: &File, words: usize) -> io::Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses a free place; nothing truncates the file, which is a test's own.
        let address =
            unsafe { mmap(std::ptr::null_mut(), bytes(words), access, MapFlags::SHARED, file, 0)? };
        let address = NonNull::new(address.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { address, words })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no reference into it outlives `self`.
        let unmapped = unsafe { munmap(self.address.as_ptr().cast(), bytes(self.words)) };
        debug_assert!(unmapped.is_ok(), "a mapping can be given back");
    }
}

// SAFETY: the memory is no thread's own.
unsafe impl Send for Memory {}
// SAFETY: it is only ever accessed as atomics.
unsafe impl Sync for Memory {}

fn bytes(words: usize) -> usize {
    words * size_of::<AtomicU64>()
}
