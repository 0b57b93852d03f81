//! How long a read transaction goes on. One that is open pins every page that it could read, and the
//! file of a program that writes on grows by a megabyte a second: so whoever has much to read does it
//! in several transactions, and goes on in the next where the last one ended.

use std::time::{Duration, Instant};

/// Half of what is promised, a tenth of a second: what is under way then is still done.
const LEASE: Duration = Duration::from_millis(50);

/// The time of one read transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    until: Instant,
}

impl Lease {
    /// One that begins now.
    #[expect(clippy::disallowed_methods, reason = "times its own transactions")]
    pub(super) fn begin() -> Self {
        Self { until: Instant::now() + length() }
    }

    /// Whether it is over: end the transaction, once something has been done in it.
    #[expect(clippy::disallowed_methods, reason = "times its own transactions")]
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// Tests choose the length, and look how long transactions are.
#[cfg(not(all(test, feature = "record")))]
fn length() -> Duration {
    LEASE
}

#[cfg(all(test, feature = "record"))]
use in_tests::length;

#[cfg(all(test, feature = "record"))]
pub(super) mod in_tests {
    use super::{Duration, LEASE};
    use rustix::time::{ClockId, clock_gettime};
    use std::cell::Cell;

    thread_local! {
        static NONE: Cell<bool> = const { Cell::new(false) };
        static TURNS: Cell<usize> = const { Cell::new(0) };
        static LONGEST: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    pub(super) fn length() -> Duration {
        if NONE.get() { Duration::ZERO } else { LEASE }
    }

    /// Runs `f` in this thread with leases that are over at once.
    pub(in super::super) fn without<T>(f: impl FnOnce() -> T) -> T {
        NONE.set(true);
        let result = f();
        NONE.set(false);
        result
    }

    /// How many transactions `f` took in this thread, and what the longest of them cost.
    pub(in super::super) fn measured(f: impl FnOnce()) -> (usize, Duration) {
        TURNS.set(0);
        LONGEST.set(Duration::ZERO);
        f();
        (TURNS.get(), LONGEST.get())
    }

    /// Measures a transaction; not by a clock that goes on while others have the core.
    pub(in super::super) fn turn<T>(read: impl FnOnce() -> T) -> T {
        let cpu = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a time");
        let began = cpu();
        let result = read();
        TURNS.set(TURNS.get() + 1);
        LONGEST.set(LONGEST.get().max(cpu().saturating_sub(began)));
        result
    }
}
