//! The flight buffer of a dead process, as whoever reads it sees it. Nothing in it is trusted: numbers are bounded
//! by the layout, texts are checked, and what cannot be is none.

use super::header::HeaderBytes;
use super::layout::{CLOCK_PAIRS, Header, Layout, NAMES_AT, NAMES_BYTES};
use super::memory::{self, Memory};
use super::{Flight, Named, path_of};
use crate::event::{CallsiteId, CallsiteInfo, EndKind, LogTime, ProcessUid};
use crate::record::clock::ClockPair;
use rustix::fs::OFlags;
use std::io;
use std::mem::offset_of;
use std::path::Path;
use std::sync::atomic::Ordering;

impl Flight {
    /// A copy of the one that process `uid` left behind. Nothing in it is to be trusted.
    ///
    /// # Errors
    ///
    /// It is not to be seen from here ([`io::ErrorKind::NotFound`]), is somebody else's
    /// ([`io::ErrorKind::PermissionDenied`]), is none ([`io::ErrorKind::InvalidData`]), or cannot be read.
    pub(in crate::record) fn left_by(uid: ProcessUid) -> io::Result<Self> {
        Self::read(&path_of(uid), uid)
    }

    pub(in crate::record) fn read(path: &Path, uid: ProcessUid) -> io::Result<Self> {
        let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        let file = memory::open_own(path, OFlags::RDONLY)?;
        let header = HeaderBytes::of(&file)?;
        let layout = Layout::named(header.word(offset_of!(Header, large)))
            .filter(|layout| {
                file.metadata().is_ok_and(|there| there.len() == layout.bytes() as u64)
            })
            .ok_or_else(|| invalid("it is not as long as it says"))?;
        let memory = Memory::private(layout.bytes())?;
        memory.fill_from(&file)?;
        let flight = Self { memory, layout };
        if flight.uid() == uid { Ok(flight) } else { Err(invalid("it is another process's")) }
    }

    fn uid(&self) -> ProcessUid {
        let half = |index: usize| u128::from(self.header().uid[index].load(Ordering::Relaxed));
        ProcessUid(half(1) << 64 | half(0))
    }

    /// How it began to end, if it did.
    pub(in crate::record) fn ending(&self) -> Option<EndKind> {
        ending_of(self.header().ending.load(Ordering::Acquire))
    }

    pub(in crate::record) fn values(&self) -> bool {
        self.header().values.load(Ordering::Relaxed) == 1
    }

    /// As many as there had been when it was last set.
    pub(in crate::record) fn oom_kills(&self) -> Option<u64> {
        self.header().oom_kills.load(Ordering::Relaxed).checked_sub(1)
    }

    /// The clock pairs it has, in order. The oldest was perhaps being written over.
    pub(in crate::record) fn clocks(&self) -> Vec<ClockPair> {
        let count = self.header().clocks.load(Ordering::Acquire);
        let kept = if count < CLOCK_PAIRS as u64 { count } else { CLOCK_PAIRS as u64 - 1 };
        let pair = |number| {
            let [ticks, time] = self.clock(number);
            let time = LogTime(time.load(Ordering::Relaxed));
            ClockPair { ticks: ticks.load(Ordering::Relaxed), time }
        };
        (count - kept..count).map(pair).collect()
    }

    /// The callsites it has.
    pub(in crate::record) fn names(&self) -> Vec<(CallsiteId, CallsiteInfo)> {
        let used = (self.header().names.load(Ordering::Acquire) as usize).min(NAMES_BYTES);
        let area = self.memory.at(NAMES_AT);
        // SAFETY: inside the mapping, which is a copy that nobody writes.
        #[expect(unsafe_code, reason = "see SAFETY")]
        let mut bytes = unsafe { std::slice::from_raw_parts(area, used) };
        let (mut names, values) = (Vec::new(), self.values());
        while let Some((named, rest)) = Named::read(bytes) {
            names.push((named.id, named.info(values)));
            bytes = rest;
        }
        names
    }
}

/// Takes away what process `uid` left behind. For who has salvaged it.
pub(crate) fn remove(uid: ProcessUid) {
    // Somebody else was faster, or will find nothing new in it.
    drop(std::fs::remove_file(path_of(uid)));
}

fn ending_of(told: u64) -> Option<EndKind> {
    let number = u32::try_from(told >> 32).unwrap_or(0).cast_signed();
    Some(match told & 0xffff_ffff {
        1 => EndKind::Exited(None),
        2 => EndKind::Exited(Some(number)),
        3 => EndKind::Closed,
        4 => EndKind::Signal(number),
        _ => return None,
    })
}
