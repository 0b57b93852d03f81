//! A ledger: what a program that is going to be killed has surely done, and what at most, in memory
//! that outlives it.
//!
//! Each thread has a cell with two numbers. The first is stored right before an event is recorded, the
//! second right after: at whatever instruction the program dies, the log must have the events below the
//! second number and none at or above the first. Which events those are, both sides know from a
//! [`Script`]. Rejected: a file that is written to, for a program that spends its time in system calls
//! is killed there, and seldom where it records.

mod memory;
mod script;

pub use memory::Memory;
pub use script::{Act, Fate, LONGEST_STACK, Said, Script, Seen, Site, Step, Tell};

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers in a cell: a cache line.
const CELL: usize = 8;
/// Threads that may have a cell.
pub const MAX_LANES: usize = 8;
/// Tasks that may have one.
pub const MAX_JOBS: usize = 4096;
const CELLS: usize = 1 + MAX_LANES + MAX_JOBS;

/// How far a program has come that has not recorded anything yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It has not come to `main`.
    Loading = 0,
    /// It is starting its recording.
    Starting = 1,
    /// Its recording is on.
    Recording = 2,
}

/// The ledger of one process.
#[derive(Debug)]
pub struct Ledger {
    memory: Memory,
}

impl Ledger {
    /// A new, empty one in a file at `path`.
    ///
    /// # Errors
    ///
    /// The file is there already, or there is no room.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { memory: Memory::create(path, CELLS * CELL)? })
    }

    /// The one in the file at `path`.
    ///
    /// # Errors
    ///
    /// It is not there, or is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { memory: Memory::open(path, CELLS * CELL)? })
    }

    /// How far the program has come.
    pub fn phase(&self) -> Phase {
        match self.cell(0)[0].load(Ordering::Acquire) {
            0 => Phase::Loading,
            1 => Phase::Starting,
            _ => Phase::Recording,
        }
    }

    /// Notes how far the program has come.
    pub fn enter(&self, phase: Phase) {
        self.cell(0)[0].store(phase as u64, Ordering::Release);
    }

    /// What thread `number` has done.
    ///
    /// # Panics
    ///
    /// It is not below [`MAX_LANES`].
    pub fn lane(&self, number: usize) -> Lane<'_> {
        assert!(number < MAX_LANES, "no lane {number}");
        let [begun, done, ..] = self.cell(1 + number);
        Lane { begun, done }
    }

    /// What became of task `number`.
    ///
    /// # Panics
    ///
    /// It is not below [`MAX_JOBS`].
    pub fn job(&self, number: usize) -> Job<'_> {
        assert!(number < MAX_JOBS, "no job {number}");
        let [begun, done, made, ended, ..] = self.cell(1 + MAX_LANES + number);
        Job { turns: Lane { begun, done }, made: Once(made), ended: Once(ended) }
    }

    fn cell(&self, number: usize) -> &[AtomicU64; CELL] {
        &self.memory.words().as_chunks().0[number]
    }
}

/// How much of a sequence has happened. The events of a sequence are recorded by one thread at a time.
#[derive(Clone, Copy, Debug)]
pub struct Lane<'a> {
    begun: &'a AtomicU64,
    done: &'a AtomicU64,
}

impl Lane<'_> {
    /// The next `count` events are about to be recorded. Release pairs with nobody's Acquire: it keeps
    /// this store before those of the events, whose publication is a Release too.
    #[inline]
    pub fn will(self, count: u64) {
        self.begun.store(self.begun.load(Ordering::Relaxed) + count, Ordering::Release);
    }

    /// All that were about to be recorded are. Release keeps it behind them.
    #[inline]
    pub fn did(self) {
        self.done.store(self.begun.load(Ordering::Relaxed), Ordering::Release);
    }

    /// So many have been recorded at least.
    pub fn done(self) -> u64 {
        self.done.load(Ordering::Acquire)
    }

    /// So many have been recorded at most.
    pub fn begun(self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }
}

/// A task: made, polled for some turns, ended.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The spans inside its polls.
    pub turns: Lane<'a>,
    /// Its making.
    pub made: Once<'a>,
    /// Its end.
    pub ended: Once<'a>,
}

/// Whether something that happens once has happened.
#[derive(Clone, Copy, Debug)]
pub struct Once<'a>(&'a AtomicU64);

impl Once<'_> {
    /// Notes that it is about to happen.
    pub fn will(self) {
        self.0.store(1, Ordering::Release);
    }

    /// Notes that it has happened.
    pub fn did(self) {
        self.0.store(2, Ordering::Release);
    }

    /// Whether it has surely happened.
    pub fn is_sure(self) -> bool {
        self.0.load(Ordering::Acquire) == 2
    }

    /// Whether it may have happened.
    pub fn is_possible(self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}
