//! The pages under a recording: shared ones, in a file that outlives the process, where that can be had, else
//! private ones.
//!
//! A store into a shared page that the file system has no room for is a SIGBUS in the host. So nothing is
//! written before [`Memory::reserve`] has made sure of its pages; those that cannot be had become private, where
//! a store always succeeds and a crash loses it. No descriptor is kept: a daemon that closes all of them, and a
//! forked child, have nothing of ours in their hands.
#![expect(unsafe_code, reason = "mappings have no safe face; each call has its proof")]

use rustix::fs::{FallocateFlags, OFlags};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Linux 5.14: touches pages as a store would, and says so where that store would be a SIGBUS. `madvise(2)`.
const POPULATE_WRITE: libc::c_int = 23;

/// Zeroed pages. Those of a recording are never unmapped, for its engine is never dropped: threads may still write into
/// their chunks.
#[derive(Debug)]
pub(in crate::record) struct Memory {
    start: AtomicPtr<u8>,
    bytes: usize,
    /// The file that has them.
    file: Option<PathBuf>,
    /// Its device and inode.
    identity: (u64, u64),
    /// Some of its pages are private after all.
    unshared: AtomicBool,
}

impl Memory {
    /// Private pages, of which none is touched.
    ///
    /// # Errors
    ///
    /// The kernel refused the mapping.
    pub(super) fn private(bytes: usize) -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let start = AtomicPtr::new(map(bytes, flags, -1)?);
        let unshared = AtomicBool::new(true);
        Ok(Self { start, bytes, file: None, identity: (0, 0), unshared })
    }

    /// Pages of a new file, which only this user may read.
    ///
    /// # Errors
    ///
    /// It cannot be made there.
    pub(super) fn shared(path: PathBuf, bytes: usize) -> io::Result<Self> {
        // Beyond that limit a file is not made longer: the process is sent a signal.
        let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
        if limit.is_some_and(|limit| limit < bytes as u64) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path)?;
        let mapped = (|| {
            file.set_len(bytes as u64)?;
            let metadata = file.metadata()?;
            let start = map(bytes, libc::MAP_SHARED, file.as_raw_fd())?;
            Ok((start, (metadata.dev(), metadata.ino())))
        })();
        match mapped {
            Ok((start, identity)) => {
                let (start, unshared) = (AtomicPtr::new(start), AtomicBool::new(false));
                Ok(Self { start, bytes, file: Some(path), identity, unshared })
            }
            Err(error) => {
                // It is empty, and whoever cleans up there finds it.
                drop(std::fs::remove_file(path));
                Err(error)
            }
        }
    }

    /// The place `offset` bytes into the pages.
    pub(super) fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < self.bytes, "the layout is that of the mapping");
        self.start.load(Ordering::Relaxed).wrapping_add(offset)
    }

    /// Whether nothing, or not all, of it outlives the process.
    pub(super) fn is_unshared(&self) -> bool {
        self.unshared.load(Ordering::Relaxed)
    }

    /// Makes sure that stores into these pages succeed; false if that cannot be. Both numbers are multiples of a
    /// page.
    pub(super) fn reserve(&self, offset: usize, bytes: usize) -> bool {
        self.file.is_none()
            || populate(self.at(offset), bytes).is_ok()
            || self.allocate(offset, bytes).is_ok()
            || self.unshare(offset, bytes)
    }

    /// Where the kernel cannot tell: asks the file system.
    fn allocate(&self, offset: usize, bytes: usize) -> io::Result<()> {
        let path = self.file.as_deref().ok_or(io::ErrorKind::NotFound)?;
        let file = open_own(path, OFlags::RDWR)?;
        let metadata = file.metadata()?;
        if (metadata.dev(), metadata.ino()) != self.identity {
            return Err(io::ErrorKind::NotFound.into());
        }
        rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, offset as u64, bytes as u64)?;
        Ok(())
    }

    /// Puts private pages in the place of these; false if there are none to be had. They are made elsewhere
    /// and moved, for a mapping that is refused in place may leave a hole there.
    fn unshare(&self, offset: usize, bytes: usize) -> bool {
        self.unshared.store(true, Ordering::Relaxed);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let Ok(pages) = map(bytes, flags, -1) else { return false };
        let (place, flags) = (self.at(offset), libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED);
        // SAFETY: `pages` is a mapping of that length that nobody has, and the place lies in a mapping of ours, whose
        // pages are replaced at once: threads that write into them meanwhile write into the one or the other.
        let moved = unsafe {
            libc::mremap(pages.cast(), bytes, bytes, flags, place.cast::<libc::c_void>())
        };
        moved != libc::MAP_FAILED
    }

    /// Whether its file is still under its name.
    pub(super) fn has_its_name(&self) -> bool {
        self.file.as_deref().is_none_or(|path| {
            std::fs::symlink_metadata(path)
                .is_ok_and(|found| (found.dev(), found.ino()) == self.identity)
        })
    }

    /// Gives the memory back when the recording is over, and takes the file away unless it is still needed. The
    /// mapping stays, for threads may still write into their chunks, and keep what they touch.
    pub(super) fn release(&self, keep_file: bool) {
        if let Some(path) = self.file.as_deref().filter(|_| !keep_file) {
            // One that cannot be removed is found to be empty, or ended, by the next who looks.
            drop(std::fs::remove_file(path));
        }
        if self.file.is_some() {
            // Refused, the shared pages stay: each that is written to has been made sure of.
            let _unshared: bool = self.unshare(0, self.bytes);
            return;
        }
        let start = self.at(0).cast();
        // SAFETY: our own private mapping, whose pages read as zeros afterwards: like new ones. They had one
        // reader, the recorder, which has ended.
        let failed = unsafe { libc::madvise(start, self.bytes, libc::MADV_DONTNEED) };
        debug_assert_eq!(failed, 0, "the range is a mapping of ours");
    }
}

