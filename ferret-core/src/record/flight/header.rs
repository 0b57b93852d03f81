//! The head of a flight buffer as bytes of its file, for those who do not map it.

use super::layout::{FORMAT, Header, MAGIC, MAX_PATH};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::mem::offset_of;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// A [`Header`] of a format that is known here. Nothing else in it is to be trusted.
#[derive(Debug)]
pub(super) struct HeaderBytes([u8; size_of::<Header>()]);

impl HeaderBytes {
    /// That of a file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is none ([`io::ErrorKind::InvalidData`]).
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut bytes = [0; size_of::<Header>()];
        file.read_exact_at(&mut bytes, 0).map_err(|_short| invalid("it is too short"))?;
        let header = Self(bytes);
        if header.long(offset_of!(Header, magic)) != MAGIC {
            return Err(invalid("it is no flight buffer"));
        }
        if !(1..=FORMAT).contains(&header.word(offset_of!(Header, format))) {
            return Err(invalid("its format is another"));
        }
        Ok(header)
    }

    /// The word at an offset of [`Header`].
    pub(super) fn word(&self, at: usize) -> u32 {
        self.0[at..].first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    }

    /// The long word there.
    pub(super) fn long(&self, at: usize) -> u64 {
        self.0[at..].first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    }

    /// The log, and the one that was about to take its place, by device and inode; inode 0 for none.
    pub(super) fn logs(&self) -> [(u64, u64); 2] {
        let next = [offset_of!(Header, next_device), offset_of!(Header, next_inode)];
        [[offset_of!(Header, device), offset_of!(Header, inode)], next]
            .map(|[device, inode]| (self.long(device), self.long(inode)))
    }

    /// The log's path; none if that is too long to be kept.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let path = &self.0[offset_of!(Header, path)..];
        let length = path.first_chunk().map_or(0, |bytes| u16::from_ne_bytes(*bytes));
        let path = path.get(2..)?.get(..usize::from(length).min(MAX_PATH)).unwrap_or_default();
        (!path.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(path)))
    }
}
