//! What each thread did, in one temporary file without a name: entries come from all threads in turn,
//! and a format that wants one thread after the other would have to keep them all.
//!
//! A thread's records lie in chunks of a page, each of which says where the next is; only the one that
//! is being filled is in memory. A record may be taken back later, which is a byte in its place.
//! (Rejected: a file for each thread, of which there may be more than a process may have open; and a
//! pass over the log for each thread.)

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

/// Bytes of a chunk.
const CHUNK: usize = 4_096;
/// Where the next chunk is; 0 in the last one, since at 0 is the first of all.
const NEXT: usize = 8;
/// Bytes of a record: a time and, in four bytes, what it is and of which frame.
const RECORD: usize = 12;
/// Of the last four bytes, so many are the frame's.
const FRAME_BITS: u32 = 30;

/// The file.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    /// Where the next chunk will be.
    end: u64,
}

/// The records of one thread.
#[derive(Debug, Default)]
pub(super) struct Strand {
    first: Option<u64>,
    current: u64,
    used: usize,
    /// The chunk that is filled; empty when it has been put away.
    chunk: Vec<u8>,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

/// A frame begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) at_ns: u64,
    /// Its number, below 2^30.
    pub(super) frame: u32,
    pub(super) is_begin: bool,
}

const BEGIN: u32 = 1;
const END: u32 = 2;
const TAKEN_BACK: u8 = 0xc0;

impl Spool {
    /// A file in `folder`, which is gone with the process.
    ///
    /// # Errors
    ///
    /// There is no room for it.
    pub(super) fn create(folder: PathBuf) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(folder)?, end: 0 })
    }

    /// Adds a record to a thread's.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn add(&mut self, strand: &mut Strand, record: Record) -> io::Result<Place> {
        if strand.chunk.is_empty() {
            self.resume(strand)?;
        }
        if strand.used + RECORD > CHUNK {
            let next = self.reserve();
            strand.chunk[..NEXT].copy_from_slice(&next.to_le_bytes());
            self.file.write_all_at(&strand.chunk, strand.current)?;
            strand.chunk.fill(0);
            (strand.current, strand.used) = (next, NEXT);
        }
        let place = strand.current + strand.used as u64;
        let kind = if record.is_begin { BEGIN } else { END };
        let what = record.frame & ((1 << FRAME_BITS) - 1) | kind << FRAME_BITS;
        let bytes = &mut strand.chunk[strand.used..strand.used + RECORD];
        bytes[..8].copy_from_slice(&record.at_ns.to_le_bytes());
        bytes[8..].copy_from_slice(&what.to_le_bytes());
        strand.used += RECORD;
        Ok(Place(place))
    }

    /// Takes a record back.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn take_back(&mut self, strand: &mut Strand, place: Place) -> io::Result<()> {
        let last = RECORD as u64 - 1;
        let in_chunk = place.0.checked_sub(strand.current).and_then(|at| usize::try_from(at).ok());
        match in_chunk.filter(|at| !strand.chunk.is_empty() && *at < CHUNK) {
            Some(at) => strand.chunk[at + RECORD - 1] = TAKEN_BACK,
            None => self.file.write_all_at(&[TAKEN_BACK], place.0 + last)?,
        }
        Ok(())
    }

    /// Writes what is in memory of a thread that may say no more.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn put_away(&mut self, strand: &mut Strand) -> io::Result<()> {
        if !strand.chunk.is_empty() {
            self.file.write_all_at(&strand.chunk, strand.current)?;
            strand.chunk = Vec::new();
        }
        Ok(())
    }

    /// Gives a thread's records in their order.
    ///
    /// # Errors
    ///
    /// They cannot be read, or `take` fails.
    pub(super) fn each(
        &mut self,
        strand: &mut Strand,
        mut take: impl FnMut(Record) -> io::Result<()>,
    ) -> io::Result<()> {
        self.put_away(strand)?;
        let (mut chunk, mut next) = (vec![0; CHUNK], strand.first);
        while let Some(at) = next {
            self.file.read_exact_at(&mut chunk, at)?;
            let (head, records) = chunk.split_at(NEXT);
            next = head.try_into().map(u64::from_le_bytes).ok().filter(|next| *next > 0);
            for bytes in records.chunks_exact(RECORD) {
                if let Some(record) = Record::of(bytes) {
                    take(record)?;
                }
            }
        }
        Ok(())
    }

    /// A place for a chunk.
    fn reserve(&mut self) -> u64 {
        let at = self.end;
        self.end += CHUNK as u64;
        at
    }

    /// Goes on with a chunk that was put away, or begins the first.
    fn resume(&mut self, strand: &mut Strand) -> io::Result<()> {
        strand.chunk = vec![0; CHUNK];
        if strand.first.is_some() {
            return self.file.read_exact_at(&mut strand.chunk, strand.current);
        }
        strand.current = self.reserve();
        (strand.first, strand.used) = (Some(strand.current), NEXT);
        Ok(())
    }
}

impl Record {
    /// What stands there; none where nothing does, or what did was taken back.
    fn of(bytes: &[u8]) -> Option<Self> {
        let at_ns = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
        let what = u32::from_le_bytes(bytes.get(8..)?.try_into().ok()?);
        let is_begin = match what >> FRAME_BITS {
            BEGIN => true,
            END => false,
            _ => return None,
        };
        Some(Self { at_ns, frame: what & ((1 << FRAME_BITS) - 1), is_begin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at_ns: u64, is_begin: bool) -> Record {
        Record { at_ns, frame: u32::try_from(at_ns % 1_000).unwrap(), is_begin }
    }

    fn all(spool: &mut Spool, strand: &mut Strand) -> Vec<Record> {
        let mut all = Vec::new();
        spool
            .each(strand, |record| {
                all.push(record);
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn records_of_many_threads_come_back_thread_by_thread() {
        let mut spool = Spool::create(std::env::temp_dir()).unwrap();
        let mut strands: Vec<Strand> = (0..5).map(|_| Strand::default()).collect();
        for at in 0..3_000 {
            for (thread, strand) in strands.iter_mut().enumerate().skip(1) {
                if at % thread as u64 == 0 {
                    spool.add(strand, record(at, at % 2 == 0)).unwrap();
                }
                // One that says something now and then.
                if thread == 4 && at % 100 == 0 {
                    spool.put_away(strand).unwrap();
                }
            }
        }
        for (thread, strand) in strands.iter_mut().enumerate().skip(1) {
            let expect = (0..3_000).step_by(thread).map(|at| record(at, at % 2 == 0));
            assert_eq!(all(&mut spool, strand), expect.collect::<Vec<_>>(), "{thread}");
        }
        assert_eq!(all(&mut spool, &mut strands[0]), []);
    }

    #[test]
    fn a_record_can_be_taken_back_in_memory_and_on_disk() {
        let mut spool = Spool::create(std::env::temp_dir()).unwrap();
        let mut strand = Strand::default();
        let places: Vec<Place> =
            (0..1_000).map(|at| spool.add(&mut strand, record(at, true)).unwrap()).collect();
        for at in [0, 340, 341, 999] {
            spool.take_back(&mut strand, places[at]).unwrap();
        }
        spool.put_away(&mut strand).unwrap();
        spool.take_back(&mut strand, places[998]).unwrap();
        let left: Vec<u64> =
            all(&mut spool, &mut strand).iter().map(|record| record.at_ns).collect();
        let gone = [0, 340, 341, 998, 999];
        assert_eq!(left, (0..1_000).filter(|at| !gone.contains(at)).collect::<Vec<u64>>());
    }
}