#[cfg(feature = "read")]
impl Memory {
    /// Fills the pages from `file`, as far as it has any.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn fill_from(&self, file: &File) -> io::Result<()> {
        use rustix::fs::SeekFrom::{Data, Hole};
        let mut at = 0;
        while at < self.bytes as u64 {
            let from = match rustix::fs::seek(file, Data(at)) {
                Ok(from) => from.min(self.bytes as u64),
                // Nothing but a hole is left.
                Err(rustix::io::Errno::NXIO) => break,
                Err(error) => return Err(error.into()),
            };
            let to = rustix::fs::seek(file, Hole(from))?.min(self.bytes as u64);
            self.copy_in(file, from, to)?;
            at = to.max(from + 1);
        }
        Ok(())
    }

    fn copy_in(&self, file: &File, from: u64, to: u64) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        let mut part = vec![0; 1 << 16];
        let mut at = from;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(part.len());
            let read = file.read_at(&mut part[..length], at)?;
            if read == 0 {
                break;
            }
            let place = self.at(usize::try_from(at).unwrap_or(usize::MAX));
            // SAFETY: `at + read` is at most `to`, which is inside the mapping; nobody else has it yet.
            unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), place, read) };
            at += read as u64;
        }
        Ok(())
    }
}

/// Opens a file that only this user can have put there.
pub(super) fn open_own(path: &Path, access: OFlags) -> io::Result<File> {
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, rustix::fs::Mode::empty())?);
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.mode().trailing_zeros() >= 6;
    if metadata.is_file() && is_ours {
        Ok(file)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

fn map(bytes: usize, flags: libc::c_int, file: libc::c_int) -> io::Result<*mut u8> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice touches nothing.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, flags, file, 0) };
    if memory == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(memory.cast()) }
}

fn populate(at: *mut u8, bytes: usize) -> io::Result<()> {
    // SAFETY: touches pages of a mapping of ours, and changes nothing in them.
    let failed = unsafe { libc::madvise(at.cast(), bytes, POPULATE_WRITE) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Drop for Memory {
    /// That of a copy which has been read; that of a recording which could not begin.
    fn drop(&mut self) {
        // SAFETY: a mapping of ours, and whoever had pointers into it had borrowed what is dropped here.
        let failed = unsafe { libc::munmap(self.at(0).cast(), self.bytes) };
        debug_assert_eq!(failed, 0, "the range is a mapping of ours");
    }
}
