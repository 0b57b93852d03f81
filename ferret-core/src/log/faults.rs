//! For tests: storage that fails, at the n-th change from now on, in this thread.

use std::cell::Cell;
use std::io;

/// How a change fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing happens.
    Refused,
    /// It happens, and is said to have failed.
    DoneAndRefused,
    /// redb finds out something that cannot be.
    Panics,
}

/// What is to fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) fault: Fault,
    /// Changes that still succeed.
    pub(super) after: u32,
    /// All further ones fail too.
    pub(super) lasts: bool,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static HAPPENED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with storage that fails as planned; tells whether it came to that.
pub(super) fn failing(plan: Plan, f: impl FnOnce()) -> bool {
    PLAN.set(Some(plan));
    HAPPENED.set(false);
    f();
    PLAN.set(None);
    HAPPENED.get()
}

/// One change of the storage.
pub(super) fn change(change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let Some(plan) = PLAN.get() else { return change() };
    if plan.after > 0 {
        PLAN.set(Some(Plan { after: plan.after - 1, ..plan }));
        return change();
    }
    HAPPENED.set(true);
    PLAN.set(plan.lasts.then_some(plan));
    match plan.fault {
        Fault::Refused => {}
        Fault::DoneAndRefused => change()?,
        // Without the hook, which would print.
        Fault::Panics => std::panic::resume_unwind(Box::new("planned")),
    }
    Err(io::ErrorKind::StorageFull.into())
}
