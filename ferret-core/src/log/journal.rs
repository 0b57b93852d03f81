//! For tests: all that was done to a file, in order, and the files that a power loss could have made
//! of it. What came before a sync is there; of what came after it any part may be, in any order: each
//! 512 bytes of each write, and each change of the length.

use super::faults::next_random;
use std::cell::RefCell;

/// What a disk writes as a whole.
const SECTOR: usize = 512;

/// What was done.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(u64, Vec<u8>),
    Length(u64),
    Sync,
    /// The log has said that so many entries are in it.
    Reported(u64),
}

thread_local! {
    static STEPS: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// Runs `f`, noting what it does to the one file that it writes.
pub(super) fn keeping(f: impl FnOnce()) -> Vec<Step> {
    STEPS.set(Some(Vec::new()));
    f();
    STEPS.take().unwrap_or_default()
}

/// Notes a step, if a journal is kept.
pub(super) fn note(step: impl FnOnce() -> Step) {
    STEPS.with_borrow_mut(|steps| {
        if let Some(steps) = steps {
            steps.push(step());
        }
    });
}

/// A file after a power loss.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) file: Vec<u8>,
    /// What the log had said to hold by then.
    pub(super) reported: u64,
}

/// The file if the power fails behind the first `steps`, of which those before `synced` had reached
/// the disk, besides those before the last sync.
pub(super) fn lose(steps: &[Step], synced: usize, random: &mut u64) -> Lost {
    let last_sync = steps.iter().rposition(|step| matches!(step, Step::Sync)).unwrap_or(0);
    let safe = synced.max(last_sync);
    let mut lost = Lost { file: Vec::new(), reported: 0 };
    for (number, step) in steps.iter().enumerate() {
        // 0 and 1: it is lost or there as a whole; else each sector is.
        let fate = if number < safe { 1 } else { next_random(random) % 4 };
        match step {
            Step::Write(at, data) => {
                let at = usize::try_from(*at).unwrap();
                for (part, sector) in data.chunks(SECTOR).enumerate() {
                    let is_there = if fate > 1 { next_random(random) % 2 } else { fate };
                    if is_there == 1 {
                        put(&mut lost.file, at + part * SECTOR, sector);
                    }
                }
            }
            Step::Length(length) if fate > 0 => {
                lost.file.resize(usize::try_from(*length).unwrap(), 0);
            }
            Step::Length(_) | Step::Sync => {}
            Step::Reported(entries) => lost.reported = *entries,
        }
    }
    lost
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}
