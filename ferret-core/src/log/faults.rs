//! For tests: storage that fails, at the n-th call from now on, in this thread. It stands between a
//! log's backend and the file, so that every lock, length, read, write and sync is such a call, also
//! those that the backend makes for itself.

use super::journal;
use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::ops::Bound;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing happens.
    Refused,
    /// It happens, and is said to have failed.
    DoneAndRefused,
    /// redb finds out something that cannot be, about to change the file: no other call counts.
    Panics,
}

/// Which calls fail.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    /// One, after so many that succeed.
    Once(u32),
    /// It and all that follow.
    From(u32),
    /// One of so many, by a generator that begins here.
    Randomly(u32, u64),
}

/// What is to fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) fault: Fault,
    pub(super) when: When,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static FAILED: Cell<u32> = const { Cell::new(0) };
}

/// Runs `f` with storage that fails as planned; tells how often it did.
pub(super) fn failing(plan: Plan, f: impl FnOnce()) -> u32 {
    PLAN.set(Some(plan));
    FAILED.set(0);
    f();
    PLAN.set(None);
    FAILED.get()
}

/// Runs `f` with storage that works, whatever is planned.
pub(super) fn working<T>(f: impl FnOnce() -> T) -> T {
    let plan = PLAN.take();
    let value = f();
    PLAN.set(plan);
    value
}

/// The next random number after `state`.
pub(super) fn next_random(state: &mut u64) -> u64 {
    // A linear congruential generator's low bits are poor.
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
    *state >> 24
}

/// Whether this call fails, and what is planned behind it.
fn is_due(when: When) -> (bool, Option<When>) {
    match when {
        When::Once(0) => (true, None),
        When::Once(after) => (false, Some(When::Once(after - 1))),
        When::From(0) => (true, Some(when)),
        When::From(after) => (false, Some(When::From(after - 1))),
        When::Randomly(one_in, mut state) => {
            let due = next_random(&mut state).is_multiple_of(u64::from(one_in));
            (due, Some(When::Randomly(one_in, state)))
        }
    }
}

/// A call that changes the file.
fn change(change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let Some(plan) = PLAN.get() else { return change() };
    planned(plan, change)
}

/// Any other.
fn call<T, E: From<io::Error>>(call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    match PLAN.get() {
        Some(plan) if plan.fault != Fault::Panics => planned(plan, call),
        _ => call(),
    }
}

fn planned<T, E: From<io::Error>>(plan: Plan, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let (due, next) = is_due(plan.when);
    PLAN.set(next.map(|when| Plan { when, ..plan }));
    if !due {
        return call();
    }
    FAILED.set(FAILED.get() + 1);
    match plan.fault {
        Fault::Refused => {}
        Fault::DoneAndRefused => drop(call()?),
        // Without the hook, which would print.
        Fault::Panics => std::panic::resume_unwind(Box::new("planned")),
    }
    Err(io::Error::from(io::ErrorKind::StorageFull).into())
}

/// redb's storage in a file, failing as planned and noting what it does if a journal is kept.
#[derive(Debug)]
pub(super) struct Storage(FileBackend);

impl Storage {
    pub(super) fn new(file: File) -> Result<Self, DatabaseError> {
        FileBackend::new(file).map(Self)
    }
}

impl StorageBackend for Storage {
    fn len(&self) -> io::Result<u64> {
        call(|| self.0.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        call(|| self.0.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        change(|| {
            journal::note(|| journal::Step::Length(len));
            self.0.set_len(len)
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        change(|| {
            journal::note(|| journal::Step::Sync);
            self.0.sync_data()
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        change(|| {
            journal::note(|| journal::Step::Write(offset, data.to_vec()));
            self.0.write(offset, data)
        })
    }

    fn close(&self) -> io::Result<()> {
        call(|| self.0.close())
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        call(|| self.0.try_lock_range(start, end))
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        call(|| self.0.try_lock_shared_range(start, end))
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        call(|| self.0.lock_range(start, end))
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        call(|| self.0.lock_shared_range(start, end))
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        call(|| self.0.unlock_range(start, end))
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        call(|| self.0.query_lock_range(start, end))
    }
}
