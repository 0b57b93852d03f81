//! From the times of a log to wall time: clocks of machines differ, and each boot has its own log time.

use ferret::event::LogTime;
use ferret::log;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// What turns the times of a log into Unix time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WallClock {
    /// Unix time less log time, ns.
    ahead_ns: i64,
}

/// A clock that is off by more has been set, ns.
const SET_NS: u64 = 1_000_000_000;

impl WallClock {
    /// The one by which `time` is this Unix time.
    pub(crate) fn at(time: LogTime, unix_ns: u64) -> Self {
        Self { ahead_ns: signed(unix_ns).saturating_sub(signed(time.0)) }
    }

    /// The one of a process that began at `time`, which it took for this Unix time: it may have begun before its
    /// machine's clock was set. What that says now is known in its boot alone.
    pub(crate) fn of_process(boot_id: &str, time: LogTime, unix_ns: u64) -> Self {
        let (then, now) = (Self::at(time, unix_ns), Self::now_of_this_boot());
        let is_set = then.ahead_ns.abs_diff(now.ahead_ns) > SET_NS;
        if is_set && log::is_this_boot(boot_id) { now } else { then }
    }

    /// The one of this boot, by which this process goes. It is fixed: wall time may be set, and rounds and windows go
    /// on.
    pub(crate) fn of_this_boot() -> Self {
        static FIXED: LazyLock<WallClock> = LazyLock::new(WallClock::now_of_this_boot);
        *FIXED
    }

    /// The one by which logs of this boot go now.
    pub(crate) fn now_of_this_boot() -> Self {
        Self::at(log::now(), unix_ns())
    }

    /// The one that wall time goes by once it was set by so much.
    pub(crate) fn jumped(self, jump_ns: i64) -> Self {
        Self { ahead_ns: self.ahead_ns.saturating_add(jump_ns) }
    }

    /// Unix time, ns.
    pub(crate) fn unix_ns(self, time: LogTime) -> u64 {
        time.0.saturating_add_signed(self.ahead_ns)
    }

    /// Unix time, ms.
    pub(crate) fn unix_ms(self, time: LogTime) -> u64 {
        self.unix_ns(time) / 1_000_000
    }

    /// The log time of a Unix time, ns; the beginning of the log's clock for all that was before.
    pub(crate) fn log_time(self, unix_ns: u64) -> LogTime {
        LogTime(unix_ns.saturating_add_signed(self.ahead_ns.saturating_neg()))
    }
}

/// Wall time now, Unix ms.
pub(crate) fn unix_ms() -> u64 {
    unix_ns() / 1_000_000
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is shown beside other machines' clocks is wall time"
)]
fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // Before 1970 nothing is shown where it belongs, and nothing else breaks.
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Times after the year 2262 are that year.
fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}
