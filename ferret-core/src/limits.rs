//! How much is recorded, and how much of it kept, as the environment says it.

use crate::log::Limits;
use crate::options::Options;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

const MAX_BYTES: &str = "FERRET_MAX_BYTES";
const MAX_AGE: &str = "FERRET_MAX_AGE";
const MAX_SPANS: &str = "FERRET_MAX_SPANS_PER_SECOND";

/// What holds where a limit was wanted and cannot be read: a disk that fills up is worse than a log
/// that does not reach back as far as was meant.
const INSTEAD_BYTES: u64 = 1 << 30;
const INSTEAD_SPANS: u64 = 100_000;

const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("t", 1 << 40),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
];

/// In seconds.
const AGES: &[(&str, u64)] = &[("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];

const SPANS: &[(&str, u64)] = &[("", 1), ("k", 1_000), ("m", 1_000_000)];

/// The limits that hold.
#[derive(Debug)]
pub(crate) struct Heeded {
    pub(crate) log: Limits,
    pub(crate) spans_per_second: Option<u64>,
    /// What the user is to be told of those that cannot be heeded.
    pub(crate) complaints: Vec<String>,
}

/// The limits that hold: the environment's, else the program's.
pub(crate) fn of(options: &Options) -> Heeded {
    let own = Limits { max_bytes: options.max_bytes, max_age: options.max_age };
    let get = |name: &str| std::env::var_os(name);
    let (log, mut complaints) = decide(own, get);
    let (spans_per_second, complaint) = decide_spans(options.max_spans_per_second, get);
    complaints.extend(complaint);
    Heeded { log, spans_per_second, complaints }
}

fn decide_spans(
    own: Option<u64>,
    get: impl Fn(&str) -> Option<OsString>,
) -> (Option<u64>, Option<String>) {
    let own = own.filter(|spans| *spans > 0);
    let Some(said) = said(get, MAX_SPANS) else { return (own, None) };
    if let Some(spans) = amount(&said, SPANS) {
        return (Some(spans).filter(|spans| *spans > 0), None);
    }
    let spans = own.unwrap_or(INSTEAD_SPANS);
    let said = said.to_string_lossy();
    let complaint = format!(
        "{MAX_SPANS}={said} is no number like 10000, 50k or 0; spans are recorded one by one up to {spans} a second"
    );
    (Some(spans), Some(complaint))
}

fn decide(own: Limits, get: impl Fn(&str) -> Option<OsString>) -> (Limits, Vec<String>) {
    let mut complaints = Vec::new();
    let mut limits = own;
    let mut is_unread = false;
    if let Some(said) = said(&get, MAX_BYTES) {
        match amount(&said, SIZES) {
            Some(0) => limits.max_bytes = None,
            Some(bytes) => limits.max_bytes = Some(bytes),
            None => {
                is_unread = true;
                complaints.push(unread(MAX_BYTES, &said, "is no size like 64MiB, 500MB or 0"));
            }
        }
    }
    if let Some(said) = said(&get, MAX_AGE) {
        match amount(&said, AGES) {
            Some(0) => limits.max_age = None,
            Some(seconds) => limits.max_age = Some(Duration::from_secs(seconds)),
            None => {
                is_unread = true;
                complaints.push(unread(MAX_AGE, &said, "is no age like 10m, 24h or 7d"));
            }
        }
    }
    if is_unread && limits.max_bytes.is_none() {
        limits.max_bytes = Some(INSTEAD_BYTES);
    }
    if let Some(bytes) = &mut limits.max_bytes
        && *bytes < Limits::LEAST_BYTES
    {
        complaints.push(format!("a log of at most {bytes} bytes is too small, and kept to 1MiB"));
        *bytes = Limits::LEAST_BYTES;
    }
    (limits, complaints)
}

/// What the variable says; nothing if it is empty.
fn said(get: impl Fn(&str) -> Option<OsString>, name: &str) -> Option<OsString> {
    get(name).filter(|said| !said.is_empty())
}

fn unread(name: &str, said: &OsStr, what: &str) -> String {
    let said = said.to_string_lossy();
    format!("{name}={said} {what}; the log keeps to the program's own limit, else to 1GiB")
}

/// A whole number and its unit, in whichever case; not more than 64 bits hold.
fn amount(said: &OsStr, units: &[(&str, u64)]) -> Option<u64> {
    let said = said.to_str()?.trim();
    let end = said.find(|c: char| !c.is_ascii_digit()).unwrap_or(said.len());
    let (number, unit) = said.split_at(end);
    let number: u64 = number.parse().ok()?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    // Nothing is nothing in every unit.
    if number == 0 && unit.is_empty() { Some(0) } else { number.checked_mul(factor?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const NONE: Limits = Limits { max_bytes: None, max_age: None };

    /// What holds, with these in the environment; and how many lines are said.
    fn decided(options: Limits, bytes: &str, age: &str) -> (Option<u64>, Option<u64>, usize) {
        let get = |name: &str| Some(OsString::from(if name == MAX_BYTES { bytes } else { age }));
        let (limits, complaints) = decide(options, get);
        (limits.max_bytes, limits.max_age.map(|age| age.as_secs()), complaints.len())
    }

    #[track_caller]
    fn check(bytes: &str, age: &str, max_bytes: Option<u64>, max_age_s: Option<u64>) {
        assert_eq!(decided(NONE, bytes, age), (max_bytes, max_age_s, 0), "{bytes} {age}");
    }

    #[test]
    fn sizes_and_ages_are_read_as_people_write_them() {
        check("", "", None, None);
        check("64MiB", "10m", Some(64 * MIB), Some(600));
        check("500MB", "24h", Some(500_000_000), Some(86_400));
        check("2097152", "7d", Some(2 * MIB), Some(604_800));
        check(" 2 gib ", "90 s", Some(2_048 * MIB), Some(90));
        check("0", "0", None, None);
        check("0MB", "0d", None, None);
    }

    #[test]
    fn the_environment_wins_over_the_program() {
        let own = Limits { max_bytes: Some(9 * MIB), max_age: Some(Duration::from_secs(5)) };
        assert_eq!(decided(own, "", ""), (Some(9 * MIB), Some(5), 0));
        assert_eq!(decided(own, "8MiB", "1m"), (Some(8 * MIB), Some(60), 0));
        assert_eq!(decided(own, "0", "0"), (None, None, 0));
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_a_limit_all_the_same() {
        for bytes in ["64 megs", "-1", "1.5GB", "MiB", "99999999999999999999", "99999999TiB"] {
            assert_eq!(decided(NONE, bytes, ""), (Some(INSTEAD_BYTES), None, 1), "{bytes}");
        }
        for age in ["10", "soon", "10 min", "h"] {
            assert_eq!(decided(NONE, "", age), (Some(INSTEAD_BYTES), None, 1), "{age}");
        }
        assert_eq!(decided(NONE, "64MiB", "x"), (Some(64 * MIB), None, 1));
        let own = Limits { max_bytes: Some(9 * MIB), max_age: Some(Duration::from_secs(5)) };
        assert_eq!(decided(own, "x", "y"), (Some(9 * MIB), Some(5), 2));
    }

    #[test]
    fn spans_are_a_number_and_what_is_none_is_a_limit_all_the_same() {
        let spans = |own, said: &str| {
            let (spans, complaint) = decide_spans(own, |_name| Some(OsString::from(said)));
            (spans, complaint.is_some())
        };
        assert_eq!(spans(Some(7), ""), (Some(7), false));
        assert_eq!(spans(Some(0), ""), (None, false), "as in the environment, 0 is no limit");
        assert_eq!(spans(Some(7), "0"), (None, false));
        assert_eq!(spans(None, "50k"), (Some(50_000), false));
        assert_eq!(spans(Some(7), "2M"), (Some(2_000_000), false));
        assert_eq!(spans(None, "many"), (Some(INSTEAD_SPANS), true));
        assert_eq!(spans(Some(7), "-1"), (Some(7), true));
    }

    #[test]
    fn a_limit_that_is_too_small_is_raised() {
        assert_eq!(decided(NONE, "1000", ""), (Some(MIB), None, 1));
    }
}
