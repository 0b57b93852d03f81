//! How far back a log tells, where older entries were dropped: the words for it.

use crate::format;
use ferret::event::LogTime;
use ferret::log::{LogInfo, Tail};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Where a log begins that has lost its oldest entries, and why it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The first entry that is still there.
    pub(crate) from: LogTime,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_age_ns: Option<u64>,
}

/// What of a log a reader does not get.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lost {
    /// How far back it tells, where older entries were dropped.
    pub(crate) reach: Option<Reach>,
    /// Entries that were dropped while it was read, before they were.
    pub(crate) missed: u64,
}

impl Lost {
    pub(crate) fn of(tail: &Tail) -> Self {
        Self { reach: Reach::of(tail.info()), missed: tail.missed() }
    }

    /// So many entries at the front of 64 MiB.
    #[cfg(test)]
    pub(crate) fn head(entries: u64) -> Self {
        let reach = Reach { max_bytes: Some(64 << 20), ..Reach::default() };
        Self { reach: (entries > 0).then_some(reach), missed: 0 }
    }
}

impl Reach {
    /// None of a log that tells from its beginning.
    pub(crate) fn of(info: &LogInfo) -> Option<Self> {
        let LogInfo { first_time: from, max_bytes, max_age_ns, .. } = *info;
        (info.first_offset.0 > 1).then_some(Self { from, max_bytes, max_age_ns })
    }

    /// The sentence, without a full stop; `unix_ns` is the wall time of `from`, and `age_ns` how long
    /// that is before the moment of which is told.
    pub(crate) fn say(&self, unix_ns: Option<u64>, age_ns: u64) -> String {
        let when = unix_ns.and_then(time_of_day);
        let ago = format::age(age_ns);
        let when = when.map_or_else(|| ago.clone(), |when| format!("to {when} ({ago} ago)"));
        let bytes = self.max_bytes.map(|bytes| format!(", max_bytes {}", format::bytes(bytes)));
        let age = self.max_age_ns.map(|ns| format!(", max_age {}", format::duration(ns)));
        let limits = bytes.into_iter().chain(age).collect::<String>();
        format!("the log reaches back {when}: older entries were dropped{limits}")
    }
}

/// That entries were dropped before they were read, without a full stop.
pub(crate) fn missed(entries: u64) -> String {
    let entries = format::count(entries);
    format!("{entries} entries were dropped from the log before they could be read")
}

fn time_of_day(unix_ns: u64) -> Option<String> {
    // In tests the same everywhere.
    let zone = if cfg!(test) { TimeZone::UTC } else { TimeZone::system() };
    let stamp = Timestamp::from_nanosecond(i128::from(unix_ns)).ok()?;
    Some(stamp.to_zoned(zone).strftime("%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_says_from_when_on_it_tells_and_why() {
        let unix_ns = Some(1_700_000_000_000_000_000);
        let mut reach = Reach { max_bytes: Some(64 << 20), ..Reach::default() };
        assert_eq!(
            reach.say(unix_ns, 125_000_000_000),
            "the log reaches back to 22:13:20 (2m 05s ago): older entries were dropped, max_bytes 64.0 MiB"
        );
        reach = Reach { max_age_ns: Some(86_400_000_000_000), ..Reach::default() };
        assert_eq!(
            reach.say(None, 3_000_000_000),
            "the log reaches back 3.0 s: older entries were dropped, max_age 1d 00h"
        );
    }
}
