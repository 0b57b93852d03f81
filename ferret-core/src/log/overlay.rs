//! A file as it would be after writes that it never sees: recovery of a log that may not be
//! written happens in here.

use redb::StorageBackend;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

const PAGE: usize = 4096;

/// Reads come from the file, unless written over here. Writes stay in memory: a repair writes the
/// header and the allocator's state, some 40 KB per GB of log.
#[derive(Debug)]
pub(super) struct OverlayBackend {
    file: File,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    pages: BTreeMap<u64, Box<[u8; PAGE]>>,
    length: u64,
    /// Bytes of the file from here on were cut off, and read as zeros.
    cut_at: u64,
}

impl OverlayBackend {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let written = Written { pages: BTreeMap::new(), length, cut_at: length };
        Ok(Self { file, written: Mutex::new(written) })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        // Every change below is complete before anything can panic.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `out` from the file alone.
    fn read_file(&self, offset: u64, out: &mut [u8], cut_at: u64) -> io::Result<()> {
        let there = usize::try_from(cut_at.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (from_file, zeros) = out.split_at_mut(there.min(out.len()));
        zeros.fill(0);
        self.file.read_exact_at(from_file, offset)
    }
}

/// The parts of `offset..offset + length` by page: page number, offset in it, range of the buffer.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = usize::try_from(at % PAGE as u64).unwrap_or(0);
        let part = (PAGE - within).min(length - done);
        let range = done..done + part;
        done += part;
        Some((at / PAGE as u64, within, range))
    })
}

impl StorageBackend for OverlayBackend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > written.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_file(offset, out, written.cut_at)?;
        for (page, within, range) in parts(offset, out.len()) {
            if let Some(bytes) = written.pages.get(&page) {
                let length = range.len();
                out[range].copy_from_slice(&bytes[within..within + length]);
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut written = self.written();
        written.cut_at = written.cut_at.min(length);
        written.length = length;
        // A page that straddles the end may be read again once the file grows: redb's files end at
        // a page, so none does.
        written.pages.retain(|page, _| page * (PAGE as u64) < length);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        let (length, cut_at) = (written.length, written.cut_at);
        for (page, within, range) in parts(offset, data.len()) {
            let bytes = match written.pages.entry(page) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let mut bytes = Box::new([0; PAGE]);
                    let at = page * PAGE as u64;
                    let left = usize::try_from(length.saturating_sub(at)).unwrap_or(PAGE);
                    self.read_file(at, &mut bytes[..left.min(PAGE)], cut_at)?;
                    new.insert(bytes)
                }
            };
            let length = range.len();
            bytes[within..within + length].copy_from_slice(&data[range]);
        }
        Ok(())
    }
}
